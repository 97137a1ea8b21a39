// Starts the deck once reveal.js and its speaker notes are loaded.
function load(name) {
  return new Promise(function (resolve, reject) {
    var element = document.createElement('script');
    element.src = 'assets/' + name + '.js';
    element.onload = resolve;
    element.onerror = reject;
    document.head.appendChild(element);
  });
}
Promise.all([load('reveal'), load('notes')]).then(function () {
  var deck = new window.Reveal({
    width: 1280,
    height: 720,
    margin: 0.04,
    hash: true,
    slideNumber: 'c/t',
    center: false,
    transition: 'none',
    plugins: [window.RevealNotes],
    keyboard: {
      // C opens the code behind a slide, and closes it.
      67: function () {
        var code = deck.getCurrentSlide().querySelector('details.code');
        if (code) code.open = !code.open;
      },
    },
  });
  return deck.initialize();
});
