// Draws what happened at moments: allocations up and frees down, failures as crosses, log lines as
// diamonds; or their numbers in columns where there are too many.
import { pixelEdges } from 'leakscope/chart/edges.js';
import { colour } from 'leakscope/chart/palette.js';

/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */
/** @typedef {import('leakscope/chart/scale.js').Scale} Scale */
/** @typedef {import('leakscope/data/types.js').Timeline} Timeline */

/**
 * Allocations above the middle line, frees below it: one by one or, without marks, their numbers in columns; and a cross
 * wherever something failed.
 * @param {Pen} pen
 * @param {import('leakscope/data/types.js').Heap} heap
 * @param {import('leakscope/data/types.js').HeapMark[] | null} marks
 * @param {Scale} scale
 * @param {{ y: number, reach: number }} place the middle line, and pixels above and below it
 * @param {{ time: number }[]} [wrong] frees that cannot be right
 */
export function drawHeapMarks(pen, heap, marks, scale, { y, reach }, wrong = []) {
  pen.lineWidth = 1;
  pen.strokeStyle = colour('grid');
  pen.beginPath();
  pen.moveTo(0, y + 0.5);
  pen.lineTo(scale.width, y + 0.5);
  pen.stroke();
  const failed = wrong.map(({ time }) => time);
  if (marks === null) failed.push(...drawColumns(pen, heap, scale, { y, reach }));
  for (const { time, kind } of marks ?? []) {
    if (kind === 'failed') failed.push(time);
    pen.fillStyle = colour(kind === 'free' ? 'free' : 'allocation');
    pen.fillRect(scale.x(time) - 0.75, kind === 'free' ? y + 1 : y - reach, 1.5, reach - 1);
  }
  pen.strokeStyle = colour('leak');
  pen.lineWidth = 2;
  for (const x of failed.map((time) => scale.x(time))) {
    pen.beginPath();
    pen.moveTo(x - 4, y - 4);
    pen.lineTo(x + 4, y + 4);
    pen.moveTo(x + 4, y - 4);
    pen.lineTo(x - 4, y + 4);
    pen.stroke();
  }
  pen.lineWidth = 1;
}

/**
 * @param {Pen} pen
 * @param {import('leakscope/data/types.js').Heap} heap
 * @param {Scale} scale
 * @param {{ y: number, reach: number }} place
 * @returns {number[]} when allocations failed
 */
function drawColumns(pen, heap, scale, { y, reach }) {
  // Their roots: a busy start-up shall not hide all that comes after it.
  const most = Math.max(1, ...heap.allocations, ...heap.frees);
  const step = (heap.to - heap.from) / heap.width;
  const begin = (/** @type {number} */ column) => heap.from + column * step;
  const { snap, pixel } = pixelEdges(pen);
  heap.allocations.forEach((allocations, column) => {
    const x = snap(scale.x(begin(column)));
    const room = snap(scale.x(begin(column + 1))) - x;
    const width = Math.max(room > 3 ? room - pixel : room, pixel);
    const [up, down] = [allocations, heap.frees[column]].map((count) => count === 0 ? 0 : Math.max(Math.sqrt(count / most) * (reach - 1), 2));
    pen.fillStyle = colour('allocation');
    pen.fillRect(x, y - up, width, up);
    pen.fillStyle = colour('free');
    pen.fillRect(x, y + 1, width, down);
  });
  return heap.failed.flatMap((count, column) => count > 0 ? [begin(column)] : []);
}

/**
 * A diamond a line, or a bar as wide as the column in which there are some.
 * @param {Pen} pen
 * @param {Timeline} timeline
 * @param {Scale} scale
 * @param {number} y the middle
 */
export function drawLogMarks(pen, timeline, scale, y) {
  if (timeline.marks.logs !== null) {
    for (const mark of timeline.marks.logs) diamond(pen, scale.x(mark.time), y, mark.kind);
    return;
  }
  const { from, to, width } = timeline.heap;
  const step = (to - from) / width;
  const { snap, pixel } = pixelEdges(pen);
  timeline.logs.forEach((logs, column) => {
    const kind = timeline.errors[column] > 0 ? 'error' : timeline.warnings[column] > 0 ? 'warning' : logs > 0 ? 'log' : null;
    if (kind === null) return;
    const x = snap(scale.x(from + column * step));
    const { size, look } = lookOf(kind);
    pen.fillStyle = colour(look);
    pen.fillRect(x, y - size / 2, Math.max(snap(scale.x(from + (column + 1) * step)) - x, pixel), size);
  });
}

/** Worse ones are larger too: colour alone would not do. @param {string} kind */
function lookOf(kind) {
  if (kind === 'error') return { size: 6, look: 'leak' };
  return kind === 'warning' ? { size: 5, look: 'warn' } : { size: 3.5, look: 'log' };
}

/** @param {Pen} pen @param {number} x @param {number} y @param {string} kind */
function diamond(pen, x, y, kind) {
  const { size, look } = lookOf(kind);
  pen.fillStyle = colour(look);
  pen.beginPath();
  pen.moveTo(x, y - size);
  pen.lineTo(x + size, y);
  pen.lineTo(x, y + size);
  pen.lineTo(x - size, y);
  pen.closePath();
  pen.fill();
}
