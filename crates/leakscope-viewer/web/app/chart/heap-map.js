// Draws the heap's map over time, and below it how much of a region is free and can be had.
import { axisOf, heightOf } from 'leakscope/chart/curve-layout.js';
import { drawCurve } from 'leakscope/chart/curve.js';
import { HEADING, runsOf } from 'leakscope/chart/heap-layout.js';
import { colour } from 'leakscope/chart/palette.js';
import { cutText } from 'leakscope/chart/text.js';

/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */
/** @typedef {import('leakscope/chart/scale.js').Scale} Scale */
/** @typedef {import('leakscope/chart/heap-layout.js').Placed} Placed */
/** @typedef {import('leakscope/chart/heap-layout.js').Region} Region */
/** @typedef {import('leakscope/data/types.js').HeapOverTime} HeapOverTime */

/** Blocks never look paler than this, however small they are. */
const PALEST = 0.45;

/**
 * How blocks look. `ages`: their colour changes with time.
 * @typedef {object} Look
 * @property {(site: number, age: number) => string} fill age in ticks
 * @property {boolean} ages
 * @property {number | null} chosen the call site that stands out
 */

/**
 * @param {Pen} pen
 * @param {HeapOverTime} heap
 * @param {Placed[]} placed
 * @param {Scale} scale
 * @param {Look} look
 * @param {(region: Region, place: number) => string} heading
 */
export function drawHeapMap(pen, heap, placed, scale, look, heading) {
  placed.forEach(({ region, columns, top, height }, place) => {
    pen.fillStyle = colour('text');
    pen.textBaseline = 'middle';
    pen.fillText(cutText(pen, heading(region, place), scale.width - 8), 4, top - HEADING / 2 + 1);
    for (let column = 0; column < columns.length;) {
      const first = column;
      // Columns that are all the same are drawn at once.
      do column += 1; while (column < columns.length && columns[column] === columns[first] && !look.ages);
      const start = Math.round(scale.x(heap.from + first * heap.column_ticks));
      const end = heap.from + column * heap.column_ticks;
      const width = Math.max(Math.round(scale.x(Math.min(end, heap.to))) - start, 1);
      if (start > scale.width || start + width < 0) continue;
      for (const { from, to, site, percent, oldest } of runsOf(columns[first])) {
        const y = Math.round(top + (from / region.rows) * height);
        const below = Math.max(Math.round(top + (to / region.rows) * height), y + 1);
        pen.fillStyle = colour(site === -1 ? 'unused' : site < 0 ? 'unknown' : look.fill(site, end - oldest));
        pen.globalAlpha = site < 0 ? 1 : (look.chosen === null || look.chosen === site ? 1 : 0.3) * (PALEST + (1 - PALEST) * (percent / 100));
        pen.fillRect(start, y, width, below - y);
      }
      pen.globalAlpha = 1;
    }
  });
}

/**
 * Allocations that failed: a cross where the region begins that came nearest, and a line through it.
 * @param {Pen} pen
 * @param {{ time_ticks: number, region: number }[]} failures
 * @param {Placed[]} placed
 * @param {Scale} scale
 */
export function drawFailures(pen, failures, placed, scale) {
  pen.strokeStyle = colour('leak');
  for (const { time_ticks: time, region } of failures) {
    const { top, height } = placed[region] ?? placed[0];
    const x = scale.x(time);
    pen.lineWidth = 1;
    pen.setLineDash([2, 3]);
    line(pen, x, top, x, top + height);
    pen.setLineDash([]);
    pen.lineWidth = 2;
    line(pen, x - 4, top - 4, x + 4, top + 4);
    line(pen, x + 4, top - 4, x - 4, top + 4);
  }
  pen.lineWidth = 1;
}

/** @param {Pen} pen @param {number} fromX @param {number} fromY @param {number} toX @param {number} toY */
function line(pen, fromX, fromY, toX, toY) {
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(toX, toY);
  pen.stroke();
}

/**
 * What is free, as an area, and the largest block that can be had, as a line; both with the least within each column.
 * @param {Pen} pen
 * @param {HeapOverTime} heap
 * @param {Region} region
 * @param {Scale} scale
 * @param {{ y: number, height: number }} place
 * @param {number | null} end of the trace, if the axis begins at the lowest after start-up rather than at 0
 */
export function drawLevels(pen, heap, region, scale, { y, height }, end) {
  const { from } = heap;
  const to = from + region.free.length * heap.column_ticks;
  const x = scale.x(from);
  const width = scale.x(to) - x;
  // The largest block is below what is free.
  const axis = axisOf({ from, to, min: region.least_largest, max: region.free }, end, 0);
  drawCurve(pen, { from, to, min: region.least_free, max: region.free }, { x, y, width, height }, { axis });
  pen.strokeStyle = colour('mark');
  pen.lineWidth = 1.5;
  pen.beginPath();
  const step = width / Math.max(region.largest.length, 1);
  region.largest.forEach((bytes, column) => {
    const [left, level] = [x + column * step, y + heightOf(bytes, axis, height)];
    if (column === 0) pen.moveTo(left, level);
    else pen.lineTo(left, level);
    pen.lineTo(left + step, level);
  });
  pen.stroke();
  pen.lineWidth = 1;
  region.least_largest.forEach((bytes, column) => {
    const left = x + (column + 0.5) * step;
    if (bytes < region.largest[column]) line(pen, left, y + heightOf(bytes, axis, height), left, y + heightOf(region.largest[column], axis, height));
  });
  return axis;
}
