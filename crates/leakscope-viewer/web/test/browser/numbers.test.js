// The numbers on the page are those of `leakscope report --format json`: overview, call sites, tasks, lists and System, of five
// recordings, served and in the one file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { golden, PROGRAM, recording, serving, singleFile } from './program.js';
import { inTabOf, open } from './tab.js';

/** @typedef {import('./chromium.js').Tab} Tab */

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** @param {string} trace */
function reportOf(trace) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['report', '--format', 'json', trace], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** As the page writes a number. @param {number} number */
const count = (number) => number.toLocaleString('en');
const bytes = (/** @type {number} */ number) => `${count(number)} B`;

/** The cells of a table by its caption, below their headings. @param {Tab} tab @param {string} caption @returns {Promise<Record<string, string>[]>} */
function rowsOf(tab, caption) {
  return tab.run((caption) => {
    const table = [...document.querySelectorAll('table')].find((table) => table.caption?.textContent === caption);
    const heads = [...(table?.querySelectorAll('thead th') ?? [])].map((head) => (head.textContent ?? '').replace(/[▾▴]/, ''));
    return [...(table?.querySelectorAll('tbody tr') ?? [])].map((row) => Object.fromEntries([...row.children].map((cell, at) => [heads[at], (cell.textContent ?? '').trim()])));
  }, caption);
}

/** Names with their values. @param {Tab} tab @returns {Promise<Record<string, string>>} */
function factsOf(tab) {
  return tab.run(() => Object.fromEntries([...document.querySelectorAll('.figure, .facts > div')]
    .map((fact) => [fact.querySelector('dt')?.textContent ?? '', fact.querySelector('dd')?.textContent ?? ''])));
}

/** @param {Tab} tab @param {string} url @param {any} report */
async function compare(tab, url, report) {
  const { totals, peak } = report;
  await open(tab, url, 'overview');
  assert.ok((await tab.run(() => document.querySelector('.conclusion')?.textContent ?? '')).includes(report.headline));
  const overview = await factsOf(tab);
  assert.equal(overview['Outstanding at the end'], `${bytes(totals.outstanding_bytes)} in ${count(totals.outstanding_blocks)} block${totals.outstanding_blocks === 1 ? '' : 's'}`);
  assert.ok(overview['High-water mark'].startsWith(bytes(peak.bytes)));
  assert.ok(overview.Events.startsWith(count(totals.events)));
  assert.ok(overview['Heap events'].startsWith(`${count(totals.heap_events)}: ${count(totals.allocations)} allocation`));
  assert.equal(overview['Log messages'], count(totals.log_messages));

  await open(tab, url, 'sites');
  const sites = (await rowsOf(tab, 'Call sites')).map((row) => [row.Outstanding, row.Blocks, row.Allocations, row.Freed, row.Growth]);
  const wanted = report.call_sites.map((/** @type {any} */ site) => [
    bytes(site.outstanding_bytes), count(site.outstanding_blocks), count(site.allocations), count(site.frees)]);
  assert.deepEqual(sites.map((site) => site.slice(0, 4)), wanted);

  await open(tab, url, 'tasks');
  const none = (/** @type {number} */ number, /** @type {string} */ words) => number === 0 ? '–' : words;
  const tasks = (await rowsOf(tab, 'Tasks and interrupts')).map((row) => [row.Name.replace(/^›\s*/, ''), row.Allocated, row.Freed, row.Outstanding, row['Most at once']]);
  for (const of of report.contexts) {
    assert.ok(tasks.some((task) => JSON.stringify(task) === JSON.stringify([of.name,
      none(of.allocations, `${bytes(of.allocated_bytes)} in ${count(of.allocations)}`), none(of.frees, `${bytes(of.freed_bytes)} in ${count(of.frees)}`),
      none(of.outstanding_bytes, bytes(of.outstanding_bytes)), none(of.peak_bytes, bytes(of.peak_bytes))])), `${of.name}: ${JSON.stringify(tasks)}`);
  }
  // Every task that the recording names is there, whether it ran or not.
  for (const { name } of report.tasks) assert.ok(tasks.some(([listed]) => listed === name), `${name} is not listed`);

  await open(tab, url, 'system');
  await tab.see('.facts dt', 'Lost packets, at least');
  const system = await factsOf(tab);
  assert.ok(system.Read.startsWith(bytes(report.trace.read_bytes)), system.Read);
  assert.equal(system.Events, count(totals.events));
  assert.equal(system['Lost packets, at least'], count(totals.dropped_packets));
  assert.equal(system['Bytes that could not be read'], count(totals.skipped_bytes));
  const heaps = (await rowsOf(tab, 'Heaps')).map((row) => [row.Heap, row.Allocations, row.Frees, row.Outstanding, row['Most at once']]);
  assert.deepEqual(heaps, report.heaps.map((/** @type {any} */ heap) => [
    heap.heap, count(heap.allocations), count(heap.frees), bytes(heap.outstanding_bytes), bytes(heap.peak_bytes)]));
  const counted = (await rowsOf(tab, 'Events by id')).reduce((sum, row) => sum + Number(row.Number.replaceAll(',', '')), 0);
  assert.equal(counted, totals.events - totals.copies);

  await open(tab, url, 'events');
  await tab.see('.rest', `${count(totals.events - totals.copies)} event`);
  await open(tab, url, 'terminal');
  await tab.see('.rest', `${count(totals.log_messages)} line`);
}

for (const [name, trace] of /** @type {[string, string | null][]} */ ([
  ['steady-leak', golden('steady-leak')], ['growing-table', golden('growing-table')], ['wrong-frees', golden('wrong-frees')],
  ['segger-heaps', golden('segger-heaps')], ['real', recording('idf-mcore-2026/heap_log_mcore.svdat')],
])) {
  test(name, { skip: trace === null }, async () => {
    if (trace === null) return;
    const report = reportOf(trace);
    await serving(trace, (url) => inTabOf(browser, (tab) => compare(tab, url, report), { width: 1440 }));
    await inTabOf(browser, (tab) => compare(tab, singleFile('numbers', trace).url, report), { width: 1440 });
  });
}
