// Arrows from allocations to the frees of their blocks, above the marks of both.
import { colour } from 'leakscope/chart/palette.js';

/** More arrows than this would hide each other. */
const MOST = 150;
/** The highest of them, in pixels. */
const HIGHEST = 40;

/**
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {import('leakscope/data/types.js').HeapMark[]} marks
 * @param {import('leakscope/chart/scale.js').Scale} scale
 * @param {{ y: number, reach: number }} place of the marks: their middle line, and pixels above and below it
 */
export function drawArrows(pen, marks, scale, { y, reach }) {
  const ends = marks.filter(({ since }) => since !== null);
  if (ends.length > MOST) return;
  pen.strokeStyle = pen.fillStyle = colour('accent');
  pen.lineWidth = 1;
  pen.globalAlpha = ends.length > 40 ? 0.35 : 0.7;
  for (const { since, time } of ends) {
    const [from, to] = [scale.x(/** @type {number} */ (since)), scale.x(time)];
    const height = Math.min(6 + (to - from) / 3, HIGHEST);
    pen.beginPath();
    pen.moveTo(from, y - reach);
    pen.quadraticCurveTo((from + to) / 2, y - reach - 2 * height, to, y + 1);
    pen.stroke();
    pen.beginPath();
    pen.moveTo(to, y + 4);
    pen.lineTo(to - 3, y - 2);
    pen.lineTo(to + 3, y - 2);
    pen.fill();
  }
  pen.globalAlpha = 1;
}
