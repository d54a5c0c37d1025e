// What a curve of live bytes says at the pointer or the cursor, in words and beside the curve.
import { drawReadOut, levelAt } from 'leakscope/chart/read-out.js';
import { bytes, counted, signed } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Heap} Heap */

/** @param {Heap | null} heap @param {number | null} ticks @returns {string} empty if it is not known */
export function levelWords(heap, ticks) {
  const level = heap === null || ticks === null ? null : levelAt(heap, ticks);
  return level === null ? '' : `${bytes(level.bytes)} in ${counted(level.blocks, 'block')}`;
}

/**
 * How much more lives than at the cursor, or where the pointer is the cursor, than at the begin of what is shown.
 * @param {Page} page
 * @param {Heap} heap
 * @param {number} ticks
 */
function changeWords(page, heap, ticks) {
  const { cursor } = page.state;
  const isSinceCursor = cursor !== null && cursor !== ticks && levelAt(heap, cursor) !== null;
  const [since, words] = isSinceCursor ? [cursor, 'the cursor'] : [heap.from, page.clock.moment(Math.max(heap.from, 0))];
  const [now, then] = [levelAt(heap, ticks), levelAt(heap, since)];
  if (now === null || then === null) return '';
  const blocks = now.blocks - then.blocks;
  return `${signed(now.bytes - then.bytes)} B, ${signed(blocks)} block${Math.abs(blocks) === 1 ? '' : 's'} since ${words}`;
}

/**
 * Draws what a curve says at the pointer or, without one, at the cursor.
 * @param {Page} page
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {Heap} heap
 * @param {import('leakscope/chart/curve-layout.js').Axis} axis
 * @param {import('leakscope/chart/scale.js').Scale} scale
 * @param {{ y: number, width: number, height: number }} place of the curve
 */
export function drawLevel(page, pen, heap, axis, scale, place) {
  // In a small curve the numbers would lie over it as long as there is a cursor.
  const isSmall = place.height < 60;
  const ticks = page.hovered ?? (isSmall ? null : page.state.cursor);
  const level = ticks === null ? null : levelAt(heap, ticks);
  if (ticks === null || level === null || ticks < scale.from || ticks > scale.to) return;
  const lines = isSmall ? [levelWords(heap, ticks)] : [levelWords(heap, ticks), changeWords(page, heap, ticks)];
  drawReadOut(pen, { x: scale.x(ticks), bytes: level.bytes, lines }, axis, place);
}
