// Draws live bytes over time: the area up to the lowest of each column, the band up to its highest, the
// axis of bytes, and the high-water mark.
import { pixelEdges } from 'leakscope/chart/edges.js';
import { axisOf, byteMarks, columnBars, heightOf } from 'leakscope/chart/curve-layout.js';
import { colour } from 'leakscope/chart/palette.js';

/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */
/** @typedef {import('leakscope/chart/curve-layout.js').Axis} Axis */

/**
 * @param {Pen} pen
 * @param {{ from: number, to: number, min: number[], max: number[] }} columns
 * @param {{ x: number, y: number, width: number, height: number }} place
 * @param {{ lines?: boolean, end?: number | null, axis?: Axis, look?: 'heap' | 'leak', peak?: { bytes: number, x: number | null, label: string } }} options
 *   `end` of the trace, if the axis begins at the lowest after start-up rather than at 0; `axis`: another one; `look`: its colours
 * @returns {Axis}
 */
export function drawCurve(pen, columns, { x, y, width, height }, { lines = true, end = null, look = 'heap', peak, axis = axisOf(columns, end, peak?.bytes ?? 0) } = {}) {
  pen.save();
  pen.translate(x, y);
  pen.beginPath();
  pen.rect(-x, 0, x + width, height + 1);
  pen.clip();
  if (lines) drawLines(pen, axis, width, height);
  const bars = columnBars(columns, axis, height);
  const { snap, pixel } = pixelEdges(pen);
  /** Where a column begins. @param {number} place */
  const edge = (place) => snap((place / bars.length) * width);
  pen.fillStyle = colour(`${look}-area`);
  trace(pen, bars, edge, height);
  pen.fill();
  pen.fillStyle = colour(`${look}-band`);
  bars.forEach(({ top, bottom }, place) => {
    if (bottom - top > 0.5) pen.fillRect(edge(place), top, Math.max(edge(place + 1) - edge(place), pixel), bottom - top);
  });
  pen.strokeStyle = colour(`${look}-line`);
  pen.lineWidth = 1.5;
  pen.beginPath();
  bars.forEach(({ top }, place) => {
    if (place === 0) pen.moveTo(0, top);
    else pen.lineTo(edge(place), top);
    pen.lineTo(edge(place + 1), top);
  });
  pen.stroke();
  if (peak && peak.bytes > 0) drawPeak(pen, peak, heightOf(peak.bytes, axis, height), width);
  pen.restore();
  return axis;
}

/**
 * The labels of the axis, apart: above what dims the curve.
 * @param {Pen} pen
 * @param {Axis} axis
 * @param {{ y: number, height: number }} place
 */
export function drawByteLabels(pen, axis, { y: top, height }) {
  pen.textBaseline = 'bottom';
  pen.textAlign = 'left';
  pen.fillStyle = colour('text');
  pen.strokeStyle = colour('ground');
  pen.lineWidth = 3;
  pen.lineJoin = 'round';
  for (const { bytes, label } of axisMarks(axis, height)) {
    const y = heightOf(bytes, axis, height);
    if (bytes === 0 || y <= 14) continue;
    // Readable where the curve passes behind it too.
    pen.globalAlpha = 0.7;
    pen.strokeText(label, 4, top + y - 1);
    pen.globalAlpha = 1;
    pen.fillText(label, 4, top + y - 1);
  }
}

/** @param {Axis} axis @param {number} height */
function axisMarks(axis, height) {
  return byteMarks(axis, Math.max(Math.floor(height / 36), 1));
}

/**
 * The area below the lowest of each column.
 * @param {Pen} pen
 * @param {import('leakscope/chart/curve-layout.js').Bar[]} bars
 * @param {(place: number) => number} edge where a column begins
 * @param {number} height
 */
function trace(pen, bars, edge, height) {
  pen.beginPath();
  pen.moveTo(0, height);
  bars.forEach(({ bottom }, place) => {
    pen.lineTo(edge(place), bottom);
    pen.lineTo(edge(place + 1), bottom);
  });
  pen.lineTo(edge(bars.length), height);
  pen.closePath();
}

/** @param {Pen} pen @param {Axis} axis @param {number} width @param {number} height */
function drawLines(pen, axis, width, height) {
  pen.strokeStyle = colour('grid');
  pen.lineWidth = 1;
  pen.beginPath();
  for (const { bytes } of axisMarks(axis, height)) {
    const y = Math.round(heightOf(bytes, axis, height)) + 0.5;
    pen.moveTo(0, y);
    pen.lineTo(width, y);
  }
  pen.stroke();
}

/**
 * @param {Pen} pen
 * @param {{ bytes: number, x: number | null, label: string }} peak
 * @param {number} height where its line is
 * @param {number} width
 */
function drawPeak(pen, { x, label }, height, width) {
  const y = Math.round(height) + 0.5;
  pen.strokeStyle = colour('mark');
  pen.lineWidth = 1;
  pen.setLineDash([4, 3]);
  pen.beginPath();
  pen.moveTo(0, y);
  pen.lineTo(width, y);
  pen.stroke();
  pen.setLineDash([]);
  pen.fillStyle = colour('mark');
  if (x !== null) {
    pen.beginPath();
    pen.arc(x, y, 3.5, 0, 2 * Math.PI);
    pen.fill();
  }
  const left = Math.min(Math.max((x ?? 0) + 8, 70), width - pen.measureText(label).width - 6);
  pen.textBaseline = 'bottom';
  pen.fillText(label, left, y - 3);
}
