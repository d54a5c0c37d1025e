// A list of events that pass a filter, of any length: asks for pages, goes to an event or a moment, and
// waits while the server still searches. Events and Terminal are made of it.
import { Latest } from 'leakscope/data/latest.js';
import { gapWords, missingWords } from 'leakscope/page/held.js';
import { count } from 'leakscope/format/units.js';
import { copyButton } from 'leakscope/part/copy.js';
import { element } from 'leakscope/part/element.js';
import { VirtualList } from 'leakscope/part/virtual-list.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */
/** @typedef {{ index: number } | { time: number }} Place */

const AGAIN = 200; // milliseconds, while the server still searches
/** Rows that are copied at most; `leakscope export` writes all. */
const COPIED = 5000;

/**
 * @typedef {object} Options
 * @property {string} label
 * @property {[name: string, look?: string][]} columns
 * @property {(row: EventRow, line: HTMLElement) => void} draw
 * @property {(row: EventRow, way: 'click' | 'open' | 'move') => void} chosen
 * @property {(row: EventRow, place: { x: number, y: number }) => void} menu
 * @property {(answer: import('leakscope/data/types.js').Events) => void} counted
 * @property {(index: number) => void} [hidden] the event that was to be gone to is not in the list
 */

/**
 * @param {Page} page
 * @param {Options} options
 */
export function eventList(page, options) {
  /** @type {Parameters} */
  let filter = {};
  let asked = '';
  let timer = 0;
  /** @type {Place | null} where to go, until it was found */
  let wanted = null;

  const head = element('div', { class: 'list-head', role: 'row' },
    ...options.columns.map(([name, look]) => element('span', { role: 'columnheader', class: look }, name)));
  const nothing = element('p', { class: 'list-nothing', hidden: true });
  const list = new VirtualList({
    label: options.label, head,
    draw: (row, line) => {
      line.classList.toggle('missing', row.missing !== undefined);
      if (row.missing === undefined) options.draw(row, line);
      else line.replaceChildren(element('span', { role: 'gridcell' }, `⋯ ${gapWords(row.missing, areLogs())}`));
    },
    menu: (row, place) => {
      if (row.missing === undefined) options.menu(row, place);
    },
    fetch: async (offset, limit) => (await page.source.get('events', { ...filter, offset, limit })).rows,
    chosen: (row, way) => {
      wanted = null;
      if (row.missing === undefined) options.chosen(row, way);
      else page.say(gapWords(row.missing, areLogs()));
    },
  });

  /** Whether nothing but log lines is listed. */
  const areLogs = () => filter.kinds !== '' && String(filter.kinds).split(',').every((kind) => ['log', 'warning', 'error'].includes(kind));

  const total = new Latest(page.source, 'events', (answer) => {
    list.setTotal(answer.total);
    nothing.hidden = answer.total > 0 || !answer.complete;
    nothing.textContent = `No event passes the filters. ${missingWords(page)}`;
    options.counted(answer);
    if (wanted !== null) find(wanted);
    if (!answer.complete) timer = window.setTimeout(askAgain, AGAIN);
  }, (message) => {
    nothing.hidden = false;
    nothing.textContent = message;
  });
  const askAgain = () => {
    total.asked = '';
    total.ask({ ...filter, offset: 0, limit: 1 }, page.version);
  };

  const finder = new Latest(page.source, 'find', (found) => {
    const index = wanted !== null && 'index' in wanted ? wanted.index : null;
    if (found.index === null && !found.complete) return;
    wanted = null;
    if (found.total > list.total) list.setTotal(found.total);
    if (found.total === 0) return;
    const isHidden = index !== null && (found.missing || found.index !== index);
    list.select(Math.min(found.row, found.total - 1), true);
    if (!isHidden) return;
    list.select(null);
    options.hidden?.(index);
  }, () => {});
  const find = (/** @type {Place} */ place) => {
    finder.asked = '';
    finder.ask({ ...filter, ...place });
  };

  /** What passes the filter, as far as a clipboard should hold it. */
  const rowsToCopy = async () => {
    /** @type {EventRow[]} */
    const rows = [];
    const limit = page.overview.limits.rows;
    let all = 1;
    while (rows.length < Math.min(all, COPIED)) {
      const { rows: more, total } = await page.source.get('events', { ...filter, offset: rows.length, limit });
      rows.push(...more);
      all = more.length === 0 ? rows.length : total;
    }
    if (all > rows.length) page.say(`The first ${count(rows.length)} of ${count(all)} rows were copied.`);
    return rows.filter(({ missing }) => missing === undefined);
  };
  return {
    element: element('div', { class: 'view whole list-box' }, list.element, copyButton(`${options.label}, the first ${count(COPIED)}`, copied(page), rowsToCopy), nothing),
    list,
    /**
     * @param {Parameters} next filter
     * @returns {boolean} it is another one
     */
    filter(next) {
      const question = JSON.stringify([next, page.version]);
      if (question === asked) return false;
      const isNew = asked === '' || JSON.stringify(next) !== JSON.stringify(filter);
      asked = question;
      filter = next;
      clearTimeout(timer);
      if (isNew) {
        list.selected = null;
        list.renew(0);
      }
      askAgain();
      return isNew;
    },
    /** @param {Place | null} place */
    goTo(place) {
      wanted = place;
      if (place !== null) find(place);
    },
    close() {
      clearTimeout(timer);
      total.stop();
      finder.stop();
    },
  };
}

/** A list as a table. @param {Page} page @returns {import('leakscope/part/table.js').Column<EventRow>[]} */
function copied(page) {
  return [
    { name: 'Event', class: 'number', cell: ({ index }) => index }, { name: page.clock.hz === 0 ? 'Ticks' : 'Time, s', class: 'number', cell: ({ time }) => page.clock.stamp(time) },
    { name: 'Core', class: 'number', cell: ({ core }) => core }, { name: 'Context', cell: ({ context }) => page.contextName(context) },
    { name: 'Kind', cell: ({ kind }) => kind }, { name: 'Name', cell: ({ name }) => name }, { name: 'Detail', cell: ({ detail }) => detail },
  ];
}

/**
 * Text in which what was searched for is marked.
 * @param {string} text
 * @param {string} search
 * @returns {(string | HTMLElement)[]}
 */
export function marked(text, search) {
  if (search === '') return [text];
  const parts = [];
  const [low, wanted] = [text.toLowerCase(), search.toLowerCase()];
  let at = 0;
  for (let hit = low.indexOf(wanted); hit >= 0; hit = low.indexOf(wanted, at)) {
    parts.push(text.slice(at, hit), element('mark', {}, text.slice(hit, hit + wanted.length)));
    at = hit + wanted.length;
  }
  parts.push(text.slice(at));
  return parts;
}
