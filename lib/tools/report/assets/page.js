// Everything on the page can be read without this: it opens all code at once, copies a cell's, marks in the contents where the reader is, and puts
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
    button.hidden = false;
    if (remembered() === 'shown') showAll(true);
    button.addEventListener('click', function () {
      var shown = button.getAttribute('aria-pressed') !== 'true';
      showAll(shown);
      remember(shown ? 'shown' : 'hidden');
    });
  }
  document.querySelector('.tools').hidden = false;

  // A cell's code is taken along by a button; where the browser gives no clipboard, it is marked for the reader to copy.
  blocks.forEach(function (block) {
    var source = block.querySelector('pre');
    var copy = document.createElement('button');
    copy.type = 'button';
    copy.className = 'copy';
    copy.textContent = 'Copy';
    copy.addEventListener('click', function () {
      var marked = function () {
        window.getSelection().selectAllChildren(source);
        copy.textContent = 'Selected: copy it by keyboard';
      };
      if (!navigator.clipboard) return marked();
      navigator.clipboard.writeText(source.textContent).then(function () {
        copy.textContent = 'Copied';
      }, marked);
    });
    block.append(copy);
  });

  // Notes go by Escape, until the next word is pointed at.
  document.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') document.body.classList.add('hushed');
  });
  ['pointermove', 'focusin'].forEach(function (name) {
    document.addEventListener(name, function () {
      document.body.classList.remove('hushed');
    });
  });

  // Search: the index comes with the first question.
  var searching = document.querySelector('dialog.search');
  if (searching) {
    var field = searching.querySelector('input');
    var found = searching.querySelector('ol');
    var status = searching.querySelector('.found');
    var index;
    var ask = function () {
      index = index || script('search');
      index.then(function () {
        var words = field.value.trim();
        var hits = window.bnlabSearch.search(words, {
          prefix: true,
          fuzzy: 0.15,
          combineWith: 'AND',
          boost: { title: 3 },
        });
        found.textContent = '';
        status.textContent = words ? hits.length + (hits.length === 1 ? ' place' : ' places') : '';
        hits.slice(0, 20).forEach(function (hit) {
          var item = document.createElement('li');
          var link = document.createElement('a');
          link.href = hit.id;
          link.textContent = hit.title;
          var page = document.createElement('span');
          page.textContent = hit.title === hit.page ? '' : hit.page;
          item.append(link, ' ', page);
          found.append(item);
        });
      });
    };
    var openSearch = function () {
      searching.showModal();
      field.focus();
    };
    document.getElementById('search').addEventListener('click', openSearch);
    field.addEventListener('input', ask);
    found.addEventListener('click', function () {
      searching.close();
    });
    document.addEventListener('keydown', function (event) {
      var isTyping = /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.key !== '/' || isTyping || searching.open) return;
      event.preventDefault();
      openSearch();
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

  // A formula wider than its column is moved sideways, by keyboard too. How wide it is shows when its letters are there, the page is
  // turned, or what folds it is opened.
  function reach(formula) {
    var isWide = formula.scrollWidth > formula.clientWidth;
    if (isWide === formula.hasAttribute('tabindex')) return;
    Object.entries({ tabindex: '0', role: 'group', 'aria-label': 'Formula' }).forEach(function (attribute) {
      if (isWide) formula.setAttribute(attribute[0], attribute[1]);
      else formula.removeAttribute(attribute[0]);
    });
  }
  var formulas = Array.from(document.querySelectorAll('.katex-display'));
  var widths = new ResizeObserver(function (changes) {
    changes.forEach(function (change) {
      reach(change.target);
    });
  });
  formulas.forEach(function (formula) {
    widths.observe(formula);
  });
  document.fonts.ready.then(function () {
    formulas.forEach(reach);
  });

  function script(name) {
    return new Promise(function (resolve, reject) {
      var element = document.createElement('script');
      element.src = held === null ? 'assets/' + name + '.js' : URL.createObjectURL(new Blob([held[name]]));
      element.onload = resolve;
      element.onerror = reject;
      document.head.appendChild(element);
    });
  }
  var tools;
  function loadTools() {
    tools = tools || Promise.all([script('plotly'), script('retheme')]);
    return tools;
  }

  // A figure is drawn for the page it is on: dark where the reader's screens are, and a telephone's where it is narrow.
  var NARROW = 560;
  var dark = window.matchMedia('(prefers-color-scheme: dark)');
  function themesOf(figure) {
    return (dark.matches ? ['dark'] : []).concat(figure.clientWidth < NARROW ? ['phone'] : []);
  }
  function themed(drawn, themes) {
    try {
      return themes.reduce(function (one, theme) {
        return window.bnlabFigures.retheme(one, theme);
      }, drawn);
    } catch (error) {
      return drawn; // a figure that others made
    }
  }

  function fit(figure) {
    var live = figure.querySelector('.live');
    var layout = live.layout;
    var scale = Math.min(1, figure.clientWidth / layout.width);
    live.style.width = layout.width + 'px';
    live.style.transform = scale < 1 ? 'scale(' + scale + ')' : '';
    live.style.height = layout.height * scale + 'px';
    live.style.marginRight = (scale - 1) * layout.width + 'px'; // what the transform leaves empty must not be scrolled
  }

  function draw(figure) {
    var drawn = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    var themes = themesOf(figure);
    var live = figure.querySelector('.live');
    figure.dataset.themes = themes.join(' ');
    return window.Plotly.newPlot(live, themed(drawn, themes)).then(function () {
      figure.dataset.state = 'live';
      figure.dispatchEvent(new Event('drawn'));
      live.setAttribute('role', 'group');
      live.setAttribute('aria-label', figure.dataset.alt);
      fit(figure);
      live.querySelectorAll('.modebar-btn').forEach(function (button) {
        button.setAttribute('aria-label', button.getAttribute('data-title') || 'Figure tool');
      });
    });
  }

  function enliven(figure) {
    if (figure.dataset.state) return;
    figure.dataset.state = 'loading';
    loadTools()
      .then(function () {
        figure.querySelector('.live').hidden = false;
        return draw(figure);
      })
      .catch(function () {
        figure.dataset.state = 'picture'; // the picture stays
        figure.querySelector('.live').hidden = true;
      });
  }

  // A slider over the places that a figure's lines share: what each says there, and where that is.
  function readable(figure) {
    var held = figure.querySelector('script.reading');
    if (!held) return;
    var reading = JSON.parse(held.textContent);
    var drawn = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    var box = document.createElement('div');
    var label = document.createElement('label');
    var slider = document.createElement('input');
    var said = document.createElement('output');
    box.className = 'reading';
    slider.type = 'range';
    slider.max = String(reading.x.length - 1);
    slider.value = '0';
    label.append(reading.label + ' ', slider);
    box.append(label, said);
    figure.querySelector('figcaption').before(box);
    var number = function (value, percent) {
      if (typeof value !== 'number') return 'none';
      return percent ? (100 * value).toFixed(1) + '%' : String(Number(value.toPrecision(3)));
    };
    var isTouched = false;
    var tell = function () {
      var at = Number(slider.value);
      var place = number(reading.x[at]);
      slider.setAttribute('aria-valuetext', reading.label + ' ' + place);
      said.textContent = '';
      var head = document.createElement('b');
      head.textContent = place;
      said.append(head);
      reading.lines.forEach(function (line) {
        var item = document.createElement('span');
        var name = (line.panel ? line.panel + ', ' : '') + line.name;
        item.textContent = name + ': ' + number(drawn.data[line.trace].y[at], line.percent);
        said.append(item);
      });
      mark(at);
    };
    var mark = function (at) {
      var live = figure.querySelector('.live');
      if (!isTouched || figure.dataset.state !== 'live') return;
      var kept = (live.layout.shapes || []).filter(function (shape) {
        return shape.name !== 'reading';
      });
      var panels = {};
      reading.lines.forEach(function (line) {
        panels[line.xaxis + line.yaxis] = line;
      });
      var color = window.getComputedStyle(figure).color;
      var lines = Object.keys(panels).map(function (key) {
        var line = { color: color, width: 1.5, dash: 'dot' };
        var place = {
          xref: panels[key].xaxis,
          yref: panels[key].yaxis + ' domain',
          x0: reading.x[at],
          x1: reading.x[at],
        };
        return Object.assign({ name: 'reading', type: 'line', y0: 0, y1: 1, line: line }, place);
      });
      window.Plotly.relayout(live, { shapes: kept.concat(lines) });
    };
    slider.addEventListener('input', function () {
      isTouched = true;
      tell();
    });
    figure.addEventListener('drawn', function () {
      mark(Number(slider.value));
    });
    tell();
  }

  // Another width, or another scheme: what is drawn is drawn anew where it has to be.
  function isOfAnotherPage(figure) {
    return figure.dataset.state === 'live' && figure.dataset.themes !== themesOf(figure).join(' ');
  }
  function look() {
    figures.forEach(function (figure) {
      if (isOfAnotherPage(figure)) draw(figure);
      else if (figure.dataset.state === 'live') fit(figure);
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
  figures.forEach(readable);
  window.addEventListener('resize', look);
  dark.addEventListener('change', look);
  // Chromium (147) can lose the event of a scheme that changes: a figure that is of another one is drawn anew all the same.
  window.setInterval(function () {
    figures.filter(isOfAnotherPage).forEach(draw);
  }, 1000);
})();
