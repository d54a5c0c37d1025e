// A made-up trace as the single file embeds it: small enough to count by hand, with one of everything.
// Two tasks; a worker leaks 24 B every 1,000 ticks; main's blocks of 100 B live 200 ticks.

/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/data/types.js').Embedded} Embedded */

export const END = 100_000;
const COLUMNS = 4096;
/** All call sites have a row. */
export const NO_OTHERS = {
  sites: 0, outstanding_sites: 0, outstanding_bytes: 0, outstanding_blocks: 0, leaked_bytes: 0, leaked_blocks: 0, growth_bytes_per_second: 0, bytes_at_peak: 0,
  allocated_bytes: 0, allocations: 0, temporary_bytes: 0, temporary: 0,
};

/** @returns {Embedded} */
export function madeUpDocument() {
  const { rows, blocks } = events();
  const live = liveColumns(rows);
  const heap = { from: 0, to: END, width: COLUMNS, ...live };
  const contexts = /** @type {Embedded['overview']['contexts']} */ ([
    { name: 'SysTick', kind: 'interrupt' }, { name: 'main', kind: 'task' },
    { name: 'worker <img src=x onerror=alert(1)>', kind: 'task' }, { name: 'idle', kind: 'idle' },
  ]);
  const site = { confidence: 'high', allocator: [3], reallocations: 0, failed: 0, bytes_at_peak: 100, contexts: [2], cores: [0], by_context: [] };
  const leak = {
    ...site, site: 7, verdict: /** @type {const} */ ('leak-steady'), standing: /** @type {const} */ ('leak'), title: 'parse_header http.c:66',
    reason: '99 of 99 blocks never freed, one every 1.00 ms from 0.001 s to 0.099 s', stack: [0, 1, 2],
    growth_bytes_per_second: 24_000, growth: '24,000 B/s', outstanding_bytes: 2_376, outstanding_blocks: 99, peak_bytes: 2_376,
    bytes_at_peak: 2_376, allocations: 99, allocated_bytes: 2_376, frees: 0, temporary: 0, temporary_bytes: 0, smallest: 24, largest: 24, first: 1_000, last: 99_000,
  };
  const cache = {
    ...site, site: 3, verdict: /** @type {const} */ ('all-freed'), standing: /** @type {const} */ ('fine'), title: 'read_sensor sensor.c:12', reason: 'all 99 blocks were freed',
    stack: [4, 2], growth_bytes_per_second: 0, growth: '0 B/s', outstanding_bytes: 0, outstanding_blocks: 0, peak_bytes: 100, contexts: [1],
    allocations: 99, allocated_bytes: 9_900, frees: 99, temporary: 99, temporary_bytes: 9_900, smallest: 100, largest: 100, first: 1_500, last: 99_500,
  };
  const frame = { address: '0x40081234', inlined: false };
  return {
    overview: {
      inputs: ['made-up.svdat'],
      target: { application: 'made up', device: 'none', operating_system: 'FreeRTOS', cpu_hz: 160_000_000, cores: [0] },
      clock: { hz: 1_000_000, end: END }, reading: { state: 'complete', read_bytes: 4_000, total_bytes: 4_000 },
      conclusion: 'leak', sentence: '1 leak: 99 blocks, 2,376 B outstanding, growing by 24,000 B/s.', symbols: true, dump: null, image: false, heap_map: false,
      also_wrong: [], unrecorded: null, problems: [{
        code: 'overflow', severity: 'grave', message: 'the target dropped at least 12 packets in 1 place', hint: 'a larger buffer', count: 1,
        input: 'made-up.svdat', offset: 900, time_s: 0.04, time_ticks: 40_000,
      }],
      findings: [leak], contexts, totals: {
        events: rows.length, copies: 0, log_messages: 10, heap_events: 297, allocations: 198, frees: 99, reallocations: 0, failed_allocations: 0, failed_and_retried: 0,
        double_frees: 0, wrong_frees: 0, doubtful_frees: 0, frees_of_older_blocks: 0, allocated_bytes: 12_276, outstanding_blocks: 99, outstanding_bytes: 2_376,
        peak_bytes: 2_476, dropped_packets: 12, call_sites: 2, leaks: 1, leak_bytes_per_second: 24_000,
      },
      peak: { bytes: 2_476, time: 99_500, holders: [{ site: 7, bytes: 2_376, title: 'parse_header http.c:66' }, { site: 3, bytes: 100, title: 'read_sensor sensor.c:12' }] },
      heap: { size: 300_000, live_at_end: 2_376, exhausted_in_s: 12.4, exhausted_in: '12.4 s', outlook: 'At this rate the heap of 300,000 B is used up in 12.4 s after the end of the trace, or earlier' },
      sessions: [{ start: 0, end: END, after_reset: false, stopped: true }], anomalies: [], failures: [],
      limits: { width: 4096, rows: 500, sites: 5000 }, left_out: ['Events between the first 4,000 and the last 2,000 are not here.'],
    },
    sites: {
      from: 0, to: END, limited: false, total: 2, others: NO_OTHERS, sites: [leak, cache],
      frames: [
        { ...frame, function: 'parse_header', file: 'main/http.c', line: 66, inlined: true }, { ...frame, function: 'serve', file: 'main/http.c', line: 101 },
        { ...frame, function: 'task_main', file: 'main/main.c', line: 9 }, { ...frame, function: 'malloc', file: null, line: null },
        { ...frame, function: 'read_sensor', file: 'main/sensor.c', line: 12 },
      ],
    },
    site: { 7: {
      curve: { from: 0, to: END, times: Array.from({ length: 99 }, (_, at) => (at + 1) * 1_000), max: Array.from({ length: 99 }, (_, at) => (at + 1) * 24), last: Array.from({ length: 99 }, (_, at) => (at + 1) * 24),
        step: 1_000, blocks: Array.from({ length: 99 }, (_, at) => at + 1), allocations: Array(99).fill(1), frees: Array(99).fill(0) },
      sizes: [{ from: 16, to: 32, count: 99 }], lifetimes: [], failures: [],
      blocks: [{ address: '0x3ffb0400', size: 24, time: 1_000, context: 2, core: 0 }],
    } },
    timeline: {
      from: 0, to: END, width: COLUMNS, exact: true, resolution: 1,
      lanes: [
        { core: 0, context: 0, run: every(1_000, 900, 20), ready: [] },
        { core: 0, context: 1, run: every(1_000, 500, 250), ready: [] },
        { core: 0, context: 2, run: every(1_000, 0, 300), ready: every(1_000, 880, 120) },
        { core: 0, context: 3, run: every(1_000, 300, 200), ready: [] },
      ],
      heap, marks: { heap: null, logs: rows.filter((row) => ['log', 'warning'].includes(row.kind)).map((row) => ({ ...row, text: row.detail })) },
      logs: zeros(), warnings: zeros(), errors: zeros(), gaps: [{ from: 40_000, to: 43_000, packets: 12, bytes: 0 }], user_marks: [],
    },
    log_gap: null,
    events: { offset: 0, total: rows.length, complete: true, searched_to: rows.length, rows },
    tasks: {
      from: 0, to: END, limited: false, unknown_ticks: [], matrix: [{ allocated_by: 1, freed_by: 1, blocks: 99, bytes: 9_900 }],
      tasks: [1, 2].map((context) => ({
        context, name: contexts[context].name, kind: 'task', address: '0x3ffb5000', priority: 6 - context, stack: { base: '0x3ffb6000', size: 4096, used: null },
        run: [{ core: 0, ticks: 25_000 + context * 5_000, share: 0.25, switches: 99 }], allocations: 99, allocated_bytes: 99, frees: 0, freed_bytes: 0,
        net_bytes: 99, outstanding_bytes: 99, peak_bytes: 99,
      })),
    },
    system: {
      target: { application: 'made up', device: 'none', operating_system: 'FreeRTOS', elf_sha256: null, cores: [0] },
      init: [{ core: 0, timestamp_hz: 1_000_000, cpu_hz: 160_000_000, ram_base: '0x3f400000', id_shift: 0 }], descriptions: ['N=made up'],
      interrupts: [{ number: 5, name: 'SysTick' }], modules: [], heaps: [],
      recording: { bytes: 4_000, events: rows.length, length: END, events_per_second: 4_000, peak_events_per_second: 5_000, overflows: 1, dropped_packets: 12, skipped_bytes: 0 },
      events: [{ id: 512, name: 'heap_alloc', count: 198 }, { id: 513, name: 'heap_free', count: 99 }],
    },
    blocks, again: [], kept: [], frees: {}, contexts: { from: 0, to: END, contexts: [] }, lives: lives(1), memory: { image: null, regions: [], blocks: { sites: [], kinds: [], holders: [], words: [] }, sites: [] }, heap: heapOverTime(),
    shares: ['site', 'context', 'heap'].map(() => ({ from: 0, to: END, width: 4, exact: false, bands: [], others: { owners: 0, last: [0, 0, 0, 0] } })), owners: [], before: { inputs: [], unrecorded: null, frames: [], sites: [], others: NO_OTHERS },
  };
}

/** A heap's map in four columns, of two regions. */
export function heapOverTime() {
  return {
    from: 0, to: END, complete: true, counted_to: END, map: null, column_ticks: END / 4, regions: [
      {
        start: '0x3ffb0000', bytes: 4_096, rows: 16, columns: [[16, -1, 0, 0], [2, 7, 50, 1_000, 12, -1, 0, 0, 2, -2, 0, 0], null, [2, 7, 50, 1_000, 14, -1, 0, 0]],
        free: [4_096, 3_584, 3_584, 3_840], least_free: [4_096, 3_584, 3_584, 3_584], largest: [4_096, 3_000, 3_000, 3_500], least_largest: [4_096, 3_000, 3_000, 3_000], holes: [1, 1, 1, 1],
      },
      { start: '0x3ffc0000', bytes: 64, rows: 1, columns: [[1, -2, 0, 0], null, null, null], free: [0, 0, 0, 0], least_free: [0, 0, 0, 0], largest: [0, 0, 0, 0], least_largest: [0, 0, 0, 0], holes: [0, 0, 0, 0] },
    ],
  };
}

/** The lives of the same blocks. @param {number} resolution */
export function lives(resolution) {
  const stretch = (/** @type {number} */ time) => Math.floor(time / resolution);
  const each = Array.from({ length: 99 }, (_, at) => (at + 1) * 1_000).flatMap((time) => [
    { born: stretch(time), lived: -1, site: 7, end: 0, by: 2, freedBy: -1, bytes: 24 },
    { born: stretch(time + 500), lived: stretch(time + 700) - stretch(time + 500), site: 3, end: 2, by: 1, freedBy: 1, bytes: 100 },
  ]);
  const columns = {
    resolution, born: each.map(({ born }, at) => born - (each[at - 1]?.born ?? 0)), lived: each.map(({ lived }) => lived),
    blocks: each.map(() => 1), bytes: each.map(({ bytes }) => bytes),
  };
  return {
    sites: { ...columns, sites: each.map(({ site }) => site), ends: each.map(({ end }) => end) },
    contexts: { ...columns, allocated_by: each.map(({ by }) => by), freed_by: each.map(({ freedBy }) => freedBy) },
  };
}

function events() {
  /** @type {EventRow[]} */
  const rows = [];
  /** @type {Embedded['blocks']} */
  const blocks = [];
  const add = (/** @type {Partial<EventRow> & { time: number, kind: string, name: string }} */ row) => {
    const index = rows.length;
    rows.push({ row: index, index, core: 0, context: 1, id: 40, detail: '', site: -1, address: null, size: null, flag: null, input: 0, offset: index * 8, ...row });
    return index;
  };
  for (let round = 1; round < 100; round += 1) {
    const time = round * 1_000;
    const leaked = add({ time, kind: 'heap', name: 'heap_alloc', context: 2, site: 7, address: `0x3ffb${(round * 64).toString(16).padStart(4, '0')}`, size: 24, detail: 'size=24 callers=parse_header:66' });
    add({ time: time + 20, kind: 'api', name: 'xQueueGenericSend', context: 2, detail: 'pxQueue=0x3ffb9000 xTicksToWait=100' });
    if (round % 10 === 0) add({ time: time + 30, kind: round === 50 ? 'warning' : 'log', name: 'log', context: 2, detail: `round ${round}` });
    const allocation = add({ time: time + 500, kind: 'heap', name: 'heap_alloc', site: 3, address: '0x3ffc0000', size: 100, detail: 'size=100 callers=read_sensor:12' });
    const free = add({ time: time + 700, kind: 'heap', name: 'heap_free', site: 3, address: '0x3ffc0000', size: 100, detail: 'address=0x3ffc0000' });
    blocks.push([leaked, null], [allocation, free]);
  }
  return { rows, blocks };
}

/** @param {EventRow[]} rows */
function liveColumns(rows) {
  const columns = { min: zeros(), max: zeros(), last: zeros(), blocks: zeros(), allocations: zeros(), frees: zeros(), allocated_bytes: zeros(), failed: zeros() };
  let [live, blocks] = [0, 0];
  let at = 0;
  for (let column = 0; column < COLUMNS; column += 1) {
    let [low, high] = [live, live];
    for (; at < rows.length && rows[at].time < ((column + 1) * END) / COLUMNS; at += 1) {
      const { name, size } = rows[at];
      if (size === null) continue;
      live += name === 'heap_alloc' ? size : -size;
      blocks += name === 'heap_alloc' ? 1 : -1;
      (name === 'heap_alloc' ? columns.allocations : columns.frees)[column] += 1;
      [low, high] = [Math.min(low, live), Math.max(high, live)];
    }
    [columns.min[column], columns.max[column], columns.last[column], columns.blocks[column]] = [low, high, live, blocks];
  }
  return columns;
}

/** Triples: a stretch in every period. @param {number} period @param {number} from @param {number} length */
function every(period, from, length) {
  return Array.from({ length: END / period }, (_, at) => [at * period + from, at * period + from + length, 1]).flat();
}

/** @returns {number[]} */
function zeros() {
  return Array(COLUMNS).fill(0);
}
