// What a curve says at the pointer or the cursor: a dot on it, and its numbers beside it.
import { heightOf } from 'leakscope/chart/curve-layout.js';
import { colour } from 'leakscope/chart/palette.js';
import { widthOf } from 'leakscope/chart/text.js';

/** @typedef {import('leakscope/data/types.js').Heap} Heap */

/** Live bytes at a moment, as far as they are known: from `least` (null: not known) to `most`.
 *  @typedef {{ least: number | null, most: number, blocks: number | null }} Level */

/**
 * What lived at a moment: exactly if its column is one moment long or nothing happened in it, else between what and what.
 * @param {Heap} heap
 * @param {number} ticks
 * @param {boolean} [hasLeast] `min` is the lowest of each column; curves of call sites, tasks and heaps do not tell it
 * @returns {Level | null} null: not in these columns
 */
export function levelAt(heap, ticks, hasLeast = true) {
  const column = Math.min(Math.floor(((ticks - heap.from) / (heap.to - heap.from)) * heap.width), heap.width - 1);
  if (column < 0 || ticks > heap.to) return null;
  const [least, most, last, blocks] = [heap.min[column], heap.max[column], heap.last[column], heap.blocks[column]];
  const [came, went] = [heap.allocations[column] > 0, heap.frees[column] > 0];
  if (heap.to - heap.from <= heap.width) return { least: last, most: last, blocks };
  if (least === most && !came && !went) return { least, most, blocks };
  return { least: hasLeast || !(came && went) ? least : null, most, blocks: null };
}

/** @param {Level} level */
export function isExact({ blocks }) {
  return blocks !== null;
}

/**
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {{ x: number, bytes: number, lines: string[] }} at
 * @param {import('leakscope/chart/curve-layout.js').Axis} axis
 * @param {{ y: number, width: number, height: number }} place of the curve
 */
export function drawReadOut(pen, { x, bytes, lines }, axis, { y: top, width, height }) {
  const y = top + Math.min(Math.max(heightOf(bytes, axis, height), 0), height);
  pen.fillStyle = colour('cursor');
  pen.beginPath();
  pen.arc(x, y, 3, 0, 2 * Math.PI);
  pen.fill();
  const room = Math.max(...lines.map((line) => widthOf(pen, line))) + 12;
  // On the side that has more room, and not over the dot.
  const left = x + room + 10 < width ? x + 8 : Math.max(x - room - 8, 0);
  const begin = Math.min(Math.max(y - 8, top + 2), Math.max(top + height - 16 * lines.length - 6, top + 2));
  pen.globalAlpha = 0.92;
  pen.fillStyle = colour('panel');
  pen.fillRect(left, begin, room, 16 * lines.length + 4);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour('line');
  pen.lineWidth = 1;
  pen.strokeRect(left + 0.5, begin + 0.5, room - 1, 16 * lines.length + 3);
  pen.fillStyle = colour('text');
  pen.textAlign = 'left';
  pen.textBaseline = 'top';
  lines.forEach((line, place) => pen.fillText(line, left + 6, begin + 4 + 16 * place));
}
