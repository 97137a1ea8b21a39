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

// Letters are as wide as those of the reader's machine, so what a slide holds is measured where it is shown: a formula wider than its
// place is set smaller, and so is all of a slide that is taller than the screen.
function fit(slide) {
  var body = slide.querySelector('.body');
  var formulas = body.querySelectorAll('.katex-display');
  var tables = body.querySelectorAll('.table, pre');
  var size = 1;
  var isWide = function (element) {
    return element.scrollWidth > element.clientWidth + 1;
  };
  var isOver = function () {
    return body.scrollHeight > body.clientHeight + 1 || isWide(body) || [].some.call(tables, isWide);
  };
  do {
    body.style.setProperty('--fit', size);
    formulas.forEach(function (formula) {
      formula.style.fontSize = '';
      var ratio = formula.clientWidth / formula.scrollWidth;
      if (ratio < 1) formula.style.fontSize = Math.floor(100 * ratio) + '%';
    });
    size -= 0.05;
  } while (isOver() && size > 0.5);
}

// Measuring asks for the letters that a slide needs; when they have come, it is measured with them.
function fitted(slides) {
  slides.forEach(fit);
  document.fonts.ready.then(function () {
    slides.forEach(fit);
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
  deck.on('slidechanged', function (event) {
    fitted([event.currentSlide]);
  });
  deck.on('ready', function (event) {
    fitted([event.currentSlide]);
  });
  // Printed, all slides are shown at once.
  deck.on('pdf-ready', function () {
    fitted([].slice.call(document.querySelectorAll('section.slide')));
  });
  return deck.initialize();
});
