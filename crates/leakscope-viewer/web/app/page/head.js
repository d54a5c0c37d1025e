// The head of the page: what is looked at, the views, the theme, and what is to be known in every view:
// that the trace is still being read, that the server is gone, what is wrong with the data.
import { forgetColours } from 'leakscope/chart/palette.js';
import { drawAll } from 'leakscope/chart/picture.js';
import { count, percent } from 'leakscope/format/units.js';
import { element, fill } from 'leakscope/part/element.js';
import { openMenu } from 'leakscope/part/menu.js';
import { VIEWS, write } from 'leakscope/state/fragment.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/state/fragment.js').State} State */

const NAMES = {
  overview: 'Overview', sites: 'Call sites', flame: 'Flame graph', timeline: 'Timeline',
  events: 'Events', terminal: 'Terminal', tasks: 'Tasks', system: 'System', memory: 'Memory',
};

/** What a view is called. @param {import('leakscope/state/fragment.js').ViewName} view */
export function viewName(view) {
  return NAMES[view];
}

/**
 * @param {Page} page
 * @param {{ help: () => void, search: () => void, skip: () => void }} actions
 */
export function pageHead(page, { help, search, skip }) {
  const links = VIEWS.map((view, place) => element('a', {
    href: `#${view}`, title: `${NAMES[view]} (${place + 1})`,
    click: (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      page.go({ view });
    },
  }, NAMES[view]));
  const about = element('span', { class: 'quiet' });
  const theme = element('button', { type: 'button', title: 'Theme: system, dark, light (T)', click: () => nextTheme(page) });
  const notices = element('div', { role: 'status' });
  const bar = element('header', { class: 'head' },
    // For those who go from one thing to the next by keyboard: there are many before the view.
    element('button', { type: 'button', class: 'skip', click: skip }, 'Skip to the view'),
    element('div', { class: 'brand' }, 'leakscope', about),
    element('nav', { class: 'views', 'aria-label': 'Views' }, ...links),
    element('div', { class: 'head-buttons' },
      element('button', { type: 'button', title: 'Search everything (Ctrl K)', 'aria-label': 'Search everything', click: search }, '⌕'), download(page), theme,
      element('button', { type: 'button', title: 'Keys (?)', 'aria-label': 'Keys', click: help }, '?')));
  const look = matchMedia('(prefers-color-scheme: dark)');
  look.addEventListener('change', recolour);

  let isLost = false;
  /** @type {import('leakscope/data/types.js').Reading | null} */
  let reading = null;
  const showNotices = () => fill(notices, ...noticesOf(page, reading, isLost));
  return {
    bar,
    notices,
    /** @param {State} state */
    show(state) {
      links.forEach((link, place) => {
        const view = VIEWS[place];
        link.href = write({ ...state, view });
        link.hidden = view === 'memory' && !page.overview.image && !page.overview.heap_map && state.view !== view;
        if (view === state.view) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      });
      const { inputs } = page.overview;
      const name = inputs.map((input) => input.split(/[\\/]/).at(-1)).join(', ');
      about.textContent = name;
      about.title = inputs.join('\n');
      document.title = `${name} · ${NAMES[state.view]} · leakscope`;
      theme.textContent = `◐ ${state.theme}`;
      theme.setAttribute('aria-label', `Theme: ${state.theme}`);
      setTheme(state.theme);
      showNotices();
    },
    /** @param {import('leakscope/data/types.js').Reading} news */
    news(news) {
      isLost = false;
      reading = news;
      showNotices();
    },
    lost() {
      isLost = true;
      showNotices();
    },
  };
}

/**
 * @param {Page} page
 * @param {import('leakscope/data/types.js').Reading | null} reading
 * @param {boolean} isLost
 */
function noticesOf(page, reading, isLost) {
  // That there are no heap events is no damage: what else was recorded is as good as it is.
  const grave = page.overview.problems.filter(({ severity, code }) => severity === 'grave' && code !== 'no-heap-events');
  const state = reading?.state ?? page.overview.reading.state;
  const sign = (/** @type {string} */ text) => element('span', { class: 'sign', 'aria-hidden': 'true' }, text);
  const { read_bytes: read, total_bytes: total } = reading ?? page.overview.reading;
  const progress = read !== null && total ? `, ${percent(read, total)}` : '';
  return [
    isLost && element('div', { class: 'notice grave', id: 'lost' }, sign('!'),
      'The server is gone: leakscope was ended, or does not answer. What is here stays; nothing new can be asked. It goes on by itself if the server comes back.'),
    state === 'reading' && element('div', { class: 'notice' }, sign('…'), `The trace is being read${progress}. All answers are about what was read so far.`),
    state === 'following' && reading?.waits_for != null && element('div', { class: 'notice' }, sign('…'),
      `Core ${reading.waits_for} has not come yet: its part of this file begins behind what is there of it. All answers are without it: a block that it freed looks as if it lived.`),
    state === 'following' && element('div', { class: 'notice' }, sign('●'), `Live: ${count(reading?.events ?? page.overview.totals.events)} events so far, ${page.clock.moment(reading?.end ?? page.overview.clock.end)}.`),
    state === 'failed' && element('div', { class: 'notice grave' }, sign('!'), page.overview.sentence),
    grave.length > 0 && page.state.view !== 'overview' && element('div', { class: 'notice grave' }, sign('!'), element('span', {},
      `A problem with the data: ${grave[0].message}${grave.length > 1 ? `, and ${grave.length - 1} more` : ''} `,
      element('button', { type: 'button', class: 'link', click: () => page.go({ view: 'overview' }) }, 'All problems'))),
  ];
}

/**
 * The button of a menu with the formats that the recording can be saved in; hidden if there are none.
 * @param {Page} page
 */
function download(page) {
  /** @type {import('leakscope/data/types.js').Download[]} */
  let formats = [];
  const button = element('button', {
    type: 'button', hidden: true, title: 'Download as …', 'aria-label': 'Download as …', 'aria-haspopup': 'menu',
    click: () => {
      const { left, bottom } = button.getBoundingClientRect();
      openMenu('Download as', formats.map(({ name, file, purpose }) => ({
        label: `${name}: ${purpose}`,
        action: () => element('a', { href: `download/${name}`, download: file }).click(),
      })), { x: left, y: bottom });
    },
  }, '⤓');
  page.source.get('downloads').then((list) => {
    formats = list;
    button.hidden = list.length === 0;
  }, () => { /* That the server is gone is said elsewhere. */ });
  return button;
}

/** @param {Page} page */
export function nextTheme(page) {
  const order = /** @type {const} */ (['system', 'dark', 'light']);
  page.go({ theme: order[(order.indexOf(page.state.theme) + 1) % order.length] });
}

/** @param {State['theme']} theme */
function setTheme(theme) {
  const root = document.documentElement;
  if ((root.dataset.theme ?? 'system') === theme) return;
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  recolour();
}

function recolour() {
  forgetColours();
  drawAll();
}
