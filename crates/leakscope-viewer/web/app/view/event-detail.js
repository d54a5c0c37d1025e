// The selected event in full, below the list: its text, its block's other half, and where to go from it.
import { bytes, count } from 'leakscope/format/units.js';
import { element, fill } from 'leakscope/part/element.js';
import { NO_FILTER } from 'leakscope/view/event-filters.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/data/types.js').BlockLife} BlockLife */

/** @param {Page} page */
export function eventDetail(page) {
  const place = element('section', { class: 'event-detail', 'aria-label': 'The selected event', hidden: true });
  const hidden = element('p', {});
  const life = element('p', {});
  /** Ends what was asked about an event that is no longer selected. */
  let asking = new AbortController();

  const askLife = (/** @type {EventRow} */ row) => page.source.get('block', { index: row.index }, asking.signal);
  const renew = () => {
    asking.abort();
    asking = new AbortController();
    return asking.signal;
  };
  const jump = (/** @type {{ index: number, time: number } | null} */ half) => {
    if (half !== null) page.select(half);
  };

  return {
    element: place,
    /** @param {EventRow | null} row */
    show(row) {
      const signal = renew();
      place.hidden = row === null;
      if (row === null) return;
      fill(hidden);
      fill(life);
      fill(place,
        element('div', {}, element('b', {}, row.name), `  event ${count(row.index)}, ${page.clock.exact(row.time)}, core ${row.core}, ${page.contextName(row.context)}`,
          row.flag !== null && element('b', { class: 'verdict leak' }, ` ▲ ${row.flag.replace('-', ' ')}`)),
        row.detail !== '' && element('div', { class: 'detail-text' }, row.detail), life, hidden,
        element('div', { class: 'group' },
          row.site >= 0 && element('button', { type: 'button', click: () => page.go({ view: 'sites', site: row.site }) }, 'Its call site'),
          element('button', { type: 'button', click: () => page.select(row, { view: 'timeline' }) }, 'In the timeline'),
          row.address !== null && element('button', { type: 'button', click: () => page.go({ address: row.address }) }, 'Only this block')),
        element('div', { class: 'quiet' }, `packet id ${row.id}, at byte ${count(row.offset)} of ${page.overview.inputs[row.input] ?? 'the input'}`));
      if (row.kind !== 'heap') return;
      askLife(row).then((block) => {
        if (!signal.aborted) fill(life, ...lifeWords(page, block, row, jump));
      }, () => {});
    },

    /**
     * Goes to the other half of an event's block.
     * @param {EventRow} row
     */
    follow(row) {
      if (row.kind !== 'heap') return;
      askLife(row).then((block) => {
        // From a double free to the first one, from a free to its allocation.
        const other = block.again === null && block.free?.index === row.index ? block.allocation : block.free;
        if (other === null && block.missing !== null) page.say(`This block: ${MISSING[block.missing]}`);
        jump(other);
      }, () => page.say('This event has no other half.'));
    },

    /** The selected event does not pass the filters. @param {number} index */
    showHidden(index) {
      fill(hidden, element('b', {}, 'This event is hidden by the filters. '),
        element('button', { type: 'button', class: 'link', click: () => page.go({ ...NO_FILTER, event: index }) }, 'Remove the filters'));
    },

    /**
     * Asks for an event that was selected by its number.
     * @param {number} index
     * @param {(row: EventRow) => void} chosen
     */
    async fetch(index, chosen) {
      const signal = renew();
      try {
        const { row, index: found, missing } = await page.source.get('find', { index }, signal);
        if (missing) {
          place.hidden = false;
          fill(place, element('div', {}, `Event ${count(index)} is not in this file: of a long trace it lists some events only.`));
        }
        if (found !== index || missing) return;
        const { rows } = await page.source.get('events', { offset: row, limit: 1 }, signal);
        const kept = [...hidden.childNodes];
        if (rows.length === 1 && !signal.aborted) {
          chosen(rows[0]);
          hidden.append(...kept);
        }
      } catch (error) {
        if (!signal.aborted) page.say(String(error));
      }
    },

    close: () => void renew(),
  };
}

/** Why there is no other half. @type {Record<import('leakscope/data/types.js').Missing, string>} */
const MISSING = {
  lives: 'not freed; it still lived at the end.',
  session: 'not freed; it still lived when its session was over.',
  reused: 'its address was allocated again; its free is not in the trace.',
  older: 'allocated before the trace began.',
  lost: 'its allocation is not in the trace: data were lost.',
  freed: 'freed before, and not allocated since.',
  wrong: 'no block begins there: there is no allocation.',
  unlisted: 'its other half is not among the events that this file lists.',
};

/**
 * @param {Page} page
 * @param {BlockLife} block
 * @param {EventRow} row
 * @param {(half: import('leakscope/data/types.js').Half | null) => void} jump
 */
function lifeWords(page, block, row, jump) {
  const link = (/** @type {string} */ words, /** @type {import('leakscope/data/types.js').Half} */ half) =>
    element('button', { type: 'button', class: 'link', click: () => jump(half) },
      `${words} at ${page.clock.exact(half.time)} by ${page.contextName(half.context)} (event ${count(half.index)})`);
  const size = block.size === null ? `Block ${block.address}: ` : `Block ${block.address}, ${bytes(block.size)}: `;
  const lived = block.lifetime === null ? '' : `, lived ${page.clock.duration(block.lifetime)}.`;
  const why = block.missing === null ? '' : MISSING[block.missing];
  if (block.again?.index === row.index && block.free !== null) {
    return [size, block.allocation === null ? why.replace('.', '') : link('allocated', block.allocation), ', ', link('freed first', block.free),
      `, and here again, ${page.clock.duration(row.time - block.free.time)} later.`];
  }
  const [words, other] = block.free?.index === row.index ? ['allocated', block.allocation] : ['freed', block.free];
  return other === null ? [size, why] : [size, link(words, other), lived];
}
