// Where the page begins: puts it together, shows the view that the address names, and follows the news.
import { allAnswered } from 'leakscope/data/latest.js';
import { source as chooseSource } from 'leakscope/data/source.js';
import { nextTheme, pageHead, viewName } from 'leakscope/page/head.js';
import { keysDialog, listenForKeys } from 'leakscope/page/keys.js';
import { Page } from 'leakscope/page/page.js';
import { clockStrip } from 'leakscope/page/strip.js';
import { element, fill } from 'leakscope/part/element.js';
import { browserAddress, Store } from 'leakscope/state/store.js';
import { eventsView } from 'leakscope/view/events.js';
import { flameView } from 'leakscope/view/flame.js';
import { memoryView } from 'leakscope/view/memory.js';
import { overviewView } from 'leakscope/view/overview.js';
import { searchDialog } from 'leakscope/view/search.js';
import { sitesView } from 'leakscope/view/sites.js';
import { systemView } from 'leakscope/view/system.js';
import { tasksView } from 'leakscope/view/tasks.js';
import { terminalView } from 'leakscope/view/terminal.js';
import { timelineView } from 'leakscope/view/timeline.js';
import { needsTimes, withoutTimesView } from 'leakscope/view/without-times.js';

/** @typedef {import('leakscope/page/page.js').View} View */

/** @type {Record<import('leakscope/state/fragment.js').ViewName, (page: Page) => View>} */
const MAKE = {
  overview: overviewView, sites: sitesView, flame: flameView, timeline: timelineView,
  events: eventsView, terminal: terminalView, tasks: tasksView, system: systemView, memory: memoryView,
};

/** @param {Page} page @param {keyof typeof MAKE} name */
function viewOf(page, name) {
  return page.overview.dump !== null && needsTimes(name) ? withoutTimesView(page, name) : MAKE[name](page);
}

async function start() {
  const place = /** @type {HTMLElement} */ (document.getElementById('page'));
  const source = chooseSource();
  const store = new Store(browserAddress());
  addEventListener('popstate', () => store.moved());
  addEventListener('hashchange', () => store.moved());
  const overview = await source.get('overview').catch((error) => {
    fill(place, element('p', { class: 'padded' }, `The trace cannot be shown: ${error.message}`));
    throw error;
  });
  const page = new Page(source, store, overview);

  const dialog = keysDialog();
  const help = () => dialog.showModal();
  const everything = searchDialog(page);
  const search = () => everything.open();
  const head = pageHead(page, { help, search, skip: () => main.focus() });
  const strip = clockStrip(page);
  strip.element.hidden = overview.dump !== null;
  const main = element('main', { id: 'view', tabindex: -1 });
  const title = element('h1', { class: 'hidden' });
  const aloud = element('div', { class: 'hidden', 'aria-live': 'polite' });
  page.say = (text) => { aloud.textContent = text; };
  fill(place, head.bar, head.notices, strip.element, main, aloud);

  /** @type {{ name: string, view: View } | null} */
  let shown = null;
  const show = () => {
    const { state } = page;
    if (shown?.name !== state.view) {
      shown?.view.close?.();
      page.hover(null);
      shown = { name: state.view, view: viewOf(page, state.view) };
      fill(main, title, shown.view.element);
      shown.view.first?.focus({ preventScroll: true, ...{ focusVisible: false } });
    }
    head.show(state);
    // Overview has a heading of its own.
    title.hidden = state.view === 'overview';
    title.textContent = viewName(state.view);
    if (page.hasLevels) page.levels.cursor(state.cursor);
    if (overview.dump === null) strip.show(state);
    shown.view.show(state);
    // For tests, and for those who look from outside: what the page shows now.
    document.documentElement.dataset.view = state.view;
  };
  store.subscribe(show);
  listenForKeys(page, () => shown?.view ?? null, { help, search, theme: () => nextTheme(page), moveCursor: strip.moveCursor });
  show();

  // One overview after the other, and always the newest. That all was read is said when the last answer about it is on the page.
  /** @type {import('leakscope/data/types.js').Reading | null} */
  let newest = null;
  let [learning, isLast] = [false, false];
  source.follow({
    async news(reading) {
      newest = reading;
      isLast ||= reading.state !== 'reading' && page.overview.reading.state === 'reading';
      head.news(isLast ? { ...reading, state: 'reading' } : reading);
      if (learning || (reading.state === 'complete' && page.overview.reading.state === 'complete')) return;
      learning = true;
      try {
        do {
          page.version = newest.version;
          page.learn(await source.get('overview'));
          show();
          if (isLast) await allAnswered();
        } while (newest.version !== page.version);
        head.news(newest);
      } catch {
        // That the server is gone is heard from the stream of news.
      } finally {
        learning = isLast = false;
      }
    },
    lost: () => head.lost(),
  });
}

start();
