// Where things are placed: lanes, curves, the icicle, and the rows of long lists.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axisOf, byteMarks, columnBars } from 'leakscope/chart/curve-layout.js';
import { addOther, ancestors, follow, largestDifference, matchedValue, mergedWords, place, tree } from 'leakscope/chart/icicle-layout.js';
import { bars, neighbour, placeLanes, rowAt } from 'leakscope/chart/lanes-layout.js';
import { Scale } from 'leakscope/chart/scale.js';
import { stackBands } from 'leakscope/chart/stack-layout.js';
import { lastTop, reveal, revealInMiddle, scrolledHeight, scrollOfTop, TALLEST, topOfScroll, visibleRows } from 'leakscope/part/list-window.js';
import { sortRows } from 'leakscope/part/table.js';
import { splitAmongTasks } from 'leakscope/view/of-tasks.js';
import { madeUpDocument } from '../document.js';

test('lanes stand below the heading of their core', () => {
  const lane = { run: [], ready: [] };
  const { rows, height } = placeLanes([{ core: 0, context: 4, ...lane }, { core: 0, context: 1, ...lane }, { core: 1, context: 4, ...lane }]);
  assert.deepEqual(rows.map((row) => row.kind === 'core' ? `core ${row.core}` : row.context), ['core 0', 4, 1, 'core 1', 4]);
  assert.ok(rows.every((row, at) => at === 0 || row.y === rows[at - 1].y + rows[at - 1].height));
  assert.equal(height, 2 * 24 + 3 * 22);
  assert.equal(rowAt(rows, 30), rows[1]);
  assert.equal(rowAt(rows, height), null);
});

test('never more bars than pixels, and none is lost', () => {
  const triples = Array.from({ length: 10_000 }, (_, at) => [at * 10, at * 10 + 3, 1]).flat();
  const few = bars(triples, new Scale([0, 100_000], 100));
  assert.ok(few.length <= 100 && few.length >= 99);
  assert.ok(few.every((bar) => bar.width === 1 && bar.share > 0 && bar.share <= 1));
  assert.deepEqual(bars([10, 20, 1, 50, 60, 0.5], new Scale([0, 100], 100)), [{ x: 10, width: 10, share: 1 }, { x: 50, width: 10, share: 0.5 }]);
  assert.equal(bars([10, 11, 1], new Scale([0, 1_000_000], 100)).length, 1, 'one tick of a million is to be seen');
  assert.deepEqual(bars([], new Scale([0, 1], 1)), []);
});

test('the next and the previous run of a lane', () => {
  const run = [10, 20, 1, 50, 60, 1];
  assert.equal(neighbour(run, 10, 1), 50);
  assert.equal(neighbour(run, 55, -1), 50);
  assert.equal(neighbour(run, 10, -1), null);
});

test('columns become bars', () => {
  assert.deepEqual(columnBars({ min: [0, 5], max: [10, 5] }, { least: 0, most: 10 }, 100), [{ top: 0, bottom: 100 }, { top: 50, bottom: 50 }]);
  assert.deepEqual(axisOf({ from: 0, to: 2, min: [100, 300], max: [200, 600] }, 1, 0), { least: 276, most: 624 });
  assert.deepEqual(axisOf({ from: 0, to: 2, min: [100, 300], max: [200, 600] }, null, 1_000), { least: 0, most: 1_130 });
  assert.deepEqual(byteMarks({ least: 950, most: 1_060 }, 2).map(({ label }) => label), ['1,000 B']);
  // A window that begins after start-up: the lowest of all that is shown.
  assert.deepEqual(axisOf({ from: 50, to: 52, min: [100, 300], max: [200, 600] }, 100, 0), { least: 60, most: 640 });
  assert.deepEqual(byteMarks({ least: 0, most: 2_000 }, 4).map(({ label }) => label), ['0 B', '500 B', '1,000 B', '1,500 B', '2,000 B']);
  assert.deepEqual(byteMarks({ least: 0, most: 20 * 1_024 }, 2), [{ bytes: 0, label: '0 KiB' }, { bytes: 10_240, label: '10 KiB' }, { bytes: 20_480, label: '20 KiB' }]);
  assert.deepEqual(byteMarks({ least: 0, most: 3 * 2 ** 20 }, 6).map(({ label }) => label).slice(0, 3), ['0.0 MiB', '0.5 MiB', '1.0 MiB']);
  assert.deepEqual(byteMarks({ least: 20_480, most: 20_500 }, 2).map(({ label }) => label), ['20,480 B', '20,490 B', '20,500 B']);
  assert.ok(byteMarks({ least: 0, most: 3 }, 40).every(({ bytes }) => Number.isInteger(bytes)));
});

test('an icicle: callers above, widths as the weights', () => {
  const { sites } = madeUpDocument();
  const root = tree(sites, { weight: 'allocated_bytes', inverted: false, allocator: false });
  assert.equal(root.value, 2_376 + 9_900);
  assert.deepEqual(root.children.map((node) => node.label), ['task_main']);
  assert.deepEqual(root.children[0].children.map((node) => [node.label, node.value]), [['read_sensor', 9_900], ['serve', 2_376]]);

  const boxes = place(root, 0);
  const leaf = boxes.find(({ node }) => node.label === 'parse_header');
  assert.equal(leaf?.depth, 3);
  assert.ok(Math.abs((leaf?.width ?? 0) - 2_376 / 12_276) < 1e-12);
  for (const { node, x, width, depth } of boxes) {
    const inside = boxes.filter((box) => box.node.parent === node);
    assert.ok(inside.every((box) => box.depth === depth + 1 && box.x >= x - 1e-12 && box.x + box.width <= x + width + 1e-12));
  }
});

test('call sites that are not listed have their part of the whole', () => {
  const { sites } = madeUpDocument();
  const cut = { ...sites, sites: sites.sites.slice(0, 1), total: 2, others: { ...sites.others, sites: 1, allocated_bytes: 9_900, allocations: 99 } };
  const options = { weight: 'allocated_bytes', inverted: false, allocator: false };
  const root = tree(cut, options);
  assert.equal(root.value, 2_376 + 9_900);
  assert.deepEqual(root.children.map(({ label, value, sites, worst }) => [label, value, sites.size, worst]), [['call sites that are not listed', 9_900, 0, 'unknown'], ['task_main', 2_376, 1, 'leak']]);
  assert.equal(tree(cut, { ...options, inverted: true, weight: 'allocations' }).value, 198);
  assert.equal(matchedValue(root, 'listed'), 0, 'what they call is not known');
  assert.equal(tree(cut, { ...options, around: 'task_main' }).value, 2_376);
  assert.deepEqual(tree(cut, { ...options, weight: 'leaked_bytes' }).children.map(({ label }) => label), ['task_main']);
  addOther(root, { ...cut, others: { ...cut.others, allocated_bytes: 100 } }, options, null);
  assert.deepEqual([root.other, root.children[0].other], [2_476, 100]);
});

test('a flame graph of leaks: lines as cells, tasks at the root, and the worst standing of each', () => {
  const { sites } = madeUpDocument();
  const root = tree(sites, { weight: 'leaked_bytes', inverted: false, allocator: false, lines: true }, ({ contexts }) => `task ${contexts}`);
  assert.equal(root.value, 2_376, 'what leaks, and nothing else');
  assert.deepEqual(root.children.map((node) => [node.label, node.children[0].label]), [['task 2', 'task_main:9']]);
  const all = tree(sites, { weight: 'allocated_bytes', inverted: false, allocator: false });
  assert.equal(all.worst, 'leak');
  assert.deepEqual(all.children[0].children.map((node) => [node.label, node.worst]), [['read_sensor', 'fine'], ['serve', 'leak']]);
  assert.equal(tree(sites, { weight: 'growth_bytes_per_second', inverted: false, allocator: false }).value, 24_000);
});

test('around a function stand its callers and what it calls, from its outermost call on', () => {
  const { sites } = madeUpDocument();
  const [leak, cache] = sites.sites;
  // The function that serves calls itself.
  const recursive = { sites: [{ ...leak, stack: [0, 1, 1, 2] }, cache], frames: sites.frames };
  const options = { weight: 'allocated_bytes', allocator: false, around: 'serve' };
  const path = (/** @type {import('leakscope/chart/icicle-layout.js').Node} */ node) => {
    const labels = [];
    for (let at = node.children[0]; at !== undefined; at = at.children[0]) labels.push(`${at.label} ${at.value}`);
    return labels;
  };
  assert.deepEqual(path(tree(recursive, { ...options, inverted: false })), ['serve 2376', 'serve 2376', 'parse_header 2376']);
  assert.deepEqual(path(tree(recursive, { ...options, inverted: true })), ['serve 2376', 'serve 2376', 'task_main 2376']);
  assert.equal(tree(recursive, { ...options, inverted: false, around: 'nowhere' }).value, 0);
});

test('two recordings in one tree: each node has what both have', () => {
  const { sites } = madeUpDocument();
  const [leak, cache] = sites.sites;
  const options = { weight: 'outstanding_bytes', inverted: false, allocator: false };
  const root = tree(sites, options);
  addOther(root, { sites: [{ ...leak, outstanding_bytes: 1_000 }, { ...cache, stack: [4], outstanding_bytes: 50 }], frames: sites.frames }, options, null);
  assert.deepEqual([root.value, root.other], [2_376, 1_050]);
  assert.deepEqual(root.children.map(({ label, value, other }) => [label, value, other]), [['task_main', 2_376, 1_000], ['read_sensor', 0, 50]]);
  assert.equal(largestDifference(root), 1_376);
  assert.deepEqual(place(root, 0.001).map(({ node }) => node.label), ['all', 'task_main', 'serve', 'parse_header'], 'what is not here has no room');
});

test('stacked bytes lie on each other, and all others on top', () => {
  const owner = { site: -1, context: -1, of_heap: null, title: '' };
  const bands = stackBands({ width: 2, bands: [{ ...owner, last: [5, 1] }, { ...owner, last: [2, 2] }], others: { owners: 3, last: [0, 4] } });
  assert.deepEqual(bands, [{ below: [0, 0], above: [5, 1] }, { below: [5, 1], above: [7, 3] }, { below: [7, 3], above: [7, 7] }]);
});

test('what is together in a cell, or has none, is said', () => {
  const { sites } = madeUpDocument();
  const [leak, cache] = sites.sites;
  const frames = [...sites.frames, { ...sites.frames[2], line: 44 }];
  // The task's function calls from a second line, and allocates itself.
  const more = [leak, { ...cache, site: 12, stack: [4, 5] }, { ...cache, site: 13, stack: [2], allocated_bytes: 5_000 }, { ...cache, site: 14, stack: [0, 2], allocated_bytes: 1 }];
  const root = tree({ sites: more, frames }, { weight: 'allocated_bytes', inverted: false, allocator: false });
  assert.equal(mergedWords(root.children[0]), '2 lines');
  assert.deepEqual(place(root, 0.01).flatMap(({ rest, depth }) => rest === undefined ? [] : [[rest, depth]]), [['itself, 1 function too narrow to show', 2]]);
  const inverted = tree({ sites: [leak, { ...leak, site: 15 }], frames }, { weight: 'allocations', inverted: false, allocator: false });
  assert.equal(mergedWords(inverted.children[0].children[0].children[0]), '2 call sites');
});

test('an icicle inverted, with the allocator, zoomed and searched', () => {
  const { sites } = madeUpDocument();
  const inverted = tree(sites, { weight: 'allocations', inverted: true, allocator: true });
  assert.deepEqual(inverted.children.map((node) => node.label), ['malloc']);
  assert.equal(inverted.children[0].value, 198);

  const root = tree(sites, { weight: 'allocations', inverted: false, allocator: false });
  const zoomed = follow(root, ['task_main', 'serve', 'not there']);
  assert.equal(zoomed.label, 'serve');
  assert.deepEqual(ancestors(zoomed).map((node) => node.label), ['all', 'task_main']);
  assert.deepEqual(place(zoomed, 0).map(({ node, x, width }) => [node.label, x, width]),
    [['all', 0, 1], ['task_main', 0, 1], ['serve', 0, 1], ['parse_header', 0, 1]]);
  assert.equal(matchedValue(root, 'http.c'), 99);
  assert.equal(matchedValue(root, 'TASK, serve'), 198, 'what lies in both counts once');
  assert.equal(matchedValue(root, ''), 0);
  assert.deepEqual(place(tree({ sites: [], frames: [] }, { weight: 'allocations', inverted: false, allocator: false }), 0), []);
});

test('lists of any length scroll from their first row to their last', () => {
  for (const total of [0, 3, 1_000, 10_000_000, 4_000_000_000]) {
    const list = { total, rowHeight: 22, height: 550 };
    assert.ok(scrolledHeight(list) <= Math.max(TALLEST, 550));
    assert.equal(topOfScroll(list, 0), 0);
    const bottom = scrolledHeight(list) - 550;
    assert.equal(topOfScroll(list, bottom), lastTop(list));
    assert.deepEqual(visibleRows(list, lastTop(list))[1], total, 'the last row is to be seen');
    const [first, after] = visibleRows(list, topOfScroll(list, bottom / 3));
    assert.ok(after - first <= 26 && first >= 0);
    const top = lastTop(list) / 7;
    assert.ok(Math.abs(topOfScroll(list, scrollOfTop(list, top)) - top) <= Math.max(top * 1e-9, 1e-6));
  }
});

test('a row is brought into view, moving as little as can be', () => {
  const list = { total: 1_000, rowHeight: 20, height: 200 };
  assert.equal(reveal(list, 50, 55), 50);
  assert.equal(reveal(list, 50, 60), 51);
  assert.equal(reveal(list, 50, 10), 10);
  assert.equal(reveal(list, 50, 999), 990);
  assert.equal(revealInMiddle(list, 50, 500), 495);
  assert.equal(revealInMiddle(list, 50, 52), 50);
});

test('tables sort by a column, and what is not known stands last', () => {
  const columns = [{ name: 'size', cell: String, order: (/** @type {number | null} */ row) => row }];
  assert.deepEqual(sortRows([2, null, 3, 1], columns, 'size'), [1, 2, 3, null]);
  assert.deepEqual(sortRows([2, null, 3, 1], columns, '-size'), [3, 2, 1, null]);
  assert.deepEqual(sortRows([2, 1], columns, 'other'), [2, 1]);
});

test('a call site of several tasks is split among them where that is told', () => {
  const own = { outstanding_bytes: 0, outstanding_blocks: 0, allocated_bytes: 0, allocations: 0, temporary_bytes: 0, temporary: 0 };
  const site = /** @type {any} */ ({
    site: 1, stack: [0], allocator: [], standing: 'leak', outstanding_bytes: 30, bytes_at_peak: 40, contexts: [2, 5],
    by_context: [{ ...own, context: 2, outstanding_bytes: 10 }, { ...own, context: 5, outstanding_bytes: 20 }],
  });
  const other = { ...site, site: 2, outstanding_bytes: 7, bytes_at_peak: 7, contexts: [5], by_context: [] };
  const sites = /** @type {any} */ ({ sites: [site, other], frames: [{ function: 'f', address: '0x1' }] });
  const roots = (/** @type {string} */ weight) => {
    const root = tree(splitAmongTasks(sites, weight), { weight, inverted: false, allocator: false }, ({ contexts }) => contexts.join(' and '));
    return root.children.map(({ label, value, sites }) => [label, value, sites.size]);
  };
  assert.deepEqual(roots('leaked_bytes'), [['5', 27, 2], ['2', 10, 1]]);
  assert.deepEqual(roots('bytes_at_peak'), [['2 and 5', 40, 1], ['5', 7, 1]]);
});
