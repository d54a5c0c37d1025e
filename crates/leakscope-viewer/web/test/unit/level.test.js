// What columns tell of a moment: never more than they know.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExact, levelAt } from 'leakscope/chart/read-out.js';
import { embedded } from 'leakscope/data/embedded.js';
import { levelWords } from 'leakscope/page/level.js';
import { END, madeUpDocument } from '../document.js';

test('a moment’s level lies between those of its column, and is exact only where nothing happened', async () => {
  const source = embedded(madeUpDocument());
  for (const width of [7, 100, 640, 1_000, 4_096]) {
    const { heap } = await source.get('timeline', { width });
    for (let ticks = 3; ticks < END; ticks += 997) {
      const moment = await source.get('timeline', { from: ticks, to: ticks + 1, width: 1 });
      const truth = levelAt(moment.heap, ticks);
      const level = levelAt(heap, ticks);
      assert.ok(truth !== null && level !== null && truth.blocks !== null);
      // A worker leaks 24 B at each 1,000 ticks; main's 100 B live from 500 to 700 of them.
      const [round, rest] = [Math.min(Math.floor(ticks / 1_000), 99), ticks % 1_000];
      const other = round >= 1 && rest >= 500 && rest < 700 ? 1 : 0;
      assert.deepEqual([truth.least, truth.most, truth.blocks], [round * 24 + other * 100, round * 24 + other * 100, round + other]);
      assert.ok(level.least !== null && level.least <= truth.most && truth.most <= level.most, `${ticks} in ${width}`);
      if (isExact(level)) assert.deepEqual(level, truth, `${ticks} in ${width}`);
    }
  }
});

test('who holds how much at a moment of the single file', async () => {
  const source = embedded(madeUpDocument());
  const shares = await source.get('shares', { by: 'site', from: 10_600, to: 10_601, width: 1 });
  assert.deepEqual([shares.exact, shares.bands.map(({ site, last }) => [site, last[0]])], [true, [[7, 240], [3, 100]]]);
  const tasks = await source.get('shares', { by: 'context', from: 10_600, to: 10_601, width: 1 });
  assert.deepEqual(tasks.bands.map(({ context, last }) => [context, last[0]]), [[2, 240], [1, 100]]);
  assert.equal((await source.get('shares', { by: 'heap', from: 10_600, to: 10_601, width: 1 })).exact, false);
});

test('what is not known exactly is not written so', () => {
  assert.equal(levelWords({ least: 5_815, most: 5_815, blocks: 8 }), '5,815 B in 8 blocks');
  assert.equal(levelWords({ least: 5_815, most: 7_131, blocks: null }), '5,815 to 7,131 B');
  assert.equal(levelWords({ least: null, most: 7_131, blocks: null }), 'at most 7,131 B');
  assert.equal(levelWords(null), '');
  // A call site's curve knows the most of a stretch and its end: with frees and allocations, it may have been less.
  const curve = { from: 0, to: 10, width: 1, min: [100], max: [300], last: [200], blocks: [2], allocations: [3], frees: [1], allocated_bytes: [], failed: [] };
  assert.equal(levelAt(curve, 5, false)?.least, null);
  assert.equal(levelAt({ ...curve, frees: [0] }, 5, false)?.least, 100);
});
