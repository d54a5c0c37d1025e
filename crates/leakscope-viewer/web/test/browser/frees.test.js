// Who frees the blocks of a call site, in Chromium: the sums are those of the report, and a row shows its call stack; and tables
// are copied.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { golden, PROGRAM, SCREENSHOTS, serving, singleFile } from './program.js';
import { inTabOf } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const TRACE = golden('late-release');

function report() {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['report', '--format', 'json', TRACE], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const number = (/** @type {string} */ text) => Number(text.replaceAll(/[ ,B]/g, ''));

/** @param {string} url @param {string} form */
async function look(url, form) {
  const site = report().call_sites.find((/** @type {any} */ site) => site.frees > 0);
  const tab = await browser.tab({ width: 1440, height: 1200 });
  await tab.open(`${url}#sites?site=${site.id}`);
  await tab.see('.split-detail h2', 'Freed by');
  const rows = await tab.until('rows', () => {
    const table = [...document.querySelectorAll('.split-detail table')].find((table) => table.querySelector('caption')?.textContent === 'Freed by');
    return table && [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent ?? ''));
  });
  assert.equal(rows.reduce((sum, [blocks]) => sum + number(blocks), 0), site.frees, 'all that the report counts');
  await tab.run(() => {
    const tables = [...document.querySelectorAll('.split-detail table')].find((table) => table.querySelector('caption')?.textContent === 'Freed by');
    /** @type {HTMLElement} */ (tables?.querySelector('tbody tr')).click();
  });
  await tab.until('its call stack', () => [...document.querySelectorAll('.split-detail section')].some((section) =>
    section.querySelector('h2')?.textContent?.startsWith('Freed by') && section.querySelector('.stack, .quiet') !== null));
  writeFileSync(join(SCREENSHOTS, `frees-${form}.png`), await tab.picture());
  assert.deepEqual(tab.complaints, []);
  await tab.close();
}

test('who frees, served', () => serving(TRACE, (url) => look(url, 'served')));

test('who frees, in the one file', () => look(singleFile('frees', TRACE).url, 'file'));

test('of a range, the served page counts anew, and the one file says that it does not', () => serving(TRACE, async (url) => {
  const site = report().call_sites.find((/** @type {any} */ site) => site.frees > 0);
  for (const [page, words] of [[url, 'Freed by, in the range'], [singleFile('frees-range', TRACE).url, 'Freed by, in the whole trace']]) {
    await inTabOf(browser, async (tab) => {
      await tab.open(`${page}#sites?site=${site.id}&range=1000-20000`);
      await tab.see('.split-detail h2', words);
    });
  }
}));

test('a table is copied as text and as CSV', () => serving(TRACE, async (url) => {
  const tab = await browser.tab();
  await tab.open(`${url}#sites`);
  await tab.see('.table tbody tr');
  await tab.run(() => { navigator.clipboard.writeText = async (text) => { document.documentElement.dataset.copied = text; }; });
  const copied = async (/** @type {string} */ form) => {
    await tab.run(() => { delete document.documentElement.dataset.copied; });
    await tab.click('.copy');
    await tab.click('.menu button', form);
    return tab.until('the copy', () => document.documentElement.dataset.copied);
  };
  const { call_sites: sites } = report();
  assert.match(await copied('Copy as text'), /^Verdict +Call site/);
  const lines = (await copied('Copy as CSV')).trimEnd().split('\r\n');
  assert.equal(lines.length, sites.length + 1);
  assert.match(lines[0], /^Verdict,Call site,Growth \[bytes\/s\],Outstanding \[bytes\],Blocks/);
  const place = lines[0].split(',').indexOf('Outstanding [bytes]') - lines[0].split(',').length;
  const sum = lines.slice(1).reduce((sum, line) => sum + Number(line.split(',').at(place)), 0);
  assert.equal(sum, sites.reduce((/** @type {number} */ sum, /** @type {any} */ site) => sum + site.outstanding_bytes, 0), 'bytes are plain numbers');
  assert.deepEqual(tab.complaints, []);
  await tab.close();
}));
