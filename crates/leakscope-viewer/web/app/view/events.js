// Events: SystemView's list, with its filters, and the way from an allocation to its free and back.
import { count } from 'leakscope/format/units.js';
import { listedWords } from 'leakscope/page/held.js';
import { badgeRow } from 'leakscope/part/badges.js';
import { element } from 'leakscope/part/element.js';
import { openMenu } from 'leakscope/part/menu.js';
import { eventDetail } from 'leakscope/view/event-detail.js';
import { eventFilter, filterBadges, filterTools, NO_FILTER } from 'leakscope/view/event-filters.js';
import { eventList, marked } from 'leakscope/view/event-list.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/state/fragment.js').State} State */

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function eventsView(page) {
  /** What the list's relative times count from. @type {number | null} */
  let zero = null;
  /** @type {EventRow | null} */
  let current = null;
  const rest = element('span', { class: 'rest' });
  const tools = filterTools(page, rest);
  const badges = badgeRow();
  const detail = eventDetail(page);

  const listing = eventList(page, {
    label: 'Events',
    columns: [['Event', 'number'], [page.clock.hz === 0 ? 'Ticks' : 'Time, s', 'number'], ['Relative', 'number'], ['Core'], ['Context'], ['Name'], ['Detail']],
    draw: (row, line) => drawRow(page, row, line, zero),
    counted: (answer) => { rest.textContent = listedWords(page, answer, { noun: 'event', all: filterBadges(page, page.state).length > 0 ? null : page.source.held?.of ?? null }); },
    menu: (row, place) => openMenu(`Event ${row.index}`, menuItems(page, row), place),
    hidden: (index) => detail.showHidden(index),
    chosen: (row, way) => {
      choose(row);
      page.select(row);
      if (way === 'open') detail.follow(row);
    },
  });
  listing.list.element.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('.follow') && current !== null) detail.follow(current);
  });
  const choose = (/** @type {EventRow | null} */ row) => {
    current = row;
    const time = row?.time ?? null;
    if (zero !== time) {
      zero = time;
      listing.list.redraw();
    }
    detail.show(row);
  };

  /** @type {State | null} */
  let before = null;
  return {
    element: element('div', { class: 'view whole events' }, tools.element, badges, listing.element, detail.element),
    search: tools.search,
    first: listing.list.element,
    show(state) {
      tools.show(state);
      badges.show(filterBadges(page, state));
      const isNew = listing.filter(eventFilter(state, page.limits));
      const isElsewhere = before === null || before.event !== state.event || before.cursor !== state.cursor;
      before = state;
      if (current !== null && current.index === state.event && !isNew) return;
      if (!isNew && !isElsewhere) return;
      if (state.event !== null) {
        listing.goTo({ index: state.event });
        detail.fetch(state.event, choose);
      } else if (state.cursor !== null) {
        listing.goTo({ time: state.cursor });
        choose(null);
      } else if (isNew) {
        listing.list.move(0);
      }
    },
    close() {
      listing.close();
      detail.close();
    },
  };
}

/** @param {Page} page @param {EventRow} row @param {HTMLElement} line @param {number | null} zero */
function drawRow(page, row, line, zero) {
  const { text } = page.state;
  const cell = (/** @type {string} */ look, /** @type {(string | HTMLElement | null | false)[]} */ ...contents) =>
    element('span', { role: 'gridcell', class: look }, ...contents);
  line.classList.toggle('flagged', row.flag !== null);
  line.classList.toggle('damage', row.kind === 'gap' || row.kind === 'damaged');
  const isBlock = row.kind === 'heap' && row.address !== null && row.flag === null;
  const name = cell(`name kind-${row.kind}`, ...marked(row.name, text),
    isBlock && element('button', { type: 'button', class: 'link follow', tabindex: -1, title: 'Go to its other half: allocation or free (Enter)', 'aria-label': 'other half' }, ' ⇄'));
  const detail = cell('detail', row.flag !== null && element('span', { class: 'flag' }, `${row.flag.replace('-', ' ')} `), ...marked(row.detail.replaceAll('\n', ' ⏎ '), text));
  detail.title = row.detail;
  line.replaceChildren(
    cell('index', count(row.index)), cell('time', page.clock.stamp(row.time)),
    cell('time quiet', zero === null ? '' : signedStamp(page, row.time - zero)),
    cell('core', String(row.core)), cell('context', ...marked(page.contextName(row.context), text)), name, detail);
}

/** @param {Page} page @param {number} ticks */
function signedStamp(page, ticks) {
  return ticks > 0 ? `+${page.clock.stamp(ticks)}` : page.clock.stamp(ticks);
}

/**
 * @param {Page} page
 * @param {EventRow} row
 * @returns {import('leakscope/part/menu.js').Item[]}
 */
function menuItems(page, row) {
  const { kinds } = page.state;
  const only = (/** @type {string} */ label, /** @type {string[]} */ wanted) => {
    const checked = kinds.join() === wanted.join();
    return { label, checked, action: () => page.go({ kinds: checked ? [] : wanted, event: row.index, cursor: row.time }) };
  };
  const context = page.contextName(row.context);
  return [
    only('Show APIs only', ['api']),
    only('Show heap events only', ['heap']),
    only('Show log lines only', ['log', 'warning', 'error']),
    null,
    { label: `Only ${context}`, action: () => page.go({ contexts: [row.context] }) },
    { label: `Only core ${row.core}`, action: () => page.go({ core: row.core }) },
    { label: `Only ${row.name}`, action: () => page.go({ text: row.name }) },
    row.address !== null && { label: `Only block ${row.address}`, action: () => page.go({ address: row.address }) },
    row.site >= 0 && { label: 'Only this call site', action: () => page.go({ at: row.site }) },
    null,
    row.site >= 0 && { label: 'Show its call site', action: () => page.go({ view: 'sites', site: row.site }) },
    { label: 'Show in the timeline', action: () => page.select(row, { view: 'timeline' }) },
    { label: 'Show in the terminal', action: () => page.select(row, { view: 'terminal' }) },
    null,
    { label: 'Remove all filters', action: () => page.go({ ...NO_FILTER, event: row.index, cursor: row.time }) },
  ].filter((item) => item !== false);
}
