// The events of a call site, and the log lines around a moment.
import { Latest } from 'leakscope/data/latest.js';
import { element, fill, section } from 'leakscope/part/element.js';
import { gapWords, listedWords } from 'leakscope/page/held.js';
import { markChosen, table } from 'leakscope/part/table.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */

const LISTED = 50;
const AGAIN = 200; // milliseconds, while the server still searches
const LOG_KINDS = 'log,warning,error';

/**
 * @param {Page} page
 * @param {number} site
 * @param {(row: EventRow) => void} chosen
 */
export function siteEvents(page, site, chosen) {
  const place = element('div', {}, element('p', { class: 'quiet' }, 'Searching …'));
  let timer = 0;
  let isFirst = true;
  /** The event that the log lines are around. @type {number | null} */
  let at = null;
  const choose = (/** @type {EventRow} */ row) => {
    at = row.index;
    markChosen(place, row.index);
    chosen(row);
  };
  const latest = new Latest(page.source, 'events', (answer) => {
    if (!answer.complete && answer.rows.length < LISTED) timer = window.setTimeout(ask, AGAIN);
    const rows = answer.rows.filter(({ missing }) => missing === undefined);
    if (rows.length > 0 && isFirst) {
      isFirst = false;
      at = rows[0].index;
      chosen(rows[0]);
    }
    fill(place, rows.length === 0 && answer.complete ? element('p', { class: 'quiet' }, 'None of its events is here.') : table({
      caption: 'Events of this call site', rows, limit: 12, chosen: choose, key: (row) => row.index, isChosen: (row) => row.index === at,
      columns: [
        { name: 'When', class: 'number', unit: 'ticks', cell: (row) => page.clock.exact(row.time), order: (row) => row.time },
        { name: 'Event', cell: (row) => element('button', { type: 'button', class: 'link', title: 'Show in the list of events', click: () => page.select(row, { view: 'events', at: site, kinds: [] }) }, row.name) },
        { name: 'Detail', class: 'fixed words', cell: (row) => row.detail },
      ],
    }), (page.source.held !== null || answer.total > rows.length) && element('p', { class: 'quiet' }, `${listedWords(page, answer, { noun: 'event', all: null })}.`));
  }, (message) => fill(place, element('p', { class: 'quiet' }, message)));
  const ask = () => {
    latest.asked = '';
    latest.ask({ site, offset: 0, limit: LISTED }, page.version);
  };
  ask();
  return {
    element: section('Its events', place),
    close() {
      clearTimeout(timer);
      latest.stop();
    },
  };
}

/** @param {Page} page */
export function logLinesAround(page) {
  const place = element('div');
  const whole = section('Log lines around', place);
  whole.hidden = true;
  let moment = 0;
  const lines = new Latest(page.source, 'events', ({ rows }) => {
    whole.hidden = rows.length === 0;
    fill(/** @type {HTMLElement} */ (whole.firstElementChild), `Log lines around ${page.clock.exact(moment)}`);
    fill(place, element('ul', { class: 'log-lines' }, ...rows.map((row) => element('li', {}, row.missing !== undefined ? `⋯ ${gapWords(row.missing, true)}` : element('button', { type: 'button', class: 'link', click: () => page.select(row, { view: 'terminal' }) }, page.clock.exact(row.time)),
      row.missing === undefined && ` ${row.detail}`))));
  }, () => {});
  const around = new Latest(page.source, 'find',
    ({ row }) => lines.ask({ kinds: LOG_KINDS, offset: Math.max(row - 3, 0), limit: 6 }, page.version), () => {});
  return {
    element: whole,
    /** @param {number} time */
    show(time) {
      moment = time;
      lines.stop();
      around.ask({ kinds: LOG_KINDS, time }, page.version);
    },
    close() {
      around.stop();
      lines.stop();
    },
  };
}
