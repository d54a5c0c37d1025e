// What the timeline shows, in words and numbers: at a place in a lane, and of all lanes in the window.
import { bytes, percent } from 'leakscope/format/units.js';
import { isUnknown, knownTime } from 'leakscope/page/known-time.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Lane} Lane */
/** @typedef {import('leakscope/data/types.js').Timeline} Timeline */
/** @typedef {import('leakscope/data/types.js').HeapMark} HeapMark */
/** @typedef {import('leakscope/data/types.js').LogMark} LogMark */

/**
 * What a lane did at a moment.
 * @param {Page} page
 * @param {Lane} lane
 * @param {number} ticks
 * @param {number} reach how many ticks a pixel has
 */
export function laneWords(page, lane, ticks, reach) {
  const name = `${page.contextName(lane.context)}, core ${lane.core}`;
  for (const [did, triples] of /** @type {const} */ ([['running', lane.run], ['ready', lane.ready]])) {
    for (let at = 0; at < triples.length; at += 3) {
      const [from, to, share] = triples.slice(at, at + 3);
      if (ticks < from - reach || ticks >= to + reach) continue;
      return `${name}\n${did} ${share >= 1 ? '' : `${percent(share, 1)} of `}${page.clock.stretch(from, to)}`;
    }
  }
  return name;
}

/**
 * @param {Page} page
 * @param {HeapMark | LogMark} mark
 */
export function markWords(page, mark) {
  const by = `${page.clock.exact(mark.time)}, ${page.contextName(mark.context)}`;
  return 'text' in mark ? `${mark.kind}, ${by}\n${mark.text}` : `${mark.kind}, ${bytes(mark.size)}, ${by}`;
}

/**
 * The mark next to a moment, if it is near enough.
 * @template {{ time: number }} M
 * @param {M[] | null} marks
 * @param {number} ticks
 * @param {number} reach
 * @returns {M | null}
 */
export function markNear(marks, ticks, reach) {
  let best = null;
  for (const mark of marks ?? []) {
    const distance = Math.abs(mark.time - ticks);
    if (distance <= reach && (best === null || distance < Math.abs(best.time - ticks))) best = mark;
  }
  return best;
}

/**
 * The lanes in numbers: how long each ran, and was ready, in the window.
 * @param {Page} page
 * @param {Timeline} timeline
 */
export function laneNumbers(page, timeline) {
  const known = knownTime(page, timeline.lanes.map((lane) => ({ ...lane, ran: timeOf(lane.run) })));
  const [ran, ready] = [timeline.lanes.map((lane) => timeOf(lane.run)), timeline.lanes.map((lane) => timeOf(lane.ready))].map((column) => page.clock.column(column));
  return {
    rows: timeline.lanes,
    /** @type {import('leakscope/part/table.js').Column<Lane>[]} */
    columns: [
      { name: 'Core', class: 'number', cell: (lane) => lane.core },
      { name: 'Lane', cell: (lane) => page.contextName(lane.context) },
      { name: 'Running', class: 'number', cell: (lane) => ran(timeOf(lane.run)) },
      { name: 'Part', class: 'number', title: 'Of the core’s time of which it is known what ran', cell: (lane) => isUnknown(page, lane.context) ? '–' : percent(timeOf(lane.run), known(lane.core)) },
      { name: 'Ready', class: 'number', cell: (lane) => ready(timeOf(lane.ready)) },
    ],
  };
}

/**
 * The ticks of flat triples.
 * @param {number[]} triples
 */
export function timeOf(triples) {
  let time = 0;
  for (let at = 0; at < triples.length; at += 3) time += (triples[at + 1] - triples[at]) * triples[at + 2];
  return time;
}
