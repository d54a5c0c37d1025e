// Draws the lanes of the timeline: running as filled bars, ready as thin ones, as SystemView does.
import { pixelEdges } from 'leakscope/chart/edges.js';
import { bars } from 'leakscope/chart/lanes-layout.js';
import { colour, laneColour } from 'leakscope/chart/palette.js';

/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */
/** @typedef {import('leakscope/chart/scale.js').Scale} Scale */
/** @typedef {import('leakscope/chart/lanes-layout.js').Heading} Heading */
/** @typedef {import('leakscope/chart/lanes-layout.js').Row} Row */
/** @typedef {import('leakscope/data/types.js').Context} Context */

/**
 * @param {Pen} pen
 * @param {(Heading | Row)[]} rows
 * @param {Scale} scale
 * @param {Context[]} contexts
 * @param {{ focused: Row | null }} options
 */
export function drawLanes(pen, rows, scale, contexts, { focused }) {
  const { snap, pixel } = pixelEdges(pen);
  const snapped = (/** @type {import('leakscope/chart/lanes-layout.js').Bar} */ { x, width, share }) => {
    const begin = snap(x);
    return { x: begin, width: Math.max(snap(x + width) - begin, pixel), share };
  };
  for (const row of rows) {
    if (row.kind === 'core') {
      pen.fillStyle = colour('panel');
      pen.fillRect(0, row.y, scale.width, row.height);
      continue;
    }
    if (row === focused) {
      pen.fillStyle = colour('raised');
      pen.fillRect(0, row.y, scale.width, row.height);
    }
    const middle = row.y + row.height / 2;
    pen.fillStyle = colour('ready');
    for (const bar of bars(row.lane.ready, scale).map(snapped)) {
      pen.globalAlpha = 0.35 + 0.65 * bar.share;
      pen.fillRect(bar.x, middle - 2, bar.width, 4);
    }
    pen.fillStyle = colour(laneColour(contexts, row.context));
    for (const bar of bars(row.lane.run, scale).map(snapped)) {
      // A share of the time is a lower bar; however small, it is to be seen. What it is a share of stands behind it: a low
      // bar alone would look like one long run.
      const height = Math.max((row.height - 6) * Math.sqrt(bar.share), 3);
      if (bar.share < 1 && bar.width > 3) {
        pen.globalAlpha = 0.22;
        pen.fillRect(bar.x, row.y + 3, bar.width - 1, row.height - 6);
      }
      pen.globalAlpha = 1;
      pen.fillRect(bar.x, row.y + row.height - 3 - height, bar.width, height);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = colour('grid');
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, row.y + row.height - 0.5);
    pen.lineTo(scale.width, row.y + row.height - 0.5);
    pen.stroke();
  }
}
