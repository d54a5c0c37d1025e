// The heap's map in Chromium: its numbers are those of `leakscope heap`, at the end and at other moments.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, PROGRAM, ROOT, SCREENSHOTS, serving, singleFile, withData } from './program.js';
import { drawn, fits, inTabOf, turnTo } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const FIRMWARE = join(ROOT, 'testdata', 'firmware', 'embassy-virt');
const ELF = ['--elf', join(FIRMWARE, 'program.elf')];

/** @param {string} trace @param {string[]} options */
function heapOf(trace, ...options) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['heap', '--format', 'json', trace, ...ELF, ...options], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const number = (/** @type {string} */ text) => Number(text.replaceAll(/[ ,B]/g, ''));

/** The cells of the table with this caption. @param {import('./chromium.js').Tab} tab @param {string} caption */
function cellsOf(tab, caption) {
  return tab.run((caption) => [...document.querySelectorAll('.split-detail table')]
    .filter((table) => table.querySelector('caption')?.textContent === caption)
    .flatMap((table) => [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent ?? ''))), caption);
}

/** @param {string} url @param {string} trace @param {string} name of pictures */
async function look(url, trace, name) {
  const known = heapOf(trace);
  for (const theme of /** @type {const} */ (['dark', 'light'])) {
    for (const width of [1440, 1024, 420]) {
      const tab = await browser.tab({ theme, width, height: 900 });
      await tab.open(`${url}#memory`);
      await tab.see('.split-detail', 'How good it is');
      await drawn(tab);
      writeFileSync(join(SCREENSHOTS, `heap-${name}-${theme}-${width}.png`), await tab.picture());
      await fits(tab, width);
      assert.doesNotMatch(await tab.run(() => document.body.innerText), /\b(null|undefined|NaN|Infinity|\[object)\b/);
      assert.deepEqual(tab.complaints, []);
      await tab.close();
    }
  }
  const tab = await browser.tab({ width: 1440, height: 900 });
  await tab.open(`${url}#memory`);
  await tab.see('.split-detail', 'How good it is');
  const [region] = known.regions;
  assert.deepEqual((await cellsOf(tab, 'Regions'))[0].slice(1, 4).map(number), [region.free_bytes, region.largest_bytes, region.holes]);
  assert.deepEqual((await cellsOf(tab, 'Who splits free memory')).map(([site, blocks, bytes]) => [/^(.*) \S+:\d+$/.exec(site)?.[1], number(blocks), number(bytes)]),
    region.pins.map((/** @type {any} */ pin) => [pin.name, pin.blocks, pin.bytes]));
  assert.deepEqual((await cellsOf(tab, 'Allocations that failed')).map(([, why]) => why), known.failures.slice(0, 20).map((/** @type {any} */ failure) => failure.sentence));
  await tab.see('.rest', `${known.addresses.toLocaleString('en')} addresses`);

  // By keyboard: block to block, a call site, an age, and a failure.
  const said = () => tab.run(() => document.querySelector('.heap-line')?.textContent ?? '');
  await tab.key('ArrowDown');
  await tab.see('.heap-line', '% in use');
  const first = await said();
  await tab.key('ArrowDown');
  await tab.until('the next block', (first) => document.querySelector('.heap-line')?.textContent !== first, first);
  await tab.key('Enter');
  await tab.until('the call site in the address', () => location.hash.includes('site='));
  writeFileSync(join(SCREENSHOTS, `heap-${name}-site.png`), await tab.picture());
  await tab.key('Enter');
  for (const shade of ['age', 'verdict']) {
    await turnTo(tab, `memory?shade=${shade}`);
    await tab.see('.memory-legend', shade === 'age' ? 'younger than' : 'Leak');
    writeFileSync(join(SCREENSHOTS, `heap-${name}-${shade}.png`), await tab.picture());
  }
  if (known.failures.length > 0) {
    await tab.key('n');
    await tab.until('the moment of the failure', (time) => location.hash.includes(`cursor=${time}`), known.failures[0].time_ticks);
  }
  await tab.key('+');
  await tab.until('a narrower window', () => location.hash.includes('window='));
  await tab.key('0');
  await tab.until('all of it', () => !location.hash.includes('window='));
  assert.deepEqual(tab.complaints, []);
  await tab.close();
}

for (const name of ['growing-table', 'out-of-memory']) {
  const trace = join(FIRMWARE, `${name}.svdat`);
  test(`${name}, served`, () => serving(trace, (url) => look(url, trace, `${name}-served`), ...ELF));
  test(`${name}, in the one file`, () => look(singleFile(`heap-${name}`, trace, ...ELF).url, trace, `${name}-file`));
}

test('every column is what leakscope heap says of its end', () => {
  const trace = join(FIRMWARE, 'growing-table.svdat');
  return serving(trace, async (url) => {
    const { clock: { hz } } = await answerTo(url, 'overview');
    const heap = await answerTo(url, 'heap?width=16');
    const [region] = heap.regions;
    for (const [column, free] of region.free.entries()) {
      const end = Math.min(heap.from + (column + 1) * heap.column_ticks, heap.to);
      const { regions: [known] } = heapOf(trace, '--at', `${((end - 0.5) / hz).toFixed(9)}s`);
      assert.deepEqual([free, region.largest[column], region.holes[column]], [known.free_bytes, known.largest_bytes, known.holes], `column ${column}`);
    }
  }, ...ELF);
});

test('what the device said of its heap stands beside what the map has', async () => {
  const { path } = singleFile('checks', join(FIRMWARE, 'growing-table.svdat'), ...ELF);
  const url = withData('heap-checks', path, ({ heap: { map } }) => {
    map.checks = [
      { time_s: 0.1, time_ticks: 100_000, told_free_bytes: 50_000, told_largest_bytes: null, free_bytes: 50_016, largest_bytes: 40_000 },
      { time_s: 0.2, time_ticks: 200_000, told_free_bytes: null, told_largest_bytes: 30_000, free_bytes: 49_000, largest_bytes: 29_984 },
    ];
    map.more_checks = 3;
  });
  for (const width of [1440, 1024, 420]) {
    const tab = await browser.tab({ width, height: 900 });
    await tab.open(`${url}#memory`);
    await tab.see('.split-detail h2', 'What the device said of its heap');
    const rows = (await cellsOf(tab, 'What the device said of its heap')).map((row) => row.slice(1));
    assert.deepEqual(rows, [['50,000 B', '50,016 B', '+16 B', '', '40,000 B', ''], ['', '49,000 B', '', '30,000 B', '29,984 B', '-16 B']]);
    await tab.see('.split-detail', 'and 3 further lines');
    writeFileSync(join(SCREENSHOTS, `heap-checks-${width}.png`), await tab.picture());
    await fits(tab, width);
    assert.deepEqual(tab.complaints, []);
    await tab.close();
  }
});

test('of a map without one predicted address nothing is drawn, and why is said', () => {
  const { path } = singleFile('checks', join(FIRMWARE, 'growing-table.svdat'), ...ELF);
  const why = 'No block was allocated in it: how the allocator works nobody knows';
  const url = withData('heap-unknown', path, ({ heap: { map } }) => Object.assign(map, { predicted: 0, image: null, sentences: [why] }));
  return inTabOf(browser, async (tab) => {
    await tab.open(`${url}#memory`);
    await tab.see('.list-nothing', why);
    const said = await tab.run(() => /** @type {HTMLElement} */ (document.querySelector('.memory')).innerText);
    assert.doesNotMatch(said, /free in|predicts|does not fragment/);
  });
});
