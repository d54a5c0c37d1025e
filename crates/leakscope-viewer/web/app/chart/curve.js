// Draws live bytes over time: the area up to the lowest of each column, the band up to its highest, the
// axis of bytes, and the high-water mark.
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
  const bars = columnBars(columns, axis, width, height);
  const step = width / Math.max(bars.length, 1);
  pen.fillStyle = colour(`${look}-area`);
  trace(pen, bars, step, height, (bar) => bar.bottom);
  pen.fill();
  pen.fillStyle = colour(`${look}-band`);
  for (const bar of bars) if (bar.bottom - bar.top > 0.5) pen.fillRect(bar.x, bar.top, Math.max(step, 1), bar.bottom - bar.top);
  pen.strokeStyle = colour(`${look}-line`);
  pen.lineWidth = 1.5;
  pen.beginPath();
  bars.forEach((bar, place) => {
    if (place === 0) pen.moveTo(bar.x, bar.top);
    else pen.lineTo(bar.x, bar.top);
    pen.lineTo(bar.x + step, bar.top);
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
 * @param {Pen} pen
 * @param {import('leakscope/chart/curve-layout.js').Bar[]} bars
 * @param {number} step
 * @param {number} height
 * @param {(bar: import('leakscope/chart/curve-layout.js').Bar) => number} edge
 */
function trace(pen, bars, step, height, edge) {
  pen.beginPath();
  pen.moveTo(0, height);
  for (const bar of bars) {
    pen.lineTo(bar.x, edge(bar));
    pen.lineTo(bar.x + step, edge(bar));
  }
  pen.lineTo((bars.at(-1)?.x ?? 0) + step, height);
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
