// Text on a canvas that is shortened where its room ends.
import { shortened } from 'leakscope/format/names.js';

/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */

/** @type {Map<string, number>} */
const widths = new Map();

/**
 * @param {Pen} pen
 * @param {string} text
 */
export function widthOf(pen, text) {
  const key = `${pen.font} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 5_000) widths.clear();
    width = pen.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/**
 * The text, or as much of its beginning and its end as has room; nothing if that is too little.
 * @param {Pen} pen
 * @param {string} text
 * @param {number} room in pixels
 */
export function cutText(pen, text, room) {
  if (widthOf(pen, text) <= room) return text;
  if (room < 24) return '';
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (widthOf(pen, shortened(text, middle)) <= room) least = middle;
    else most = middle - 1;
  }
  return least < 4 ? '' : shortened(text, least);
}
