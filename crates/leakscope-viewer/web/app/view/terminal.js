// Terminal: log lines with time, context and level; heap events between them if wanted.
import { listedWords } from 'leakscope/page/held.js';
import { badgeRow } from 'leakscope/part/badges.js';
import { element, searchField, toggle } from 'leakscope/part/element.js';
import { openMenu } from 'leakscope/part/menu.js';
import { rangeBadge } from 'leakscope/view/event-filters.js';
import { eventList, marked } from 'leakscope/view/event-list.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/state/fragment.js').State} State */

const LEVELS = ['log', 'warning', 'error'];

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function terminalView(page) {
  const rest = element('span', { class: 'rest' });
  const search = searchField('Search the log', (log) => page.go({ log }));
  const levels = LEVELS.map((level) => toggle(level, (on) => {
    const others = page.state.levels.filter((other) => other !== level);
    page.go({ levels: on ? [...others, level] : others });
  }, `Only lines of this level, and of others that are chosen`));
  const mixed = toggle('Heap events too', (on) => page.go({ mixed: on }), 'Allocations and frees between the lines');
  const badges = badgeRow();
  /** @type {number | null} */
  let chosenIndex = null;
  const listing = eventList(page, {
    label: 'Log lines',
    columns: [[page.clock.hz === 0 ? 'Ticks' : 'Time, s', 'number'], ['Core'], ['Context'], ['Level'], ['Message']],
    draw: (row, line) => drawLine(page, row, line),
    counted: (answer) => {
      const isWhole = !page.state.mixed && badgesOf(page, page.state).length === 0;
      rest.textContent = listedWords(page, answer, { noun: page.state.mixed ? 'row' : 'line', all: isWhole ? page.overview.totals.log_messages : null });
    },
    chosen: (row, way) => {
      chosenIndex = row.index;
      page.select(row, way === 'open' ? { view: 'events' } : {});
    },
    menu: (row, place) => openMenu('Log line', [
      { label: `Only ${page.contextName(row.context)}`, action: () => page.go({ loggers: [row.context] }) },
      { label: `Only level ${row.kind}`, action: () => page.go({ levels: [row.kind] }) },
      null,
      { label: 'Show in the list of events', action: () => page.select(row, { view: 'events', kinds: [], text: '' }) },
      { label: 'Show in the timeline', action: () => page.select(row, { view: 'timeline' }) },
    ], place),
  });

  /** @type {State | null} */
  let before = null;
  return {
    element: element('div', { class: 'view whole terminal' },
      element('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Filters' }, element('div', { class: 'group' }, ...levels), mixed, search, rest),
      badges, listing.element),
    search,
    first: listing.list.element,
    show(state) {
      search.show(state.log);
      mixed.show(state.mixed);
      levels.forEach((button, place) => button.show(state.levels.includes(LEVELS[place])));
      badges.show(badgesOf(page, state));
      const kinds = [...(state.levels.length > 0 ? state.levels : LEVELS), ...(state.mixed ? ['heap'] : [])];
      const isNew = listing.filter({ kinds: kinds.join(','), context: state.loggers.join(','), text: state.log, ...page.limits });
      const isElsewhere = before === null || before.event !== state.event || before.cursor !== state.cursor;
      before = state;
      if (state.cursor !== null && (isNew || (isElsewhere && state.event !== chosenIndex))) listing.goTo({ time: state.cursor });
    },
    close: listing.close,
  };
}

/** @param {Page} page @param {State} state */
function badgesOf(page, state) {
  return [
    ...state.levels.map((level) => ({ label: `level ${level}`, remove: () => page.go({ levels: page.state.levels.filter((other) => other !== level) }) })),
    ...state.loggers.map((context) => ({ label: page.contextName(context), remove: () => page.go({ loggers: page.state.loggers.filter((other) => other !== context) }) })),
    ...(state.log === '' ? [] : [{ label: `“${state.log}”`, remove: () => page.go({ log: '' }) }]),
    ...(state.range === null ? [] : [rangeBadge(page, state.range)]),
  ];
}

/** @param {Page} page @param {EventRow} row @param {HTMLElement} line */
function drawLine(page, row, line) {
  const { log } = page.state;
  const isHeap = row.kind === 'heap';
  const text = (isHeap ? `${row.name} ${row.detail}` : row.detail).replaceAll('\n', ' ⏎ ');
  const message = element('span', { role: 'gridcell', title: row.detail, class: isHeap ? 'quiet' : `message kind-${row.kind}` }, ...marked(text, log));
  line.replaceChildren(
    element('span', { role: 'gridcell', class: 'time' }, page.clock.stamp(row.time)),
    element('span', { role: 'gridcell' }, String(row.core)),
    element('span', { role: 'gridcell' }, ...marked(page.contextName(row.context), log)),
    element('span', { role: 'gridcell', class: `kind-${row.kind}` }, row.kind),
    message);
}
