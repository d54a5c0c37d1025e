// The curve of live bytes as points on a canvas. Pure: nothing is drawn here.
import { niceSteps } from 'leakscope/chart/scale.js';
import { count } from 'leakscope/format/units.js';

/** @typedef {{ top: number, bottom: number }} Bar what lived in one column: highest and lowest */

/** Bytes at the bottom edge and at the top edge.
 *  @typedef {{ least: number, most: number }} Axis */

/** The part of a trace that counts as start-up, as in findings/case.rs of leakscope-analysis. */
const START_UP = 1 / 20;

/**
 * The axis that shows all columns: from 0, or from the lowest after start-up.
 * @param {{ from: number, to: number, min: number[], max: number[] }} columns
 * @param {number | null} end of the trace, if the axis begins at the level after start-up
 * @param {number} highest that is to be seen too
 * @returns {Axis}
 */
export function axisOf({ from, to, min, max }, end, highest) {
  const most = max.reduce((most, bytes) => Math.max(most, bytes), highest);
  const close = end !== null;
  const column = (to - from) / Math.max(min.length, 1);
  const first = close ? Math.min(Math.max(Math.ceil((end * START_UP - from) / column), 0), Math.max(min.length - 1, 0)) : 0;
  const least = close ? min.slice(first).reduce((least, bytes) => Math.min(least, bytes), most) : 0;
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
 * @param {number} height
 * @returns {Bar[]}
 */
export function columnBars({ min, max }, axis, height) {
  const y = (/** @type {number} */ bytes) => heightOf(bytes, axis, height);
  return max.map((bytes, column) => ({ top: y(bytes), bottom: y(min[column]) }));
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
