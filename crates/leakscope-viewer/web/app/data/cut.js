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
  const columns = columnsOf(whole, from, to, width);
  return {
    ...whole, from, to, width,
    lanes: whole.lanes.map((lane) => ({ ...lane, run: cutStretches(lane.run, from, to), ready: cutStretches(lane.ready, from, to) })),
    heap: cutHeap(whole.heap, from, to, width),
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
 * @returns {Heap}
 */
export function cutHeap(whole, from, to, width) {
  const columns = columnsOf(whole, from, to, width);
  return {
    from, to, width,
    min: columns.map(([first, last]) => least(whole.min, first, last)),
    max: columns.map(([first, last]) => most(whole.max, first, last)),
    last: columns.map(([, last]) => whole.last[last]),
    allocations: sums(whole.allocations, columns),
    frees: sums(whole.frees, columns),
    allocated_bytes: sums(whole.allocated_bytes, columns),
    failed: sums(whole.failed, columns),
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

/**
 * For each new column the first and the last of the old ones that it covers.
 * @param {{ from: number, to: number, width: number }} whole
 * @param {number} from
 * @param {number} to
 * @param {number} width
 * @returns {[number, number][]}
 */
function columnsOf(whole, from, to, width) {
  const old = (whole.to - whole.from) / whole.width;
  const clamp = (/** @type {number} */ column) => Math.min(Math.max(column, 0), whole.width - 1);
  return Array.from({ length: width }, (_, column) => {
    const begin = from + ((to - from) * column) / width;
    const end = from + ((to - from) * (column + 1)) / width;
    const first = clamp(Math.floor((begin - whole.from) / old));
    return [first, Math.max(first, clamp(Math.ceil((end - whole.from) / old) - 1))];
  });
}

/**
 * Counts of the old columns; one that several new columns share stands in the first of these.
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
