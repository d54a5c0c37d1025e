// A range of the single file: what was allocated in it, and what of that is live at its end, counted from lives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embedded } from 'leakscope/data/embedded.js';
import { limitSites, siteLives } from 'leakscope/data/lives.js';
import { END, lives, madeUpDocument } from '../document.js';

const document = madeUpDocument();
const source = embedded(document);

/** @param {import('leakscope/data/types.js').Site} site */
function counts({ site, allocations, allocated_bytes, outstanding_blocks, outstanding_bytes, frees, temporary, bytes_at_peak, peak_bytes, contexts }) {
  return { site, allocations, allocated_bytes, outstanding_blocks, outstanding_bytes, frees, temporary, bytes_at_peak, peak_bytes, contexts };
}

test('call sites are limited to what was allocated in the range and lives at its end', async () => {
  // Ten rounds, and of the next one the leaked block and a block that is freed behind the range.
  const { limited, from, to, sites, total, others } = await source.get('sites', { from: 10_000, to: 20_600 });
  assert.deepEqual([limited, from, to, total, others.sites], [true, 10_000, 20_600, 2, 0]);
  assert.deepEqual(sites.map(counts), [
    { site: 7, allocations: 11, allocated_bytes: 264, outstanding_blocks: 11, outstanding_bytes: 264, frees: 0, temporary: 0, bytes_at_peak: 264, peak_bytes: 264, contexts: [2] },
    { site: 3, allocations: 11, allocated_bytes: 1_100, outstanding_blocks: 1, outstanding_bytes: 100, frees: 10, temporary: 10, bytes_at_peak: 100, peak_bytes: 100, contexts: [1] },
  ]);
  const { sites: none } = await source.get('sites', { from: 1_100, to: 1_400 });
  assert.deepEqual(none, []);
});

test('tasks are limited to the range', async () => {
  const { limited, tasks, matrix } = await source.get('tasks', { from: 10_600, to: 12_600 });
  assert.equal(limited, true);
  const [main, worker] = tasks;
  // Blocks of before the range are freed in it too, and the matrix is of all that are freed.
  assert.deepEqual([main.allocations, main.allocated_bytes, main.frees, main.freed_bytes, main.net_bytes, main.outstanding_bytes], [2, 200, 2, 200, 0, 100]);
  assert.deepEqual([worker.allocations, worker.outstanding_bytes, worker.frees], [2, 48, 0]);
  assert.deepEqual(matrix, [{ allocated_by: 1, freed_by: 1, blocks: 2, bytes: 200 }]);
  // Of 1,540 ticks it is known what ran.
  assert.deepEqual(main.run, [{ core: 0, ticks: 150 + 250 + 100, share: 500 / 1_540, switches: null }]);
});

test('a range is rounded to what the lives can tell apart', () => {
  const coarse = limitSites(document.sites, siteLives(lives(1_024).sites), 1_024, { from: 10_000, to: 20_600 });
  assert.deepEqual([coarse.from, coarse.to], [10_240, 20_480]);
  const fine = limitSites(document.sites, siteLives(lives(1).sites), 1, coarse);
  const kept = (/** @type {typeof fine} */ { sites }) => sites.map(({ site, allocations, outstanding_bytes, frees }) => [site, allocations, outstanding_bytes, frees]);
  assert.deepEqual(kept(coarse), kept(fine));
  const least = limitSites(document.sites, siteLives(lives(1_024).sites), 1_024, { from: 10_000, to: 10_001 });
  assert.equal(least.to - least.from, 1_024);
  const last = limitSites(document.sites, siteLives(lives(1_024).sites), 1_024, { from: 0, to: END });
  assert.deepEqual([last.from, last.to, last.sites.length], [0, END, 2]);
});

test('call sites that are not in the file are others', () => {
  const [first] = document.sites.sites;
  const { sites, others, total } = limitSites({ ...document.sites, sites: [first] }, siteLives(lives(1).sites), 1, { from: 10_000, to: 20_600 });
  assert.equal(sites.length, 1);
  const theirs = { outstanding_bytes: 100, outstanding_blocks: 1, bytes_at_peak: 100, allocated_bytes: 1_100, allocations: 11, temporary_bytes: 1_000, temporary: 10 };
  assert.deepEqual([others, total], [{ sites: 1, outstanding_sites: 1, ...theirs, leaked_bytes: 0, leaked_blocks: 0, growth_bytes_per_second: 0 }, 2]);
  const leaky = { ...document.sites, sites: [first], others: { ...document.sites.others, leaked_blocks: 3 } };
  assert.equal(limitSites(leaky, siteLives(lives(1).sites), 1, { from: 10_000, to: 20_600 }).others.leaked_bytes, null, 'which of them leak is not known');
});

test('a file without lives answers about the whole trace', async () => {
  const without = embedded({ ...document, lives: { sites: null, contexts: null } });
  assert.equal((await without.get('sites', { from: 1, to: 2 })).limited, false);
  assert.equal((await without.get('tasks', { from: 1, to: 2 })).limited, false);
});
