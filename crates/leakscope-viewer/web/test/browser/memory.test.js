// The Memory view in Chromium: a map of the image, who holds the blocks, and the numbers of the report.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { golden, PROGRAM, SCREENSHOTS, serving, singleFile } from './program.js';
import { drawn, fits } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const TRACE = golden('steady-leak');

/** What the report says of the trace, and of an image. @param {string[]} options */
function reportOf(...options) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['report', '--format', 'json', TRACE, ...options], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/**
 * An image of the trace's end: a variable holds the first block of the worst call site, which holds the next, and so on for
 * five of them; an array holds all of the second call site's.
 * @returns {string} as it is named on the command line
 */
function madeImage() {
  const [leak, cache] = reportOf().call_sites.map((/** @type {any} */ site) => site.blocks.map((/** @type {any} */ block) => Number(block.address)));
  const base = 0x3ffa_f000;
  const ram = Buffer.alloc(0x4000);
  const point = (/** @type {number} */ at, /** @type {number} */ to) => ram.writeUInt32LE(to, at - base);
  point(base + 0x10, leak[0]);
  for (let at = 0; at < 5; at += 1) point(leak[at] + 4, leak[at + 1]);
  cache.forEach((/** @type {number} */ block, /** @type {number} */ at) => point(base + 0x40 + 4 * at, block));
  const path = join(SCREENSHOTS, 'ram.bin');
  writeFileSync(path, ram);
  return `${path}@0x${base.toString(16)}`;
}

/** @param {string} url @param {string} form of the page */
async function look(url, form) {
  const { memory, call_sites: sites } = reportOf('--image', IMAGE);
  for (const theme of /** @type {const} */ (['dark', 'light'])) {
    for (const width of [1440, 1024, 420]) {
      const tab = await browser.tab({ theme, width, height: 900 });
      await tab.open(`${url}#memory`);
      await tab.see('.memory-scroller');
      await tab.see('.split-detail', 'Who holds them');
      await drawn(tab);
      writeFileSync(join(SCREENSHOTS, `memory-${form}-${theme}-${width}.png`), await tab.picture());
      await fits(tab, width);
      assert.doesNotMatch(await tab.run(() => document.body.innerText), /\b(null|undefined|NaN|Infinity|\[object)\b/);
      assert.deepEqual(tab.complaints, []);
      await tab.close();
    }
  }
  const tab = await browser.tab({ width: 1440, height: 900 });
  await tab.open(`${url}#memory`);
  await tab.see('.split-detail', 'Who holds them');
  const rows = await tab.run(() => [...document.querySelectorAll('.split-detail table')].map((table) =>
    [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent ?? ''))));
  const number = (/** @type {string} */ text) => Number(text.replaceAll(/[ ,B]/g, ''));
  const kinds = ['definite', 'indirect', 'possible', 'reachable'];
  const found = kinds.filter((kind) => memory.total[`${kind}_blocks`] > 0);
  assert.deepEqual(rows[0].map(([blocks, bytes, kind]) => [kind, number(blocks), number(bytes)]),
    found.map((kind) => [kind, memory.total[`${kind}_blocks`], memory.total[`${kind}_bytes`]]), 'the kinds are those of the report');
  const withBlocks = sites.filter((/** @type {any} */ { memory }) => kinds.some((kind) => memory[`${kind}_blocks`] > 0));
  assert.deepEqual(rows[1].map(([, ...blocks]) => blocks.map(number)), withBlocks.map((/** @type {any} */ { memory }) => kinds.map((kind) => memory[`${kind}_blocks`])));
  const ways = await tab.run(() => [...document.querySelectorAll('.way')].map((way) => way.getAttribute('title')));
  assert.deepEqual(ways.toSorted(), memory.holders.map((/** @type {any} */ { way }) => way).toSorted());

  // By keyboard: the first lost block, the next one, nearer, its call site.
  const focused = () => tab.run(() => document.querySelector('.flame-line')?.textContent ?? '');
  assert.match(await focused(), /definite/);
  const first = await focused();
  await tab.key('n');
  await tab.until('the next lost block', (first) => document.querySelector('.flame-line')?.textContent !== first, first);
  assert.match(await focused(), /definite|indirect/);
  for (let times = 0; times < 4; times += 1) await tab.key('+');
  await tab.see('.rest', 'B in a row');
  await tab.key('ArrowRight');
  await tab.key('Enter');
  await tab.until('the call site in the address', () => location.hash.includes('site='));
  writeFileSync(join(SCREENSHOTS, `memory-${form}-near.png`), await tab.picture());
  await tab.key('0');

  // A way: its blocks stand out. A block under the pointer: who holds it.
  await tab.click('.way');
  await tab.see('.way[aria-pressed="true"]');
  const { left, top, height } = await tab.place('.memory-picture');
  for (let y = 8; y < height; y += 16) {
    await tab.mouse('mouseMoved', { x: left + 100, y: top + y }, { button: 'none' });
    if (await tab.run(() => /held by/.test(document.querySelector('.tip:not([hidden])')?.textContent ?? ''))) break;
  }
  assert.match(await tab.run(() => document.querySelector('.tip:not([hidden])')?.textContent ?? ''), /reachable\nheld by memory at 0x3ffaf0/);
  writeFileSync(join(SCREENSHOTS, `memory-${form}-way.png`), await tab.picture());
  await tab.key('9');
  assert.deepEqual(tab.complaints, []);
  await tab.close();
}

const IMAGE = madeImage();

test('the map and its numbers, served', () => serving(TRACE, (url) => look(url, 'served'), '--image', IMAGE));

test('the map and its numbers, in the one file', () => look(singleFile('memory', TRACE, '--image', IMAGE).url, 'file'));

test('without an image there is no such view, and it says how to make one', () => serving(TRACE, async (url) => {
  const tab = await browser.tab();
  await tab.open(`${url}#overview`);
  await tab.see('.conclusion');
  assert.equal(await tab.run(() => [...document.querySelectorAll('.views a')].filter((link) => link instanceof HTMLElement && link.offsetParent !== null).length), 8);
  await tab.key('9');
  await tab.see('.list-nothing', 'leakscope record --image');
  await tab.close();
}));
