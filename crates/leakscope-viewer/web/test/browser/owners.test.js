// Whose blocks they are, in Chromium: tracks of tasks and heaps as of call sites, and live bytes stacked, which add up to the heap's.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, recording, SCREENSHOTS, serving, singleFile } from './program.js';
import { fits, inTabOf, open, turnTo } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const sum = (/** @type {number[]} */ numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** The words of a track, once all was read. @param {import('./chromium.js').Tab} tab */
function changes(tab) {
  return tab.until('a track', () => /([\d,]+) allocations? ↑ ([\d,]+) frees? ↓(?!.*so far)/.exec([...document.querySelectorAll('.track-label .quiet')].at(-1)?.textContent ?? '')?.slice(1, 3))
    .then((found) => found.map((text) => Number(text.replaceAll(',', ''))));
}

/** A task and a heap get their tracks where they are listed. @param {string} url @param {{ tasks: any[], heaps: any[] }} known @param {string} form */
async function pins(url, { tasks, heaps }, form) {
  await inTabOf(browser, async (tab) => {
    await open(tab, url, 'tasks');
    const busy = tasks.find(({ context, allocations }) => context >= 0 && allocations > 0);
    await tab.run((name) => {
      const row = [...document.querySelectorAll('.table tbody tr')].find((row) => row.children[0].textContent === name);
      /** @type {HTMLElement} */ (row?.querySelector('.pin')).click();
    }, busy.name);
    await tab.until('the pin in the address', (pin) => location.hash.includes(`pins=${pin}`), `task-${busy.context}`);
    await tab.see('.pin', 'Unpin');
    await tab.key('4');
    await tab.see('.track-label', busy.name);
    assert.equal((await changes(tab))[0], busy.allocations);
    if (heaps.length > 0) {
      await open(tab, url, 'system');
      await tab.click('.pin', 'Pin');
      await turnTo(tab, (await tab.run(() => location.hash)).replace('#system', 'timeline'));
      await tab.see('.track-label', `Heap ${heaps[0].heap}`);
      assert.deepEqual(await changes(tab), [heaps[0].allocations, heaps[0].frees]);
    }
    writeFileSync(join(SCREENSHOTS, `owners-pins-${form}.png`), await tab.picture());
    await turnTo(tab, 'timeline?pins=heap-nonsense,task-x,0');
    await tab.until('what can be read of the pins', () => document.querySelectorAll('.track').length === 1);
  });
}

/** @param {string} url @param {any} timeline @param {string} form */
async function stacked(url, timeline, form) {
  const { heap, from, to } = timeline;
  for (const by of ['site', 'context', 'heap']) {
    for (const theme of by === 'site' ? ['dark', 'light'] : ['dark']) {
      for (const width of [1440, 1024, 420]) {
        await inTabOf(browser, async (tab) => {
          // What lives at the end stands in the legend: all of it, whoever holds it.
          await open(tab, url, `timeline?stacked=${by}&cursor=${to}`);
          await tab.see('.stacked-keys', `${heap.last.at(-1).toLocaleString('en')} B at`);
          assert.ok(await tab.run(() => document.querySelectorAll('.stacked-keys .amount').length) > 0);
          await fits(tab, width);
          writeFileSync(join(SCREENSHOTS, `stacked-${form}-${by}-${theme}-${width}.png`), await tab.picture());
        }, { theme, width, height: 900 });
      }
    }
  }
  await inTabOf(browser, async (tab) => {
    await open(tab, url, `timeline?cursor=${Math.round((from + to) / 2)}`);
    await tab.run(() => {
      const select = /** @type {HTMLSelectElement} */ (document.querySelector('select[aria-label="What live bytes are told apart by"]'));
      select.value = 'site';
      select.dispatchEvent(new Event('change'));
    });
    await tab.until('the address', () => location.hash.includes('stacked=site'));
    await tab.click('.stacked-keys .pin', 'Pin');
    await tab.see('.track');
    await tab.click('.stacked-keys .link', '');
    await tab.see('.split-detail h2', 'Call stack');
  });
}

const TRACES = /** @type {[name: string, trace: string | null][]} */ ([
  ['golden', golden('growing-table')], ['heaps', golden('segger-heaps')], ['real', recording('idf-mcore-2026/heap_log_mcore.svdat')],
]);

for (const [name, trace] of TRACES) {
  test(name, { skip: trace === null }, async () => {
    if (trace === null) return;
    await serving(trace, async (url) => {
      const [timeline, { tasks }, { heaps }] = await Promise.all(['timeline?width=500', 'tasks', 'system'].map((question) => answerTo(url, question)));
      for (const by of ['site', 'context', 'heap']) {
        const { bands, others, width } = await answerTo(url, `shares?by=${by}&width=500`);
        const levels = Array.from({ length: width }, (_, column) => sum([...bands, others].map(({ last }) => last[column])));
        if (width === timeline.heap.width) assert.deepEqual(levels, timeline.heap.last, by);
        assert.equal(levels.at(-1), timeline.heap.last.at(-1), by);
      }
      const file = singleFile(`owners-${name}`, trace).url;
      for (const [place, form] of [[url, 'served'], [file, 'file']]) {
        await pins(place, { tasks, heaps }, `${name}-${form}`);
        await stacked(place, timeline, `${name}-${form}`);
      }
    });
  });
}
