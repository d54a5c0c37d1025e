// Zooming, panning and the marks of a time axis.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fit, niceSteps, pan, Scale, timeMarks, zoom } from 'leakscope/chart/scale.js';
import { readPlace } from 'leakscope/format/place.js';

/** @type {[number, number]} */
const BOUNDS = [0, 1_000_000];

test('ticks and pixels are each other’s opposite', () => {
  const scale = new Scale([500, 1_500], 200);
  assert.equal(scale.x(1_000), 100);
  assert.equal(scale.ticks(100), 1_000);
});

test('what is under the pointer stays there', () => {
  const window = zoom([0, 100_000], 0.5, 25_000, BOUNDS);
  assert.deepEqual(window, [12_500, 62_500]);
  assert.deepEqual(zoom(window, 2, 25_000, BOUNDS), [0, 100_000]);
});

test('windows stay within the trace, and never become empty', () => {
  /** @type {[number, number]} */
  let window = [0, 1_000_000];
  let seed = 1;
  for (let round = 0; round < 2_000; round += 1) {
    seed = (seed * 48_271) % 2_147_483_647;
    const share = seed / 2_147_483_647;
    window = seed % 2 === 0 ? zoom(window, 0.2 + 3 * share, share * 1_000_000, BOUNDS) : pan(window, 4 * share - 2, BOUNDS);
    assert.ok(window[0] >= 0 && window[1] <= 1_000_000 && window[1] - window[0] >= 16, String(window));
    assert.ok(window.every(Number.isInteger), String(window));
  }
  assert.deepEqual(zoom([0, 4], 0.1, 2, [0, 4]), [0, 4]);
  assert.deepEqual(fit([0, 1_000_000], BOUNDS), BOUNDS);
  assert.deepEqual(fit([500_000, 600_000], BOUNDS), [490_000, 610_000]);
});

test('marks stand at round places, no more of them than there is room for', () => {
  assert.deepEqual(niceSteps(0, 10, 5), { step: 2, values: [0, 2, 4, 6, 8, 10] });
  assert.deepEqual(timeMarks([0, 40_000], 40_000_000, 4).map(({ label }) => label), ['0.0 ms', '0.5 ms', '1.0 ms']);
  assert.deepEqual(timeMarks([120_000_000, 160_000_000], 40_000_000, 2).map(({ label }) => label), ['3.0 s', '3.5 s', '4.0 s']);
  assert.deepEqual(timeMarks([0, 100], 0, 2).map(({ label }) => label), ['0', '50', '100']);
  for (const length of [16, 999, 123_456, 1e9, 4e14]) {
    const marks = timeMarks([7, 7 + length], 32_768, 10);
    assert.ok(marks.length >= 2 && marks.length <= 12, `${length}: ${marks.length}`);
    assert.equal(new Set(marks.map(({ label }) => label)).size, marks.length);
    assert.ok(marks.every(({ ticks }) => ticks >= 7 - length * 1e-8 && ticks <= 7 + length * (1 + 1e-8)));
  }
});

test('places are read as people type them', () => {
  const clock = { hz: 1_000, end: 5_000 };
  assert.deepEqual(readPlace('4,711', clock), { index: 4_711 });
  assert.deepEqual(readPlace('#12', clock), { index: 12 });
  assert.deepEqual(readPlace('0.25 s', clock), { time: 250 });
  assert.deepEqual(readPlace('1.5', clock), { time: 1_500 });
  assert.deepEqual(readPlace('12ms', clock), { time: 12 });
  assert.deepEqual(readPlace('2 min', clock), { time: 5_000 });
  assert.deepEqual(readPlace('50 %', clock), { time: 2_500 });
  for (const text of ['', 'x', '-1 s', '101 %', '1 s 2']) assert.equal(readPlace(text, clock), null, text);
  assert.equal(readPlace('1 s', { hz: 0, end: 10 }), null);
});
