// Draws where a recording breaks: bands where data were lost or it paused, and lines where sessions begin.
import { colour } from 'leakscope/chart/palette.js';

/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */
/** @typedef {import('leakscope/chart/scale.js').Scale} Scale */
/** @typedef {import('leakscope/data/types.js').Overview['sessions']} Sessions */

/** Lines stand at least so many pixels apart: hundreds of sessions are no wall. */
const APART = 3;

/**
 * @param {Pen} pen
 * @param {Scale} scale
 * @param {{ gaps: { from: number, to: number }[], sessions: Sessions }} breaks
 * @param {number} height
 */
export function drawBreaks(pen, scale, { gaps, sessions }, height) {
  drawBands(pen, scale, [...gaps, ...pauses(sessions)], height);
  pen.strokeStyle = colour('muted');
  pen.lineWidth = 1;
  pen.setLineDash([4, 3]);
  pen.beginPath();
  let last = -Infinity;
  for (const { start } of sessions.slice(1)) {
    const x = Math.round(scale.x(start)) + 0.5;
    if (x < 0 || x > scale.width || x - last < APART) continue;
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    last = x;
  }
  pen.stroke();
  pen.setLineDash([]);
}

/** From a stop of the recording to its next start. @param {Sessions} sessions */
export function pauses(sessions) {
  return sessions.slice(1).flatMap(({ start, after_reset: afterReset }, before) =>
    afterReset || !sessions[before].stopped ? [] : [{ from: sessions[before].end, to: start }]);
}

/**
 * Hatched bands: colour alone would not do.
 * @param {Pen} pen
 * @param {Scale} scale
 * @param {{ from: number, to: number }[]} bands
 * @param {number} height
 */
function drawBands(pen, scale, bands, height) {
  for (const { from: begin, to: end } of bands) {
    const from = scale.x(begin);
    const width = Math.max(scale.x(end) - from, 2);
    if (from > scale.width || from + width < 0) continue;
    const left = Math.max(from, 0);
    const right = Math.min(from + width, scale.width);
    pen.save();
    pen.beginPath();
    pen.rect(left, 0, right - left, height);
    pen.clip();
    pen.fillStyle = colour('gap');
    pen.fillRect(left, 0, right - left, height);
    pen.strokeStyle = colour('gap-line');
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = Math.floor((left - height) / 7) * 7; x < right; x += 7) {
      pen.moveTo(x, height);
      pen.lineTo(x + height, 0);
    }
    pen.stroke();
    pen.restore();
  }
}
