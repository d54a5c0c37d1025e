// The single file answers as the server does: windows, filters, pages, halves of blocks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutHeap, cutStretches } from 'leakscope/data/cut.js';
import { embedded } from 'leakscope/data/embedded.js';
import { Latest } from 'leakscope/data/latest.js';
import { END, madeUpDocument } from '../document.js';

const source = embedded(madeUpDocument());

test('events are filtered and paged', async () => {
  const all = await source.get('events', { limit: 500 });
  assert.equal(all.total, 405);
  const apis = await source.get('events', { kinds: 'api', offset: 10, limit: 5 });
  assert.equal(apis.total, 99);
  assert.deepEqual(apis.rows.map((row) => [row.kind, row.row]), [10, 11, 12, 13, 14].map((row) => ['api', row]));
  const two = await source.get('events', { kinds: 'log,warning', limit: 20 });
  assert.equal(two.total, 9);
  /** @type {Record<string, [import('leakscope/data/types.js').Parameters, number]>} */
  const counts = { context: [{ context: '2' }, 207], core: [{ core: 1 }, 0], site: [{ site: 7 }, 99], address: [{ address: '0x3ffc0000' }, 198], text: [{ text: 'SENSOR' }, 99],
    range: [{ from: 1_000, to: 2_000 }, 4], task: [{ text: 'onerror', kinds: 'api' }, 99] };
  for (const [name, [filter, total]] of Object.entries(counts)) {
    assert.equal((await source.get('events', filter)).total, total, name);
  }
});

test('a reallocation is among the events of the address that it left', async () => {
  const document = madeUpDocument();
  const rows = document.events.rows.map((row, at) => at === 1 ? { ...row, kind: 'heap', name: 'heap_realloc', address: '0x3ffd0000', old_address: '0x3ffc0000' } : row);
  const moved = embedded({ ...document, events: { ...document.events, rows } });
  assert.equal((await moved.get('events', { address: '0x3ffd0000' })).total, 1);
  assert.equal((await moved.get('events', { address: '0x3ffc0000' })).total, 199);
});

test('a place in a filtered list is found', async () => {
  assert.deepEqual(await source.get('find', { kinds: 'api', time: 1_020 }), { row: 0, index: 1, total: 99, complete: true });
  assert.deepEqual(await source.get('find', { kinds: 'api', index: 2 }), { row: 1, index: 5, total: 99, complete: true });
  assert.deepEqual(await source.get('find', { kinds: 'api', time: END }), { row: 99, index: null, total: 99, complete: true });
});

test('where events are missing stands how many', async () => {
  const document = madeUpDocument();
  const { rows } = document.events;
  // The rows 100 to 299 are left out, but for one; 100 to 199 had two log lines.
  const kept = rows.filter((_, index) => index < 100 || index === 200 || index >= 300).map((row, place) => ({ ...row, row: place }));
  const cut = embedded({ ...document, events: { ...document.events, rows: kept }, log_gap: { from: 100, to: 300, lines: 5 } });
  assert.deepEqual(cut.held, { listed: 206, of: 405 });
  const gaps = async (/** @type {import('leakscope/data/types.js').Parameters} */ filter) => {
    const { rows, total, listed } = await cut.get('events', { ...filter, limit: 500 });
    const missing = rows.filter((row) => row.missing !== undefined);
    assert.equal(total, (listed ?? 0) + missing.length);
    return missing.map((row) => [row.row, row.index, row.missing]);
  };
  assert.deepEqual(await gaps({}), [[100, 100, 100], [102, 201, 99]]);
  assert.deepEqual(await gaps({ kinds: 'log,warning' }), [[2, 100, 5]]);
  assert.deepEqual(await gaps({ text: 'nowhere' }), [[0, 100, 199]]);
  assert.deepEqual(await gaps({ to: rows[50].time }), []);
  assert.deepEqual(await gaps({ from: rows[320].time }), []);
  assert.deepEqual(await cut.get('find', { index: 150 }), { row: 100, index: 100, total: 208, complete: true, missing: true });
  assert.deepEqual(await cut.get('find', { time: rows[150].time }), { row: 100, index: 100, total: 208, complete: true, missing: true });
  assert.equal((await cut.get('find', { index: 200 })).missing, undefined);
});

test('from an allocation to its free and back', async () => {
  const { rows } = await source.get('events', { kinds: 'heap', text: 'size=100', limit: 1 });
  const block = await source.get('block', { index: rows[0].index });
  assert.equal(block.free?.time, 1_700);
  assert.equal(block.lifetime, 200);
  assert.equal((await source.get('block', { index: block.free?.index })).allocation?.index, rows[0].index);
  assert.equal((await source.get('block', { index: 0 })).free, null);
  await assert.rejects(source.get('block', { index: 1 }));
  // Of a reallocation that failed, the block is told as of its allocation.
  const vain = embedded({ ...madeUpDocument(), kept: [[1, rows[0].index]] });
  assert.deepEqual(await vain.get('block', { index: 1 }), block);
});

test('windows are cut out of the whole timeline', async () => {
  const whole = await source.get('timeline', { width: 100 });
  assert.equal(whole.heap.max.length, 100);
  assert.equal(whole.heap.allocations.reduce((sum, count) => sum + count, 0), 198);
  const part = await source.get('timeline', { from: 10_000, to: 20_000, width: 200 });
  assert.deepEqual([part.from, part.to], [10_000, 20_000]);
  for (const { run } of part.lanes) assert.ok(run.every((value, at) => at % 3 === 2 || (value >= 10_000 && value <= 20_000)));
  assert.equal(part.lanes[1].run.length / 3, 10);
  assert.deepEqual(cutStretches([0, 10, 1, 20, 30, 0.5], 5, 25), [5, 10, 1, 20, 25, 0.5]);
});

test('columns keep extremes and count once, and are never finer than what is there', () => {
  const heap = { from: 0, to: 8, width: 4, min: [0, 5, 1, 7], max: [9, 6, 8, 8], last: [5, 6, 7, 7], blocks: [1, 2, 3, 4], allocations: [1, 2, 3, 4], frees: [0, 0, 0, 0], allocated_bytes: [0, 0, 0, 0], failed: [0, 0, 0, 1] };
  const coarse = cutHeap(heap, 0, 8, 2);
  assert.deepEqual([coarse.min, coarse.max, coarse.last, coarse.allocations], [[0, 1], [9, 8], [6, 7], [3, 7]]);
  const fine = cutHeap(heap, 3, 6, 4);
  assert.deepEqual([fine.from, fine.to, fine.width, fine.max, fine.allocations], [2, 6, 2, [6, 8], [2, 3]]);
});

test('a call site has a track, from its events or from its curve', async () => {
  const exact = await source.get('track', { site: 7, from: 10_000, to: 20_000, width: 10 });
  assert.deepEqual([exact.exact, exact.marks?.length, exact.heap.allocations], [true, 10, Array(10).fill(1)]);
  assert.deepEqual([exact.heap.last[0], exact.heap.blocks[9]], [240, 19]);
  const both = await source.get('track', { site: 3, from: 0, to: END, width: 50 });
  assert.deepEqual([both.heap.max[10], both.heap.last.at(-1), both.heap.frees[10]], [100, 0, 2]);
  const document = madeUpDocument();
  const failed = document.events.rows.map((row) => row.index === 1 ? { ...row, kind: 'heap', flag: 'failed', site: 7, size: 4_000 } : row);
  const failing = await embedded({ ...document, events: { ...document.events, rows: failed } }).get('track', { site: 7, from: 0, to: 2_000, width: 2 });
  assert.deepEqual([failing.heap.failed, failing.heap.last, failing.marks?.map(({ kind, size }) => [kind, size])], [[0, 1], [0, 24], [['allocation', 24], ['failed', 4_000]]]);
  const cut = embedded({ ...document, events: { ...document.events, rows: document.events.rows.slice(0, 100) } });
  const summed = await cut.get('track', { site: 7, from: 10_500, to: 20_000, width: 1_000 });
  assert.deepEqual([summed.exact, summed.marks, summed.heap.from, summed.heap.to, summed.heap.width], [false, null, 10_000, 20_000, 10]);
  assert.deepEqual([summed.heap.last, summed.heap.blocks], [exact.heap.last, exact.heap.blocks]);
});

test('a call site has its detail, or its row and a word that the rest is not in the file', async () => {
  const known = await source.get('site', { id: 7 });
  assert.equal(known.curve === null ? null : known.sizes[0].count, 99);
  const row = await source.get('site', { id: 3 });
  assert.deepEqual([row.site.allocations, row.curve, Object.keys(row)], [99, null, ['site', 'frames', 'curve']]);
  const document = madeUpDocument();
  const cut = embedded({ ...document, events: { ...document.events, rows: document.events.rows.slice(0, 100) } });
  await assert.rejects(cut.get('track', { site: 3, from: 0, to: END, width: 50 }), /only of the first call sites/);
  await assert.rejects(source.get('site', { id: 12 }));
});

test('the file says once that nothing more will come', () => {
  /** @type {string[]} */
  const news = [];
  source.follow({ news: ({ state }) => news.push(state), lost: () => news.push('lost') });
  assert.deepEqual(news, ['complete']);
});

test('only the answer to the last question counts', async () => {
  /** @type {((value: unknown) => void)[]} */
  const answers = [];
  const slow = /** @type {import('leakscope/data/types.js').Source} */ (/** @type {unknown} */ ({ get: () => new Promise((resolve) => answers.push(resolve)) }));
  /** @type {unknown[]} */
  const heard = [];
  const latest = new Latest(slow, 'timeline', (answer) => heard.push(answer), () => heard.push('failed'));
  const first = latest.ask({ from: 1 });
  const second = latest.ask({ from: 2 });
  latest.ask({ from: 2 });
  assert.equal(answers.length, 2, 'the same is not asked twice');
  answers[1]('two');
  answers[0]('one');
  await Promise.all([first, second]);
  assert.deepEqual(heard, ['two']);
});

test('an answer that comes in parts is asked for until it is complete', async () => {
  const parts = [{ complete: false, counted_to: 1 }, { complete: false, counted_to: 2 }, { complete: true, counted_to: 3 }];
  let asked = 0;
  const counting = /** @type {import('leakscope/data/types.js').Source} */ (/** @type {unknown} */ ({ get: async () => parts[asked++] }));
  /** @type {unknown[]} */
  const heard = [];
  const latest = new Latest(counting, 'sites', (answer) => heard.push(answer), () => heard.push('failed'));
  await latest.ask({ from: 1, partial: 1 });
  assert.equal(asked, 3);
  assert.deepEqual(heard.at(-1), parts[2]);
});

test('news do not end the question under way, and only the newest is asked then', async () => {
  /** @type {((value: unknown) => void)[]} */
  const answers = [];
  /** @type {unknown[]} */
  const asked = [];
  const slow = /** @type {import('leakscope/data/types.js').Source} */ (/** @type {unknown} */ ({
    get: (/** @type {string} */ _, /** @type {{ to: number }} */ { to }) => {
      asked.push(to);
      return new Promise((resolve) => answers.push(resolve));
    },
  }));
  /** @type {unknown[]} */
  const heard = [];
  const latest = new Latest(slow, 'timeline', (answer) => heard.push(answer), () => heard.push('failed'));
  const all = latest.ask({ to: 1 }, 1);
  latest.ask({ to: 2 }, 2);
  latest.ask({ to: 3 }, 3);
  latest.ask({ to: 3 }, 3);
  answers[0]('one');
  await new Promise((resolve) => setImmediate(resolve));
  answers[1]('three');
  await all;
  assert.deepEqual([asked, heard], [[1, 3], ['one', 'three']]);
});
