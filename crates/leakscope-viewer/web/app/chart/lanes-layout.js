// Places the lanes of the timeline: cores one below the other, each with a heading, and in it its
// interrupts, scheduler, tasks and idle, as the server orders them; and their stretches as bars of pixels.
// Pure: nothing is drawn here.

/** @typedef {import('leakscope/data/types.js').Lane} Lane */
/** @typedef {{ kind: 'core', core: number, y: number, height: number }} Heading */
/** @typedef {{ kind: 'lane', core: number, context: number, lane: Lane, y: number, height: number }} Row */
/** A piece of a bar: its share is how much of it was run, or ready.
 *  @typedef {{ x: number, width: number, share: number }} Bar */

export const LANE_HEIGHT = 22;
export const HEADING_HEIGHT = 24;

/**
 * @param {Lane[]} lanes
 * @returns {{ rows: (Heading | Row)[], height: number }}
 */
export function placeLanes(lanes) {
  /** @type {(Heading | Row)[]} */
  const rows = [];
  let y = 0;
  let core = -1;
  for (const lane of lanes) {
    if (lane.core !== core) {
      core = lane.core;
      rows.push({ kind: 'core', core, y, height: HEADING_HEIGHT });
      y += HEADING_HEIGHT;
    }
    rows.push({ kind: 'lane', core, context: lane.context, lane, y, height: LANE_HEIGHT });
    y += LANE_HEIGHT;
  }
  return { rows, height: y };
}

/**
 * Flat triples (from, to, share) as bars. Neighbours in the same pixel become one bar with the sum of
 * their time, so that there are never more bars than pixels.
 * @param {number[]} triples
 * @param {import('leakscope/chart/scale.js').Scale} scale
 * @returns {Bar[]}
 */
export function bars(triples, scale) {
  /** @type {Bar[]} */
  const result = [];
  // What of a pixel was run so far; -1: of none.
  const gathered = { x: -1, time: 0 };
  const flush = () => {
    if (gathered.x >= 0) result.push({ x: gathered.x, width: 1, share: Math.min(gathered.time, 1) });
    gathered.x = -1;
  };
  for (let at = 0; at < triples.length; at += 3) {
    const [x, end, share] = [scale.x(triples[at]), scale.x(triples[at + 1]), triples[at + 2]];
    const pixel = Math.floor(x);
    if (end - x >= 1) {
      flush();
      result.push({ x, width: end - x, share });
    } else if (gathered.x === pixel) {
      gathered.time += (end - x) * share;
    } else {
      flush();
      // However short it was, it is to be seen.
      Object.assign(gathered, { x: pixel, time: Math.max((end - x) * share, 0.15) });
    }
  }
  flush();
  return result;
}

/**
 * The row at a height.
 * @param {(Heading | Row)[]} rows
 * @param {number} y
 */
export function rowAt(rows, y) {
  return rows.find((row) => y >= row.y && y < row.y + row.height) ?? null;
}

/**
 * When something next begins to run in a lane, after a moment or before it.
 * @param {number[]} run triples
 * @param {number} ticks
 * @param {1 | -1} direction
 */
export function neighbour(run, ticks, direction) {
  const starts = run.filter((_, at) => at % 3 === 0);
  return (direction > 0 ? starts.find((start) => start > ticks) : starts.findLast((start) => start < ticks)) ?? null;
}
