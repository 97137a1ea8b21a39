// Everything on the page can be read without this: it opens all code at once, marks in the contents where the reader is, and puts
// live figures in the place of their pictures.
(function () {
  'use strict';
  // What the reader chose is kept for the other pages, where the browser keeps anything.
  var KEY = 'batch-normalization-code';
  function remembered() {
    try {
      return window.localStorage.getItem(KEY);
    } catch (error) {
      return null;
    }
  }
  function remember(choice) {
    try {
      window.localStorage.setItem(KEY, choice);
    } catch (error) {
      /* then each page asks again */
    }
  }

  var blocks = Array.prototype.slice.call(document.querySelectorAll('details.code'));
  if (blocks.length) {
    var button = document.getElementById('code');
    var showAll = function (shown) {
      button.setAttribute('aria-pressed', String(shown));
      button.textContent = shown ? 'Hide code' : 'Show code';
      blocks.forEach(function (block) {
        block.open = shown;
      });
    };
    document.querySelector('.tools').hidden = false;
    if (remembered() === 'shown') showAll(true);
    button.addEventListener('click', function () {
      var shown = button.getAttribute('aria-pressed') !== 'true';
      showAll(shown);
      remember(shown ? 'shown' : 'hidden');
    });
  }
  var contents = document.querySelector('.toc details');
  if (contents && window.matchMedia('(max-width: 75rem)').matches) contents.open = false;

  // The contents mark the last heading that has come up to the top of the window.
  var entries = Array.prototype.slice.call(document.querySelectorAll('.toc a'));
  var headings = entries.map(function (entry) {
    return document.getElementById(decodeURIComponent(entry.hash.slice(1)));
  });
  function markPlace() {
    var at = -1;
    headings.forEach(function (heading, i) {
      if (heading && heading.getBoundingClientRect().top <= window.innerHeight / 4) at = i;
    });
    entries.forEach(function (entry, i) {
      if (i !== at) entry.removeAttribute('aria-current');
      else if (!entry.hasAttribute('aria-current')) entry.setAttribute('aria-current', 'location');
    });
  }
  if (entries.length) {
    var isAsked = false;
    var ask = function () {
      if (isAsked) return;
      isAsked = true;
      window.requestAnimationFrame(function () {
        isAsked = false;
        markPlace();
      });
    };
    window.addEventListener('scroll', ask, { passive: true });
    window.addEventListener('resize', ask);
    markPlace();
  }

  // A formula wider than its column is moved sideways, by keyboard too.
  document.querySelectorAll('.katex-display').forEach(function (formula) {
    if (formula.scrollWidth <= formula.clientWidth) return;
    formula.tabIndex = 0;
    formula.setAttribute('role', 'group');
    formula.setAttribute('aria-label', 'Formula');
  });

  var plotly;
  function loadPlotly() {
    plotly =
      plotly ||
      new Promise(function (resolve, reject) {
        var script = document.createElement('script');
        script.src = plotlySource === null ? 'assets/plotly.js' : URL.createObjectURL(new Blob([plotlySource]));
        script.onload = function () {
          resolve(window.Plotly);
        };
        script.onerror = reject;
        document.head.appendChild(script);
      });
    return plotly;
  }

  function fit(figure) {
    var live = figure.querySelector('.live');
    var width = Number(figure.style.getPropertyValue('--width'));
    var height = Number(figure.style.getPropertyValue('--height'));
    // As page.css has it for the picture: no narrower than 560 pixels.
    var scale = Math.min(1, Math.max(figure.clientWidth, 560) / width);
    live.style.transform = scale < 1 ? 'scale(' + scale + ')' : '';
    live.style.height = height * scale + 'px';
    live.style.marginRight = (scale - 1) * width + 'px'; // what the transform leaves empty must not be scrolled
  }

  function enliven(figure) {
    if (figure.dataset.state) return;
    figure.dataset.state = 'loading';
    loadPlotly()
      .then(function (Plotly) {
        var drawn = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
        var live = figure.querySelector('.live');
        live.hidden = false;
        drawn.layout.width = Number(figure.style.getPropertyValue('--width'));
        drawn.layout.height = Number(figure.style.getPropertyValue('--height'));
        drawn.config.displaylogo = false;
        return Plotly.newPlot(live, drawn).then(function () {
          figure.dataset.state = 'live';
          live.setAttribute('role', 'group');
          live.setAttribute('aria-label', figure.dataset.alt);
          fit(figure);
          live.querySelectorAll('.modebar-btn').forEach(function (button) {
            button.setAttribute('aria-label', button.getAttribute('data-title') || 'Figure tool');
          });
        });
      })
      .catch(function () {
        figure.dataset.state = 'picture'; // the picture stays
        figure.querySelector('.live').hidden = true;
      });
  }

  var figures = Array.prototype.slice.call(document.querySelectorAll('figure.plot'));
  if ('IntersectionObserver' in window) {
    var observer = new IntersectionObserver(
      function (entries) {
        entries.forEach(function (entry) {
          if (!entry.isIntersecting) return;
          observer.unobserve(entry.target);
          enliven(entry.target);
        });
      },
      { rootMargin: '200px' },
    );
    figures.forEach(function (figure) {
      observer.observe(figure);
    });
  } else {
    figures.forEach(enliven);
  }
  window.addEventListener('resize', function () {
    figures.forEach(function (figure) {
      if (figure.dataset.state === 'live') fit(figure);
    });
  });
})();
