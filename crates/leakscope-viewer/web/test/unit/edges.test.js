// Columns stand on whole pixels of the screen, side by side: no seams, and nothing twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawCurve } from 'leakscope/chart/curve.js';
import { drawLanes } from 'leakscope/chart/lanes.js';
import { drawHeapMarks, drawLogMarks } from 'leakscope/chart/marks.js';
import { Scale } from 'leakscope/chart/scale.js';

Object.assign(globalThis, {
  document: { createElement: () => ({ style: {} }), body: { appendChild: (/** @type {unknown} */ child) => child } },
  getComputedStyle: (/** @type {{ style: { color: string } }} */ { style }) => ({ color: style.color }),
});

/** A pen that notes the rectangles it fills, in pixels of the screen, by colour. @param {number} sharpness @param {number} left */
function notingPen(sharpness, left) {
  /** @type {Record<string, { begin: number, end: number }[]>} */
  const filled = {};
  let offset = left;
  const pen = {
    fillStyle: '', getTransform: () => ({ a: sharpness, e: offset }), translate: (/** @type {number} */ x) => { offset += x * sharpness; },
    /** @param {number} x @param {number} _ @param {number} width @param {number} height */
    fillRect(x, _, width, height) {
      if (height > 0) (filled[this.fillStyle] ??= []).push({ begin: x * sharpness + offset, end: (x + width) * sharpness + offset });
    },
  };
  const nothing = () => {};
  return { filled, pen: /** @type {any} */ (new Proxy(pen, { get: (pen, name) => name in pen ? Reflect.get(pen, name) : nothing })) };
}

const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 1e-6;

/** @param {{ begin: number, end: number }[]} rectangles @param {string} what */
function standSideBySide(rectangles, what) {
  rectangles.forEach(({ begin, end }, at) => {
    assert.ok(near(begin, Math.round(begin)) && near(end, Math.round(end)), `${what}: ${begin} to ${end}`);
    if (at > 0) assert.ok(near(begin, rectangles[at - 1].end), `${what}: a seam or an overlap at ${begin}`);
  });
}

for (const [columns, width, sharpness, left] of [[1_244, 1_258, 1, 0], [1_000, 1_258, 1.25, 0], [629, 1_258, 2, 0.4], [1_258, 1_258.4, 1, 0]]) {
  test(`${columns} columns on ${width} × ${sharpness} pixels`, () => {
    const each = (/** @type {number} */ number) => Array(columns).fill(number);
    const heap = { from: 0, to: columns * 7, width: columns, min: each(1), max: each(9), last: each(5), blocks: each(1), allocations: each(4), frees: each(4), allocated_bytes: each(4), failed: each(0) };
    const timeline = /** @type {any} */ ({ heap, marks: { heap: null, logs: null }, logs: each(1), warnings: each(0), errors: each(0) });
    const scale = new Scale([0, columns * 7], width);
    const { pen, filled } = notingPen(sharpness, left);
    drawHeapMarks(pen, heap, null, scale, { y: 20, reach: 16 });
    drawLogMarks(pen, timeline, scale, 60);
    drawCurve(pen, heap, { x: 0.3, y: 0, width, height: 100 });
    for (const name of ['allocation', 'free', 'log', 'heap-band']) {
      assert.equal(filled[`var(--${name})`].length, columns);
      standSideBySide(filled[`var(--${name})`], name);
    }
    const run = Array.from({ length: columns }, (_, column) => [column * 7, (column + 1) * 7, 0.5]).flat();
    const lanes = notingPen(sharpness, left);
    drawLanes(lanes.pen, [{ kind: 'lane', core: 0, context: 0, y: 0, height: 22, lane: { core: 0, context: 0, run, ready: run } }], scale, [{ name: 'a', kind: 'task' }], { focused: null });
    standSideBySide(lanes.filled['var(--ready)'], 'ready');
  });
}
