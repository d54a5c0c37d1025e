// Draws what all pictures with a time axis share: the ruler, the range, the cursor.
import { colour } from 'leakscope/chart/palette.js';
import { timeMarks } from 'leakscope/chart/scale.js';
import { widthOf } from 'leakscope/chart/text.js';

/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */
/** @typedef {import('leakscope/chart/scale.js').Scale} Scale */
/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */

/**
 * @param {Pen} pen
 * @param {Scale} scale
 * @param {number} hz
 * @param {number} y the line below the labels
 */
export function drawRuler(pen, scale, hz, y) {
  pen.textBaseline = 'bottom';
  pen.textAlign = 'left';
  pen.lineWidth = 1;
  for (const { ticks, label } of timeMarks([scale.from, scale.to], hz, scale.width / 110)) {
    const x = Math.round(scale.x(ticks)) + 0.5;
    pen.strokeStyle = colour('line');
    pen.beginPath();
    pen.moveTo(x, y - 6);
    pen.lineTo(x, y);
    pen.stroke();
    pen.fillStyle = colour('muted');
    const width = widthOf(pen, label);
    if (x + 4 + width >= scale.width) continue;
    // No line that stands there already goes through a label.
    pen.clearRect(x + 3, y - 14, width + 2, 13);
    pen.fillText(label, x + 4, y - 2);
  }
}

/** @param {Pen} pen @param {Scale} scale @param {number} hz @param {number} height */
export function drawGrid(pen, scale, hz, height) {
  pen.strokeStyle = colour('grid');
  pen.lineWidth = 1;
  pen.beginPath();
  for (const { ticks } of timeMarks([scale.from, scale.to], hz, scale.width / 110)) {
    const x = Math.round(scale.x(ticks)) + 0.5;
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
  }
  pen.stroke();
}

/**
 * What lies outside the range is dimmed.
 * @param {Pen} pen
 * @param {Scale} scale
 * @param {Stretch | null} range
 * @param {number} height
 */
export function drawRange(pen, scale, range, height) {
  if (range === null) return;
  const from = Math.min(Math.max(scale.x(range[0]), -2), scale.width + 2);
  const to = Math.min(Math.max(scale.x(range[1]), -2), scale.width + 2);
  pen.fillStyle = colour('outside');
  pen.fillRect(0, 0, from, height);
  pen.fillRect(to, 0, scale.width - to, height);
  pen.strokeStyle = colour('accent');
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const x of [from, to]) {
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
  }
  pen.stroke();
}

/**
 * @param {Pen} pen
 * @param {Scale} scale
 * @param {number | null} cursor
 * @param {number} height
 */
export function drawCursor(pen, scale, cursor, height) {
  if (cursor === null || cursor < scale.from || cursor > scale.to) return;
  const x = Math.round(scale.x(cursor)) + 0.5;
  pen.strokeStyle = colour('cursor');
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x, 0);
  pen.lineTo(x, height);
  pen.stroke();
}
