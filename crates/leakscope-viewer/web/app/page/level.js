// What a curve of live bytes says at the pointer or the cursor, in words and beside the curve.
import { drawReadOut } from 'leakscope/chart/read-out.js';
import { bytes, count, counted, signed } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/chart/read-out.js').Level} Level */

/** "5,815 B in 8 blocks", or between what and what. @param {Level | null} level @returns {string} empty if it is not known */
export function levelWords(level) {
  if (level === null) return '';
  const { least, most, blocks } = level;
  if (blocks !== null) return `${bytes(most)} in ${counted(blocks, 'block')}`;
  if (least === null) return `at most ${bytes(most)}`;
  return least === most ? bytes(most) : `${count(least)} to ${bytes(most)}`;
}

/**
 * How much more lives than at the cursor, or where the pointer is the cursor, than at the begin of what is shown; empty unless
 * both are known exactly.
 * @param {Page} page
 * @param {(ticks: number) => Level | null} levelOf
 * @param {number} from where the curve begins
 * @param {number} ticks
 */
function changeWords(page, levelOf, from, ticks) {
  const { cursor } = page.state;
  const isSinceCursor = cursor !== null && cursor !== ticks && levelOf(cursor) !== null;
  const [since, words] = isSinceCursor ? [cursor, 'the cursor'] : [from, page.clock.moment(Math.max(from, 0))];
  const [now, then] = [levelOf(ticks), since <= 0 ? { most: 0, blocks: 0 } : levelOf(since)];
  if (now === null || then === null || now.blocks === null || then.blocks === null) return '';
  const blocks = now.blocks - then.blocks;
  return `${signed(now.most - then.most)} B, ${signed(blocks)} block${Math.abs(blocks) === 1 ? '' : 's'} since ${words}`;
}

/**
 * Draws what a curve says at the pointer or, without one, at the cursor.
 * @param {Page} page
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {(ticks: number) => Level | null} levelOf
 * @param {import('leakscope/chart/curve-layout.js').Axis} axis
 * @param {import('leakscope/chart/scale.js').Scale} scale
 * @param {{ x: number, y: number, width: number, height: number }} place of the curve, from its first column on
 */
export function drawLevel(page, pen, levelOf, axis, scale, place) {
  // In a small curve the numbers would lie over it as long as there is a cursor.
  const isSmall = place.height < 60;
  const ticks = page.hovered ?? (isSmall ? null : page.state.cursor);
  const level = ticks === null ? null : levelOf(ticks);
  if (ticks === null || level === null || ticks < scale.from || ticks > scale.to) return;
  const lines = [levelWords(level), isSmall ? '' : changeWords(page, levelOf, Math.round(scale.ticks(place.x)), ticks)].filter(Boolean);
  drawReadOut(pen, { x: scale.x(ticks), bytes: level.most, lines }, axis, place);
}
