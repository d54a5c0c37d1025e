// Where regions, rows and columns of the heap's map are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, columnAt, HEADING, placeRegions, rowAt, runsOf } from 'leakscope/chart/heap-layout.js';
import { heapOverTime } from '../document.js';

const heap = heapOverTime();

test('regions fill the picture, each below its heading', () => {
  const placed = placeRegions(heap, 400);
  assert.equal(placed[0].top, HEADING);
  assert.ok(Math.abs(placed[1].top - (placed[0].top + placed[0].height + HEADING)) < 1e-9);
  assert.ok(Math.abs(placed[1].top + placed[1].height - 400) < 1e-9, 'nothing is left over');
  assert.ok(placed[1].height > 10, 'a small region is to be seen');
});

test('a column that is as the one before it is that one', () => {
  const [{ columns }] = placeRegions(heap, 400);
  assert.equal(columns[2], columns[1]);
  assert.deepEqual(runsOf(columns[1]).map(({ from, to, site }) => [from, to, site]), [[0, 2, 7], [2, 14, -1], [14, 16, -2]]);
});

test('a place in the picture is a row, and a row is addresses', () => {
  const placed = placeRegions(heap, 400);
  assert.equal(rowAt(placed, 2), null, 'a heading is no row');
  assert.deepEqual(rowAt(placed, placed[0].top + placed[0].height * 0.999), { place: 0, row: 15 });
  assert.deepEqual(rowAt(placed, 399), { place: 1, row: 0 });
  assert.equal(addressOf(heap.regions[0], 2), 0x3ffb0200n);
  assert.equal(addressOf(heap.regions[0], 16), 0x3ffb1000n);
});

test('moments are in columns, those outside in the nearest', () => {
  const ticks = heap.column_ticks;
  assert.deepEqual([-5, 0, ticks - 1, ticks, 4 * ticks, 1e12].map((time) => columnAt(heap, time)), [0, 0, 0, 1, 3, 3]);
});
