// What the page says of an answer about a range: exact, rounded, or not limited at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from 'leakscope/format/units.js';
import { limitWords } from 'leakscope/page/limits.js';

/** @param {[number, number] | null} range */
function pageWith(range) {
  return /** @type {import('leakscope/page/page.js').Page} */ (/** @type {unknown} */ (
    { state: { range }, bounds: [0, 1_000_000], clock: new Clock(1_000_000, 1_000_000) }));
}

test('a range is named, and how far the answer is about it', () => {
  const answer = { limited: true, from: 100_000, to: 200_000 };
  assert.equal(limitWords(pageWith(null), { ...answer, limited: false }), '');
  assert.equal(limitWords(pageWith([0, 1_000_000]), { ...answer, limited: false }), '');
  assert.equal(limitWords(pageWith([100_000, 200_000]), answer), 'what was allocated in the range');
  assert.equal(limitWords(pageWith([100_000, 200_000]), answer, 'What happened'), 'What happened in the range');
  assert.equal(limitWords(pageWith([101_000, 199_000]), answer),
    'what was allocated from 0.100 s to 0.200 s (0.100 s): the range, as finely as this file knows it');
  assert.match(limitWords(pageWith([1, 2]), { ...answer, limited: false }), /^of the whole trace/);
  assert.equal(limitWords(pageWith([100_000, 200_000]), { ...answer, complete: false, counted_to: 125_000 }),
    'what was allocated in the range; 25 % of it counted so far');
  // Whoever types an address may name a range that ends behind the trace.
  assert.equal(limitWords(pageWith([100_000, 9_000_000]), { ...answer, to: 1_000_000 }), 'what was allocated in the range');
});
