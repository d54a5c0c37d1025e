// Draws a map of memory: addresses across, row by row.
import { pixels, placeOf, rowAt } from 'leakscope/chart/address-layout.js';
import { colour } from 'leakscope/chart/palette.js';
import { cutText } from 'leakscope/chart/text.js';
import { shortBytes } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/chart/address-layout.js').AddressLayout} AddressLayout */
/** @typedef {import('leakscope/chart/address-layout.js').Region} Region */

export const ROW = 16;
/** Room for addresses at the left. */
export const GUTTER = 92;

/**
 * How parts look. `isLost`: it is never hidden by others in one pixel; `isChosen`: null if none is, and all look alike.
 * @typedef {object} Look
 * @property {(part: number) => string} fill
 * @property {(part: number) => boolean} isLost
 * @property {(part: number) => string} label
 * @property {((part: number) => boolean) | null} isChosen
 */

/**
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {AddressLayout} layout
 * @param {{ top: number, width: number, height: number }} view `top`: the pixel that is at the upper edge
 * @param {Look} look
 * @param {{ region: Region, from: number, to: number } | null} focus
 */
export function drawMemoryMap(pen, layout, { top, width, height }, look, focus) {
  pen.textBaseline = 'middle';
  const rank = (/** @type {number} */ part) => (look.isChosen?.(part) ? 2 : 0) + (look.isLost(part) ? 1 : 0);
  for (let row = Math.floor(top / ROW); row * ROW < top + height; row += 1) {
    const shown = rowAt(layout, row);
    if (shown === null) continue;
    const y = row * ROW - top;
    const { placed: { region, lead }, stretch } = shown;
    if (stretch === null) {
      pen.fillStyle = colour('text');
      pen.fillText(cutText(pen, `${hex(region.address)} to ${hex(region.address + BigInt(region.bytes))}, ${shortBytes(region.bytes)}`, width - 8), 4, y + ROW / 2 + 1);
      continue;
    }
    const start = region.address + BigInt(stretch.from);
    pen.fillStyle = colour('muted');
    pen.fillText(cutText(pen, hex(start), GUTTER - 8), 4, y + ROW / 2);
    const scale = (width - GUTTER) / layout.rowBytes;
    const before = (stretch.from + lead) % layout.rowBytes;
    for (const run of pixels(stretch, { x: GUTTER + before * scale, width: (stretch.to - stretch.from) * scale }, rank)) {
      drawRun(pen, run, y, look);
    }
  }
  if (focus !== null) drawFocus(pen, layout, top, width, focus);
}

/** @param {import('leakscope/chart/picture.js').Pen} pen @param {{ x: number, width: number, part: number }} run @param {number} y @param {Look} look */
function drawRun(pen, { x, width, part }, y, look) {
  const isBlock = part >= 0;
  const room = isBlock && width > 3 ? width - 1 : width;
  pen.globalAlpha = look.isChosen === null || look.isChosen(part) || !isBlock ? 1 : 0.3;
  pen.fillStyle = colour(look.fill(part));
  pen.fillRect(x, y, room, ROW - 1);
  if (look.isLost(part)) {
    // A bar, for those who do not see the colour.
    pen.fillStyle = colour('on-fill');
    pen.fillRect(x, y + ROW - 3, room, 2);
  }
  const text = isBlock ? cutText(pen, look.label(part), room - 8) : '';
  if (text !== '') {
    pen.fillStyle = colour('on-fill');
    pen.fillText(text, x + 4, y + ROW / 2 - 1);
  }
  pen.globalAlpha = 1;
}

/** @param {import('leakscope/chart/picture.js').Pen} pen @param {AddressLayout} layout @param {number} top @param {number} width @param {{ region: Region, from: number, to: number }} focus */
function drawFocus(pen, layout, top, width, { region, from, to }) {
  const [first, last] = [placeOf(layout, region, from), placeOf(layout, region, Math.max(to - 1, from))];
  const along = (/** @type {number} */ share) => GUTTER + share * (width - GUTTER);
  pen.strokeStyle = colour('focus');
  pen.lineWidth = 2;
  for (let row = first.row; row <= Math.min(last.row, first.row + 400); row += 1) {
    const begin = row === first.row ? along(first.along) : GUTTER;
    const end = row === last.row ? along(last.along + 1 / layout.rowBytes) : width;
    pen.strokeRect(begin + 1, row * ROW - top + 1, Math.max(end - begin - 2, 2), ROW - 3);
  }
}

/** @param {bigint} address */
export function hex(address) {
  return `0x${address.toString(16).padStart(8, '0')}`;
}
