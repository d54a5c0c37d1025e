// The three pictures of the timeline, one below the other on the same scale: the ruler, the lanes (which
// scroll), and the heap with its marks.
import { axisOf } from 'leakscope/chart/curve-layout.js';
import { drawByteLabels, drawCurve } from 'leakscope/chart/curve.js';
import { drawLanes } from 'leakscope/chart/lanes.js';
import { drawHeapMarks, drawLogMarks } from 'leakscope/chart/marks.js';
import { colour } from 'leakscope/chart/palette.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Scale } from 'leakscope/chart/scale.js';
import { drawStack } from 'leakscope/chart/stack.js';
import { drawBreaks } from 'leakscope/chart/breaks.js';
import { drawCursor, drawGrid, drawRange, drawRuler } from 'leakscope/chart/time.js';
import { drawLevel } from 'leakscope/page/level.js';
import { element } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/view/timeline.js').TimelineModel} TimelineModel */
/** @typedef {import('leakscope/chart/picture.js').Pen} Pen */

/**
 * Heights in the picture below the lanes: where the curve ends, and the middles of the marks.
 * @param {number} height
 */
export function places(height) {
  return { curve: height - 66, heapMarks: height - 44, logMarks: height - 14 };
}

/**
 * @param {Page} page
 * @param {TimelineModel} model
 * @param {() => void} resized
 */
export function timelinePictures(page, model, resized) {
  const scale = (/** @type {number} */ width) => new Scale(page.state.window ?? page.bounds, width);
  const overlay = (/** @type {Pen} */ pen, /** @type {number} */ width, /** @type {number} */ height) => {
    drawBreaks(pen, scale(width), { gaps: model.timeline?.gaps ?? [], sessions: page.overview.sessions }, height);
    drawRange(pen, scale(width), model.dragged ?? page.state.range, height);
    drawCursor(pen, scale(width), page.state.cursor, height);
    drawCursor(pen, scale(width), page.hovered, height);
  };
  const ruler = new Picture('Time', (pen, width, height) => {
    overlay(pen, width, height);
    drawRuler(pen, scale(width), page.clock.hz, height - 1);
    for (const mark of model.timeline?.user_marks ?? []) drawFlag(pen, scale(width).x(mark.time), height, mark.name);
  }, { class: 'time-ruler' });
  const lanes = new Picture('Lanes: what ran when. Up and down choose a lane; the numbers are in the table below', (pen, width, height) => {
    drawGrid(pen, scale(width), page.clock.hz, height);
    drawLanes(pen, model.placed.rows, scale(width), page.overview.contexts, model);
    overlay(pen, width, height);
  }, { class: 'lanes-picture', focusable: true });
  const hasHeap = page.overview.totals.heap_events > 0;
  const below = new Picture(hasHeap ? 'Live bytes, allocations and frees, log lines' : 'Log lines', (pen, width, height) => {
    const { timeline } = model;
    const curve = { y: 2, height: places(height).curve - 2 };
    /** @type {import('leakscope/chart/curve-layout.js').Axis | null} */
    let axis = null;
    if (timeline !== null) {
      const { heap } = timeline;
      const from = scale(width).x(heap.from);
      const shares = model.shares();
      const place = { x: from, width: scale(width).x(heap.to) - from, ...curve };
      if (hasHeap && shares !== null) {
        axis = axisOf(heap, page.axisEnd, 0);
        drawStack(pen, shares, axis, scale(width), curve, page.overview.contexts);
      } else if (hasHeap) axis = drawCurve(pen, heap, place, { end: page.axisEnd });
      if (hasHeap) drawHeapMarks(pen, heap, timeline.marks.heap, scale(width), { y: places(height).heapMarks, reach: 16 }, page.overview.anomalies);
      drawLogMarks(pen, timeline, scale(width), places(height).logMarks);
    }
    overlay(pen, width, height);
    if (axis !== null) drawByteLabels(pen, axis, curve);
    if (axis !== null && timeline !== null) {
      const { heap } = timeline;
      drawLevel(page, pen, (ticks) => page.levels.at(ticks, heap), axis, scale(width), { ...curve, x: scale(width).x(heap.from), width });
    }
  }, { class: 'time-below', resized });
  const labelsBelow = /** @type {const} */ ([
    ['Live bytes', 'top', 8], ['Allocations ↑', 'bottom', 44], ['Frees ↓', 'bottom', 26], ['Log lines', 'bottom', 5],
  ]).slice(hasHeap ? 0 : 3).map(([label, edge, distance]) => {
    const span = element('span', {}, label);
    span.style[edge] = `${distance}px`;
    return span;
  });
  const scroller = element('div', { class: 'lanes-scroller' });

  return {
    ruler, lanes, below,
    /** @param {HTMLElement} labels @param {HTMLElement} tracks */
    frame(labels, tracks) {
      scroller.append(labels, lanes.element);
      return element('div', { class: hasHeap ? 'time-view' : 'time-view without-heap' },
        element('div', { class: 'time-corner' }, page.clock.hz === 0 ? 'Ticks' : 'Time'), ruler.element, scroller, tracks,
        element('div', { class: 'time-labels-below' }, ...labelsBelow), below.element);
    },
    fit() {
      lanes.element.style.height = `${model.placed.height}px`;
      lanes.fit();
    },
    draw() {
      ruler.draw();
      lanes.draw();
      below.draw();
    },
    /** @param {{ y: number, height: number }} row */
    reveal({ y, height }) {
      if (y < scroller.scrollTop) scroller.scrollTop = y;
      if (y + height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = y + height - scroller.clientHeight;
    },
  };
}

/** A mark that the application set. @param {Pen} pen @param {number} x @param {number} height @param {string} name */
function drawFlag(pen, x, height, name) {
  pen.fillStyle = colour('accent');
  pen.beginPath();
  pen.moveTo(x, height);
  pen.lineTo(x - 4, height - 8);
  pen.lineTo(x + 4, height - 8);
  pen.closePath();
  pen.fill();
  pen.textBaseline = 'top';
  pen.fillText(name, x + 4, 0);
}
