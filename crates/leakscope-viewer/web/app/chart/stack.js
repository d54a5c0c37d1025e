// Draws who holds how much of the heap, one above the other: the largest at the bottom, all others together on top.
import { pixelEdges } from 'leakscope/chart/edges.js';
import { heightOf } from 'leakscope/chart/curve-layout.js';
import { colour, laneColour } from 'leakscope/chart/palette.js';
import { stackBands } from 'leakscope/chart/stack-layout.js';

/** @typedef {import('leakscope/data/types.js').Shares} Shares */
/** @typedef {import('leakscope/chart/curve-layout.js').Axis} Axis */

/**
 * The colour of a band: tasks have that of their lanes.
 * @param {Shares['bands'][number]} band
 * @param {number} rank
 * @param {import('leakscope/data/types.js').Context[]} contexts
 */
export function bandColour({ context }, rank, contexts) {
  return context >= 0 ? laneColour(contexts, context) : `lane-${rank}`;
}

/**
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {Shares} shares
 * @param {Axis} axis of the heap's curve, which they add up to
 * @param {import('leakscope/chart/scale.js').Scale} scale
 * @param {{ y: number, height: number }} place
 * @param {import('leakscope/data/types.js').Context[]} contexts
 */
export function drawStack(pen, shares, axis, scale, { y, height }, contexts) {
  const step = (shares.to - shares.from) / shares.width;
  const { snap } = pixelEdges(pen);
  const begin = (/** @type {number} */ column) => snap(scale.x(shares.from + column * step));
  const edge = (/** @type {number} */ bytes) => y + Math.min(heightOf(bytes, axis, height), height);
  pen.save();
  pen.beginPath();
  pen.rect(0, y, scale.width, height);
  pen.clip();
  stackBands(shares).forEach(({ below, above }, rank) => {
    pen.beginPath();
    above.forEach((bytes, column) => {
      pen.lineTo(begin(column), edge(bytes));
      pen.lineTo(begin(column + 1), edge(bytes));
    });
    for (let column = below.length - 1; column >= 0; column -= 1) {
      pen.lineTo(begin(column + 1), edge(below[column]));
      pen.lineTo(begin(column), edge(below[column]));
    }
    const band = shares.bands[rank];
    pen.fillStyle = colour(band === undefined ? 'idle' : bandColour(band, rank, contexts));
    pen.fill();
    // Bands that lie beside each other are told apart by more than their colours.
    pen.strokeStyle = colour('panel');
    pen.lineWidth = 1;
    pen.stroke();
  });
  pen.restore();
}
