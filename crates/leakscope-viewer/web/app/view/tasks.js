// Tasks: how long each ran and where, what it allocated and freed, its stack; and who frees what others
// allocated.
import { Latest } from 'leakscope/data/latest.js';
import { pinOf } from 'leakscope/data/owner.js';
import { shownName } from 'leakscope/format/names.js';
import { bytes, count, counted, signed } from 'leakscope/format/units.js';
import { limitWords } from 'leakscope/page/limits.js';
import { pinButton, showPins } from 'leakscope/page/pin.js';
import { copyButton } from 'leakscope/part/copy.js';
import { element, fill, section } from 'leakscope/part/element.js';
import { refill } from 'leakscope/part/focus.js';
import { tableBox, table } from 'leakscope/part/table.js';
import { contextsSection } from 'leakscope/view/contexts.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Task} Task */
/** @typedef {import('leakscope/data/types.js').Tasks} Tasks */

/** The most cells of a matrix of tasks. */
const MOST_CELLS = 400;

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function tasksView(page) {
  const inside = element('div', { class: 'padded' }, element('p', { class: 'quiet' }, 'Reading …'));
  /** @type {Tasks | null} */
  let tasks = null;
  const latest = new Latest(page.source, 'tasks', (answer) => {
    tasks = answer;
    draw();
  }, (message) => fill(inside, element('p', { class: 'quiet' }, message)));
  const draw = () => {
    if (tasks === null) return;
    const limits = limitWords(page, tasks, 'What happened');
    refill(inside, limits !== '' && element('p', { class: tasks.limited ? 'limits quiet' : 'limits problem' }, `${tasks.limited ? '' : 'This is '}${limits}.`),
      section('Tasks and interrupts', taskTable(page, tasks), unknownTime(page, tasks)),
      contexts.element, section('Who frees what others allocated', ...[matrix(page, tasks)].flat()));
  };
  const contexts = contextsSection(page);
  let sort = '';
  return {
    element: element('div', { class: 'view tasks', tabindex: -1 }, inside),
    show(state) {
      latest.ask({ ...page.limits, partial: 1 }, page.version);
      contexts.show();
      showPins(inside, state.pins);
      if (state.sort !== sort) {
        sort = state.sort;
        draw();
      }
    },
    close() {
      latest.stop();
      contexts.close();
    },
  };
}

/** @param {Page} page @param {Tasks} tasks */
function taskTable(page, { tasks, limited }) {
  const { cores } = page.overview.target;
  const ticksOf = tasks.flatMap((task) => task.run.map(({ ticks }) => ticks));
  const time = page.clock.column(ticksOf);
  const ran = (/** @type {Task} */ task, /** @type {number} */ core) => task.run.find((run) => run.core === core);
  return table({
    caption: 'Tasks and interrupts', rows: tasks.toSorted((a, b) => rank(a) - rank(b) || (b.priority ?? 0) - (a.priority ?? 0)), sort: page.state.sort, sorted: (sort) => page.go({ sort }),
    key: (task) => `${task.name} ${task.address}`,
    chosen: (task) => task.context < 0 ? page.say(`${shownName(task.name)} has no events: it was only named.`) : page.go({ view: 'events', contexts: [task.context], kinds: [] }),
    columns: [
      { name: 'Name', class: 'words', cell: (task) => element('span', { title: task.name }, shownName(task.name)), copied: (task) => task.name, order: (task) => task.name.toLowerCase() },
      { name: 'Kind', class: 'extra', cell: (task) => task.kind, order: (task) => task.kind },
      { name: 'Priority', class: 'number extra', cell: (task) => task.priority ?? '', order: (task) => task.priority },
      ...cores.map((core) => /** @type {import('leakscope/part/table.js').Column<Task>} */ ({
        name: cores.length > 1 ? `CPU, core ${core}` : 'CPU', class: 'number', unit: 'ticks', title: 'Its share of the time of which it is known what ran, and how long it ran',
        cell: (task) => cpu(time, ran(task, core)), order: (task) => ran(task, core)?.ticks ?? 0,
      })),
      { name: 'Switches', class: 'number wide', cell: (task) => countOrNone(switches(task)), order: switches },
      { name: 'Allocated', class: 'number wide', unit: 'bytes', title: 'Bytes, in so many blocks', cell: (task) => amount(task.allocations, task.allocated_bytes), order: (task) => task.allocated_bytes, beside: { name: 'Allocated [blocks]', order: (task) => task.allocations } },
      { name: 'Freed', class: 'number wide', unit: 'bytes', title: 'Bytes that it freed, in so many blocks, whoever had allocated them', cell: (task) => amount(task.frees, task.freed_bytes), order: (task) => task.freed_bytes, beside: { name: 'Freed [blocks]', order: (task) => task.frees } },
      { name: 'Net', class: 'number wide', unit: 'bytes', cell: (task) => task.net_bytes === 0 ? none() : `${signed(task.net_bytes)} B`, order: (task) => task.net_bytes },
      { name: 'Outstanding', class: 'number', unit: 'bytes', title: limited ? 'Allocated in the range, and live at its end' : 'Of what it allocated', cell: (task) => bytesOrNone(task.outstanding_bytes), order: (task) => task.outstanding_bytes },
      { name: 'Most at once', class: 'number wide', unit: 'bytes', cell: (task) => bytesOrNone(task.peak_bytes), order: (task) => task.peak_bytes },
      ...page.overview.totals.heap_events > 0 ? [{ name: 'Track', class: 'wide', isCopied: false, title: 'Its live bytes, allocations and frees in the timeline', cell: (/** @type {Task} */ { context, allocations }) => context >= 0 && allocations > 0 ? pinButton(page, pinOf({ context })) : none() }] : [],
      { name: 'Stack', class: 'number wide', unit: 'bytes', title: 'Its size, and how much of it was in use', cell: stack, order: (task) => task.stack?.size ?? null },
    ],
  });
}

/** @param {(ticks: number) => string} time @param {Task['run'][number] | undefined} run */
function cpu(time, run) {
  if (run === undefined || run.ticks === 0) return none();
  if (run.share === null) return element('span', {}, time(run.ticks));
  const share = run.share * 100;
  const bar = element('span');
  bar.style.width = `${Math.min(share, 100)}%`;
  const words = share < 0.1 ? '<0.1 %' : `${share.toFixed(1)} %`;
  return element('span', {}, words, element('span', { class: 'share', 'aria-hidden': 'true' }, bar),
    element('span', { class: 'quiet cpu-time' }, time(run.ticks)));
}

/** As SystemView orders contexts. @param {Task} task */
function rank({ kind }) {
  return ['interrupt', 'scheduler', 'task', 'idle', 'unknown'].indexOf(kind);
}

/** How often it began to run; null if that is not known. @param {Task} task */
function switches(task) {
  return task.run.some((run) => run.switches === null) ? null : task.run.reduce((sum, run) => sum + (run.switches ?? 0), 0);
}

/** Bytes in so many blocks. @param {number} blocks @param {number} size */
function amount(blocks, size) {
  return blocks === 0 ? none() : element('span', {}, bytes(size), element('span', { class: 'quiet' }, ` in ${count(blocks)}`));
}

/** Nothing, which is no number to look at. */
function none() {
  return element('span', { class: 'quiet' }, '–');
}

/** @param {number | null} size */
function bytesOrNone(size) {
  return size === null || size === 0 ? none() : bytes(size);
}

/** @param {number | null} number */
function countOrNone(number) {
  return number === null || number === 0 ? none() : count(number);
}

/** @param {Task} task */
function stack({ stack }) {
  if (stack === null || stack.size === null || stack.size === 0) return none();
  return stack.used === null ? bytes(stack.size) : `${bytes(stack.used)} of ${bytes(stack.size)}`;
}

/** @param {Page} page @param {Tasks} tasks */
function unknownTime(page, { unknown_ticks }) {
  const known = unknown_ticks.filter(({ ticks }) => ticks > 0);
  if (known.length === 0) return null;
  return element('p', { class: 'quiet' }, `Not known what ran: ${known.map(({ core, ticks }) => `${page.clock.duration(ticks)} on core ${core}`).join(', ')}.`);
}

/** @param {Page} page @param {Tasks} tasks */
function matrix(page, { matrix, tasks }) {
  const sum = (/** @type {number[]} */ counts) => counts.reduce((all, count) => all + count, 0);
  const frees = sum(tasks.map((task) => task.frees));
  if (frees === 0) return element('p', { class: 'quiet' }, 'Nothing was freed.');
  const others = frees - sum(matrix.map((pair) => pair.blocks));
  return [matrix.length > 0 && exchange(page, matrix, tasks), others > 0 && element('p', { class: 'quiet' },
    `${counted(others, matrix.length > 0 ? 'further free' : 'free')}: of what was allocated before the recording began or paused, unseen, or not at all.`)];
}

/** @param {Page} page @param {Tasks['matrix']} matrix @param {Task[]} tasks */
function exchange(page, matrix, tasks) {
  const order = new Map(tasks.map((task, place) => [task.context, place]));
  const inOrder = (/** @type {number[]} */ contexts) => [...new Set(contexts)].sort((a, b) => (order.get(a) ?? -1) - (order.get(b) ?? -1));
  const [rows, columns] = [inOrder(matrix.map((pair) => pair.allocated_by)), inOrder(matrix.map((pair) => pair.freed_by))];
  const caption = 'Who frees what others allocated';
  /** @type {import('leakscope/part/table.js').Column<Tasks['matrix'][number]>[]} */
  const columnsOfPairs = [
    { name: 'Allocated by', class: 'words', cell: (pair) => page.contextName(pair.allocated_by) },
    { name: 'Freed by', class: 'words', cell: (pair) => page.contextName(pair.freed_by) },
    { name: 'Bytes', class: 'number', cell: (pair) => bytes(pair.bytes), order: (pair) => pair.bytes },
    { name: 'Blocks', class: 'number', cell: (pair) => count(pair.blocks), order: (pair) => pair.blocks },
  ];
  // Nobody finds anything in a larger one, which is mostly empty.
  if (rows.length * columns.length > MOST_CELLS) return table({ caption, rows: matrix, columns: columnsOfPairs, sort: '-Bytes', limit: 100 });
  const most = Math.max(...matrix.map((pair) => pair.bytes), 1);
  const key = (/** @type {number} */ by, /** @type {number} */ freer) => `${by} ${freer}`;
  const pairs = new Map(matrix.map((pair) => [key(pair.allocated_by, pair.freed_by), pair]));
  const cell = (/** @type {number} */ by, /** @type {number} */ freer) => {
    const pair = pairs.get(key(by, freer));
    if (pair === undefined) return element('td', {}, element('span', { class: 'quiet' }, '–'));
    const shade = element('span', { class: 'shade', 'aria-hidden': 'true' });
    shade.style.opacity = String(0.04 + 0.12 * (pair.bytes / most));
    return element('td', {}, shade, element('span', { class: 'amount' }, bytes(pair.bytes), element('br'), element('span', { class: 'quiet' }, counted(pair.blocks, 'block'))));
  };
  return tableBox(element('table', { class: 'table matrix' },
    element('caption', { class: 'hidden' }, 'Bytes and blocks freed, by whom they had been allocated and by whom they were freed'),
    element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'allocated by ↓  freed by →'),
      ...columns.map((context) => element('th', { scope: 'col', class: 'number' }, page.contextName(context))))),
    element('tbody', {}, ...rows.map((by) => element('tr', {}, element('th', { scope: 'row' }, page.contextName(by)), ...columns.map((freer) => cell(by, freer)))))),
  caption, copyButton(caption, columnsOfPairs, () => matrix));
}
