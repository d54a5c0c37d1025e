// Alive here: what lives at the cursor, and what was allocated between two cursors and still lives; by call site, the largest
// first.
import { Latest } from 'leakscope/data/latest.js';
import { bytes, count, counted, percent } from 'leakscope/format/units.js';
import { pinButton, showPins } from 'leakscope/page/pin.js';
import { verdictMark, verdictWords } from 'leakscope/page/verdict.js';
import { breakable, element, fill, section } from 'leakscope/part/element.js';
import { table } from 'leakscope/part/table.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Sites} Sites */
/** @typedef {import('leakscope/data/types.js').Site} Site */
/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */

/** Call sites of each list; the view of call sites has all. */
const LARGEST = 12;

/** @param {Page} page */
export function alivePanel(page) {
  const place = element('section', { class: 'alive columns', 'aria-label': 'Alive here', hidden: true });
  const atCursor = part(page, 'At the cursor', 'Click in the timeline to set a cursor: what lives then is listed here.',
    ([, to]) => page.clock.moment(to - 1), 'live');
  const inRange = part(page, 'In the range', 'Drag in the timeline for a range: what was allocated in it, and lives at its end, is listed here.',
    ([from, to]) => page.clock.stretch(from, to), 'were allocated in it and live at its end');
  place.append(atCursor.element, inRange.element);
  return {
    element: place,
    /** @param {import('leakscope/state/fragment.js').State} state */
    show({ alive, cursor, range, pins }) {
      place.hidden = !alive;
      if (!alive) return;
      atCursor.show(cursor === null ? null : [0, cursor + 1]);
      inRange.show(range);
      showPins(place, pins);
    },
    close() {
      atCursor.close();
      inRange.close();
    },
  };
}

/**
 * One of the lists.
 * @param {Page} page
 * @param {string} title
 * @param {string} hint what to do if there is nothing to list
 * @param {(stretch: Stretch) => string} moment
 * @param {string} what the blocks do
 */
function part(page, title, hint, moment, what) {
  const place = element('div', {});
  /** @type {Stretch | null} */
  let asked = null;
  const latest = new Latest(page.source, 'sites', (answer) => {
    if (asked !== null) fill(place, ...contents(page, answer, asked, { title, moment, what }));
  }, (message) => fill(place, section(title, element('p', { class: 'quiet' }, message))));
  return {
    element: place,
    /** @param {Stretch | null} stretch */
    show(stretch) {
      asked = stretch;
      if (stretch === null) {
        latest.stop();
        fill(place, section(title, element('p', { class: 'quiet' }, hint)));
      } else void latest.ask({ from: stretch[0], to: stretch[1], partial: 1 }, page.version);
    },
    close: () => latest.stop(),
  };
}

/**
 * @param {Page} page
 * @param {Sites} sites
 * @param {Stretch} asked
 * @param {{ title: string, moment: (stretch: Stretch) => string, what: string }} words
 */
function contents(page, sites, asked, { title, moment, what }) {
  const { from, to, limited, complete = true, counted_to: countedTo = to, others } = sites;
  const heading = `${title}, ${moment(asked)}`;
  const isAll = from === page.bounds[0] && to === page.bounds[1];
  if (!limited && !isAll) return [section(heading, element('p', { class: 'quiet' }, 'This file does not tell when blocks began and ended.'))];
  const alive = sites.sites.filter(({ outstanding_blocks: blocks }) => blocks > 0).toSorted((a, b) => b.outstanding_bytes - a.outstanding_bytes);
  const all = alive.reduce((sum, site) => sum + site.outstanding_bytes, others.outstanding_bytes);
  const blocks = alive.reduce((sum, site) => sum + site.outstanding_blocks, others.outstanding_blocks);
  const number = alive.length + others.outstanding_sites;
  const isRounded = complete && (from !== asked[0] || to !== Math.min(asked[1], page.bounds[1]));
  return [section(heading,
    element('p', {}, element('b', {}, bytes(all)), ` in ${counted(blocks, 'block')} of ${counted(number, 'call site')} ${what}`,
      !complete && element('span', { class: 'quiet' }, `; ${percent(countedTo - from, to - from)} counted so far`),
      isRounded && element('span', { class: 'quiet' }, ` (from ${page.clock.stretch(from, to)}: as finely as this file knows)`),
      alive.length > 0 && element('button', { type: 'button', class: 'link alive-flame', click: () => page.go({ view: 'flame', range: [from, to], weight: 'outstanding_bytes' }) }, 'Flame graph')),
    alive.length > 0 && table({
      caption: heading, rows: alive.slice(0, LARGEST), columns: columns(page, all), key: ({ site }) => site, chosen: ({ site }) => page.go({ view: 'sites', site }),
    }),
    number > LARGEST && element('p', { class: 'quiet' }, `and ${counted(number - Math.min(alive.length, LARGEST), 'further call site')}${others.outstanding_sites === 0 ? ''
      : `; ${count(others.outstanding_sites)} of them, with ${bytes(others.outstanding_bytes)} in ${counted(others.outstanding_blocks, 'block')}, are not listed`}`))];
}

/** @param {Page} page @param {number} all bytes @returns {import('leakscope/part/table.js').Column<Site>[]} */
function columns(page, all) {
  return [
    { name: 'Bytes', class: 'number', unit: 'bytes', cell: (site) => bytes(site.outstanding_bytes), order: (site) => site.outstanding_bytes },
    { name: 'Share', class: 'number', cell: (site) => percent(site.outstanding_bytes, all) },
    { name: 'Blocks', class: 'number', cell: (site) => count(site.outstanding_blocks), order: (site) => site.outstanding_blocks },
    { name: 'Call site', class: 'site-title', cell: (site) => element('span', { title: site.title }, ...breakable(site.title)), copied: (site) => site.title },
    { name: 'Verdict', note: 'of the whole trace', cell: (site) => verdictMark(site), copied: (site) => verdictWords(site.verdict) },
    { name: 'Track', isCopied: false, cell: ({ site }) => pinButton(page, String(site)) },
  ];
}
