// The curve of live bytes as points on a canvas. Pure: nothing is drawn here.
import { niceSteps } from 'leakscope/chart/scale.js';
import { count } from 'leakscope/format/units.js';

/** @typedef {{ x: number, top: number, bottom: number }} Bar what lived in one column: highest and lowest */

/** Bytes at the bottom edge and at the top edge.
 *  @typedef {{ least: number, most: number }} Axis */

/**
 * The axis that shows all columns: from 0, or close around them.
 * @param {{ min: number[], max: number[] }} columns
 * @param {boolean} close
 * @param {number} highest that is to be seen too
 * @returns {Axis}
 */
export function axisOf({ min, max }, close, highest) {
  const most = max.reduce((most, bytes) => Math.max(most, bytes), highest);
  const least = close ? min.reduce((least, bytes) => Math.min(least, bytes), most) : 0;
  // Above the highest that is marked there is a line of text.
  const room = Math.max((most - least) * (highest > 0 ? 0.13 : 0.08), 1);
  return { least: close ? Math.max(least - room, 0) : 0, most: most + room };
}

/**
 * @param {number} bytes
 * @param {Axis} axis
 * @param {number} height of the picture
 */
export function heightOf(bytes, { least, most }, height) {
  return height - ((bytes - least) / Math.max(most - least, 1)) * height;
}

/**
 * Columns as bars of pixels.
 * @param {{ min: number[], max: number[] }} columns
 * @param {Axis} axis
 * @param {number} width
 * @param {number} height
 * @returns {Bar[]}
 */
export function columnBars({ min, max }, axis, width, height) {
  const y = (/** @type {number} */ bytes) => heightOf(bytes, axis, height);
  return max.map((bytes, column) => ({ x: (column / max.length) * width, top: y(bytes), bottom: y(min[column]) }));
}

/**
 * Steps (from `times[i]` on so many bytes) as columns of a width, so that they are drawn as the heap's are.
 * @param {{ from: number, to: number, times: number[], max: number[], last: number[] }} steps
 * @param {number} width columns
 * @returns {{ min: number[], max: number[] }}
 */
export function stepColumns({ from, to, times, max, last }, width) {
  const columns = { min: /** @type {number[]} */ ([]), max: /** @type {number[]} */ ([]) };
  let at = 0;
  let level = 0;
  for (let column = 0; column < width; column += 1) {
    const end = from + ((to - from) * (column + 1)) / width;
    let [low, high] = [level, level];
    while (at < times.length && times[at] < end) {
      high = Math.max(high, max[at]);
      low = Math.min(low, last[at]);
      level = last[at];
      at += 1;
    }
    columns.min.push(low);
    columns.max.push(high);
  }
  return columns;
}

/**
 * Where the axis of bytes has its marks, in one unit for all: round in KiB rather than in bytes.
 * @param {Axis} axis
 * @param {number} marks at most
 */
export function byteMarks({ least, most }, marks) {
  const [unit, name] = most - least >= 2 ** 20 ? [2 ** 20, 'MiB'] : most - least >= 10_240 ? [2 ** 10, 'KiB'] : [1, 'B'];
  const { step, values } = niceSteps(least / unit, most / unit, marks);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return values
    .filter((value) => unit > 1 || Number.isInteger(value))
    .map((value) => ({ bytes: value * unit, label: `${decimals > 0 ? value.toFixed(decimals) : count(Math.round(value))} ${name}` }));
}
