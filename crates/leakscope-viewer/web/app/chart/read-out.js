// What a curve says at the pointer or the cursor: a dot on it, and its numbers beside it.
import { heightOf } from 'leakscope/chart/curve-layout.js';
import { colour } from 'leakscope/chart/palette.js';
import { widthOf } from 'leakscope/chart/text.js';

/** @typedef {import('leakscope/data/types.js').Heap} Heap */

/**
 * What lived at the end of the column that a moment lies in.
 * @param {Heap} heap
 * @param {number} ticks
 * @returns {{ bytes: number, blocks: number } | null} null: not in these columns
 */
export function levelAt(heap, ticks) {
  const column = Math.min(Math.floor(((ticks - heap.from) / (heap.to - heap.from)) * heap.width), heap.width - 1);
  return column < 0 || ticks > heap.to ? null : { bytes: heap.last[column], blocks: heap.blocks[column] };
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
