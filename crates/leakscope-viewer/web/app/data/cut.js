// Cuts a window out of the timeline of the whole trace, for the single file.

/** @typedef {import('leakscope/data/types.js').Heap} Heap */
/** @typedef {import('leakscope/data/types.js').Timeline} Timeline */

/**
 * @param {Timeline} whole
 * @param {number} from
 * @param {number} to
 * @param {number} width
 * @returns {Timeline}
 */
export function cutTimeline(whole, from, to, width) {
  const within = (/** @type {{ time: number }} */ mark) => mark.time >= from && mark.time < to;
  const heap = cutHeap(whole.heap, from, to, width);
  const columns = columnsOf(whole, heap);
  return {
    ...whole, from, to, width: heap.width,
    lanes: whole.lanes.map((lane) => ({ ...lane, run: cutStretches(lane.run, from, to), ready: cutStretches(lane.ready, from, to) })),
    heap,
    marks: { heap: whole.marks.heap?.filter(within) ?? null, logs: whole.marks.logs?.filter(within) ?? null },
    logs: sums(whole.logs, columns),
    warnings: sums(whole.warnings, columns),
    errors: sums(whole.errors, columns),
    gaps: whole.gaps.filter((gap) => gap.to >= from && gap.from < to),
    user_marks: whole.user_marks.filter(within),
  };
}

/**
 * @param {Heap} whole
 * @param {number} from
 * @param {number} to
 * @param {number} width
 * @returns {Heap} columns as they are, from the one that `from` lies in on, where they are wider than those asked for
 */
export function cutHeap(whole, from, to, width) {
  const grid = gridOf(whole, from, to, width);
  const columns = columnsOf(whole, grid);
  return {
    ...grid,
    min: columns.map(([first, last]) => least(whole.min, first, last)),
    max: columns.map(([first, last]) => most(whole.max, first, last)),
    last: columns.map(([, last]) => whole.last[last]),
    blocks: columns.map(([, last]) => whole.blocks[last]),
    allocations: sums(whole.allocations, columns),
    frees: sums(whole.frees, columns),
    allocated_bytes: sums(whole.allocated_bytes, columns),
    failed: sums(whole.failed, columns),
  };
}

/**
 * @param {import('leakscope/data/types.js').Shares} whole
 * @param {number} from
 * @param {number} to
 * @param {number} width
 * @returns {import('leakscope/data/types.js').Shares}
 */
export function cutShares(whole, from, to, width) {
  const grid = gridOf(whole, from, to, width);
  const ends = columnsOf(whole, grid).map(([, end]) => end);
  const cut = (/** @type {number[]} */ last) => ends.map((column) => last[column]);
  return {
    ...whole, ...grid, exact: false,
    bands: whole.bands.map((band) => ({ ...band, last: cut(band.last) })),
    others: { ...whole.others, last: cut(whole.others.last) },
  };
}

/**
 * Cuts flat triples (from, to, share).
 * @param {number[]} triples
 * @param {number} from
 * @param {number} to
 */
export function cutStretches(triples, from, to) {
  const cut = [];
  for (let at = 0; at < triples.length; at += 3) {
    if (triples[at + 1] > from && triples[at] < to) {
      cut.push(Math.max(triples[at], from), Math.min(triples[at + 1], to), triples[at + 2]);
    }
  }
  return cut;
}

/** Columns of equal width. @typedef {{ from: number, to: number, width: number }} Grid */

/**
 * A window's columns: never finer than those there are, which could not be told from single events.
 * @param {Grid} whole
 * @param {number} from
 * @param {number} to
 * @param {number} width
 * @returns {Grid}
 */
function gridOf(whole, from, to, width) {
  const old = (whole.to - whole.from) / whole.width;
  if ((to - from) / width >= old) return { from, to, width };
  const first = Math.min(Math.floor((from - whole.from) / old), whole.width - 1);
  const after = Math.min(Math.max(Math.ceil((to - whole.from) / old), first + 1), whole.width);
  return { from: whole.from + first * old, to: whole.from + after * old, width: after - first };
}

/**
 * For each new column the first and the last of the old ones that it covers.
 * @param {Grid} whole
 * @param {Grid} grid
 * @returns {[number, number][]}
 */
function columnsOf(whole, { from, to, width }) {
  const old = (whole.to - whole.from) / whole.width;
  const clamp = (/** @type {number} */ column) => Math.min(Math.max(column, 0), whole.width - 1);
  return Array.from({ length: width }, (_, column) => {
    const begin = from + ((to - from) * column) / width;
    const end = from + ((to - from) * (column + 1)) / width;
    // Edges of columns need not be whole ticks.
    const first = clamp(Math.floor((begin - whole.from) / old + 1e-6));
    return [first, Math.max(first, clamp(Math.ceil((end - whole.from) / old - 1e-6) - 1))];
  });
}

/**
 * Counts of the old columns; one that two new columns share stands in the first of these.
 * @param {number[]} counts
 * @param {[number, number][]} columns
 */
function sums(counts, columns) {
  let counted = -1;
  return columns.map(([first, last]) => {
    let sum = 0;
    for (let column = Math.max(first, counted + 1); column <= last; column += 1) sum += counts[column];
    counted = Math.max(counted, last);
    return sum;
  });
}

/** @param {number[]} values @param {number} first @param {number} last */
function least(values, first, last) {
  let result = values[first];
  for (let at = first + 1; at <= last; at += 1) result = Math.min(result, values[at]);
  return result;
}

/** @param {number[]} values @param {number} first @param {number} last */
function most(values, first, last) {
  let result = values[first];
  for (let at = first + 1; at <= last; at += 1) result = Math.max(result, values[at]);
  return result;
}
