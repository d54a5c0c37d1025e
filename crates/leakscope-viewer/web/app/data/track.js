// What the blocks of one owner did, for the single file: exactly if all events are in it, else from the stretches of its curve.

/** @typedef {import('leakscope/data/types.js').Track} Track */
/** @typedef {import('leakscope/data/types.js').Heap} Heap */
/** @typedef {import('leakscope/data/types.js').HeapMark} HeapMark */
/** `gone`: nobody freed the block, and it lives no more; `failed`: no block came of it.
 *  @typedef {Omit<HeapMark, 'kind'> & { kind: 'allocation' | 'free' | 'gone' | 'failed' }} Change */

/** As many marks as the server gives. */
const MARKS = 2000;

/** As many columns as the server makes of a curve. */
const COLUMNS = 512;

/**
 * From the stretches of its curve, as the server does of long windows.
 * @param {import('leakscope/data/types.js').Curve} curve
 * @param {number} from
 * @param {number} to
 * @returns {Heap}
 */
export function heapOfCurve(curve, from, to) {
  let { step } = curve;
  // Stretches are short where all happened at the begin of a long trace.
  while (Math.floor((to - from) / step) >= COLUMNS - 1) step *= 2;
  const first = Math.floor(from / step);
  const heap = emptyHeap(first * step, Math.ceil(to / step) * step, Math.ceil(to / step) - first);
  let [at, level, blocks] = [0, 0, 0];
  /** Goes on to the changes from `end` on; returns the place of the first that was passed. */
  const pass = (/** @type {number} */ end) => {
    const from = at;
    while (at < curve.times.length && curve.times[at] < end) at += 1;
    if (at > from) [level, blocks] = [curve.last[at - 1], curve.blocks[at - 1]];
    return from;
  };
  pass(heap.from);
  for (let column = 0; column < heap.width; column += 1) {
    const before = level;
    const begun = pass(heap.from + (column + 1) * step);
    const sum = (/** @type {number[]} */ counts) => counts.slice(begun, at).reduce((sum, count) => sum + count, 0);
    heap.min.push(Math.min(before, ...curve.last.slice(begun, at)));
    heap.max.push(Math.max(begun === at ? level : 0, ...curve.max.slice(begun, at)));
    heap.last.push(level);
    heap.blocks.push(blocks);
    heap.allocations.push(sum(curve.allocations));
    heap.frees.push(sum(curve.frees));
  }
  return heap;
}

/**
 * From its events, in order of time.
 * @param {import('leakscope/data/owner.js').Owner} owner
 * @param {Change[]} changes
 * @param {number} from
 * @param {number} to
 * @param {number} width
 * @returns {Track}
 */
export function trackOfMarks(owner, changes, from, to, width) {
  const heap = emptyHeap(from, to, width);
  let [at, level, blocks] = [0, 0, 0];
  const apply = (/** @type {Change} */ { kind, size }) => {
    const blockMore = { allocation: 1, free: -1, gone: -1, failed: 0 }[kind];
    level += blockMore * size;
    blocks += blockMore;
  };
  for (; at < changes.length && changes[at].time < from; at += 1) apply(changes[at]);
  const begin = at;
  for (let column = 0; column < width; column += 1) {
    const end = from + ((column + 1) * (to - from)) / width;
    let [low, high] = [level, level];
    const counts = { allocation: 0, free: 0, gone: 0, failed: 0 };
    for (; at < changes.length && changes[at].time < end; at += 1) {
      apply(changes[at]);
      [low, high] = [Math.min(low, level), Math.max(high, level)];
      counts[changes[at].kind] += 1;
    }
    heap.min.push(low);
    heap.max.push(high);
    heap.last.push(level);
    heap.blocks.push(blocks);
    heap.allocations.push(counts.allocation);
    heap.frees.push(counts.free);
    heap.failed.push(counts.failed);
  }
  const marks = /** @type {HeapMark[]} */ (changes.slice(begin, at).filter(({ kind }) => kind !== 'gone'));
  return { ...owner, exact: true, heap, marks: marks.length > MARKS ? null : marks };
}

/** @param {number} from @param {number} to @param {number} width @returns {Heap} */
function emptyHeap(from, to, width) {
  return { from, to, width, min: [], max: [], last: [], blocks: [], allocations: [], frees: [], allocated_bytes: [], failed: [] };
}
