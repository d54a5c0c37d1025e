// The flame graph of leaks in Chromium: what it adds up to is what the report says leaks.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, PROGRAM, ROOT, SCREENSHOTS, serving, singleFile } from './program.js';
import { fits } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const FIRMWARE = join(ROOT, 'testdata', 'firmware', 'embassy-virt');
const TRACES = /** @type {[name: string, trace: string, options: string[]][]} */ ([
  ['golden', golden('steady-leak'), []],
  ['firmware', join(FIRMWARE, 'error-path.svdat'), ['--elf', join(FIRMWARE, 'program.elf')]],
]);

/** The rows of the flame graph's numbers: function, amount. @param {import('./chromium.js').Tab} tab */
async function numbers(tab) {
  await tab.run(() => { const details = document.querySelector('.flame-numbers details'); if (details instanceof HTMLDetailsElement) details.open = true; });
  return tab.until('numbers', () => {
    const rows = [...document.querySelectorAll('.flame-numbers tbody tr')].map((row) => [row.children[0].textContent ?? '', row.children[2].textContent ?? '']);
    return rows.length > 1 && rows;
  });
}

/** @param {string} url @param {any} report @param {string[]} tasks @param {string} form */
async function look(url, { call_sites: sites }, tasks, form) {
  const leaks = sites.filter((/** @type {any} */ { standing }) => standing === 'leak');
  const sum = (/** @type {(site: any) => number} */ of) => leaks.reduce((/** @type {number} */ sum, /** @type {any} */ site) => sum + of(site), 0);
  const tab = await browser.tab({ width: 1440, height: 900 });
  const all = async (/** @type {string} */ weight) => {
    await tab.open(`${url}#flame?weight=${weight}`);
    await tab.see('.flame-line', 'call site');
    return Number((await numbers(tab))[0][1].replaceAll(/[^\d]/g, ''));
  };
  assert.equal(await all('leaked_bytes'), sum(({ outstanding_bytes: bytes }) => bytes));
  assert.equal(await all('leaked_blocks'), sum(({ outstanding_blocks: blocks }) => blocks));
  assert.equal(await all('growth_bytes_per_second'), Math.round(sum(({ growth_bytes_per_second: growth }) => growth)));

  await tab.open(`${url}#flame?by=task&verdicts=1`);
  await tab.see('.memory-legend', 'Leak');
  const labels = (await numbers(tab)).map(([label]) => label.trim());
  assert.ok(labels[1].replace('together: ', '').split(', ').every((name) => tasks.includes(name)), `${labels[1]} is at the root`);
  await tab.click('.toggle', 'Lines');
  await tab.until('lines in the address', () => location.hash.includes('lines=1'));
  assert.deepEqual(tab.complaints, []);
  await tab.close();
  for (const theme of /** @type {const} */ (['dark', 'light'])) {
    for (const width of [1440, 1024, 420]) {
      const narrow = await browser.tab({ theme, width, height: 900 });
      await narrow.open(`${url}#flame?by=task&verdicts=1&lines=1`);
      await narrow.see('.flame-line', 'call site');
      writeFileSync(join(SCREENSHOTS, `flame-${form}-${theme}-${width}.png`), await narrow.picture());
      await fits(narrow, width);
      assert.deepEqual(narrow.complaints, []);
      await narrow.close();
    }
  }
}

for (const [name, trace, options] of TRACES) {
  test(name, async () => {
    const { status, stdout, stderr } = spawnSync(PROGRAM, ['report', '--format', 'json', trace, ...options], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout);
    await serving(trace, async (url) => {
      const { contexts } = await answerTo(url, 'overview');
      const tasks = contexts.map((/** @type {any} */ { name }) => name);
      await look(url, report, tasks, `${name}-served`);
      await look(singleFile(`flame-${name}`, trace, ...options).url, report, tasks, `${name}-file`);
    }, ...options);
  });
}
