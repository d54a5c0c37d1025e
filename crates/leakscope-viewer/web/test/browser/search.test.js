// One search over everything, in Chromium: each kind of thing is found, and a hit goes to where it is shown.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, recording, ROOT, SCREENSHOTS, serving, singleFile } from './program.js';
import { fits, inTabOf, open } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** Searches, and takes the first hit under a heading. @param {import('./chromium.js').Tab} tab @param {string} text @param {string} heading */
async function find(tab, text, heading) {
  await tab.key('k', { control: true });
  await tab.see('dialog[open] input');
  await tab.type(text);
  await tab.until(`${heading} of ${text}`, (heading) => [...document.querySelectorAll('.found section')]
    .some((section) => section.querySelector('h2')?.textContent?.startsWith(heading) && section.querySelector('.hit') !== null), heading);
  await tab.run((heading) => {
    const section = [...document.querySelectorAll('.found section')].find((section) => section.querySelector('h2')?.textContent?.startsWith(heading));
    /** @type {HTMLElement} */ (section?.querySelector('.hit')).click();
  }, heading);
  await tab.until('no dialog', () => document.querySelector('dialog[open]') === null);
}

/** @param {string} url @param {{ task: string, word: string, name: string, hasNames: boolean }} known @param {string} form */
async function look(url, { task, word, name, hasNames }, form) {
  await inTabOf(browser, async (tab) => {
    await open(tab, url, 'events?kinds=heap');
    const address = await tab.until('an address', () => /0x[0-9a-f]{8}/.exec(document.querySelector('.list-row .detail')?.textContent ?? '')?.[0]);
    await find(tab, task, 'Tasks and interrupts');
    await tab.see('.badge', task);
    await find(tab, name, 'Call sites');
    await tab.see('.split-detail h2', 'Call stack');
    await find(tab, word, 'Log lines');
    await tab.see('.terminal mark', '');
    await find(tab, address, 'Events of the address');
    await tab.see('.badge', `block ${address}`);
    await find(tab, '12', 'Go to');
    await tab.until('the event', () => location.hash.includes('event=12'));
    await find(tab, '50 %', 'Go to');
    await tab.until('the timeline at the middle', () => location.hash.startsWith('#timeline') && location.hash.includes('cursor='));
    if (hasNames) {
      await find(tab, name, 'Functions');
      await tab.until('the function in the flame graph', () => location.hash.startsWith('#flame') && location.hash.includes('around='));
    }
    // The keyboard goes down and up, and Esc leaves the page as it was.
    await tab.key('g', { control: true });
    await tab.type(task);
    await tab.see('.hit', task);
    await tab.key('ArrowDown');
    await tab.until('the first hit', () => document.activeElement?.classList.contains('hit'));
    await tab.key('ArrowUp');
    await tab.until('the field', () => document.activeElement instanceof HTMLInputElement);
    await tab.key('Escape');
    await tab.key('Escape');
    await tab.until('no dialog', () => document.querySelector('dialog[open]') === null);
  });
  for (const theme of /** @type {const} */ (['dark', 'light'])) {
    for (const width of [1440, 1024, 420]) {
      await inTabOf(browser, async (tab) => {
        await open(tab, url, 'overview');
        await tab.run(() => /** @type {HTMLElement} */ (document.querySelector('[aria-label="Search everything"]')).click());
        await tab.see('dialog[open] input');
        await tab.type(task);
        await tab.see('.hit', task);
        writeFileSync(join(SCREENSHOTS, `search-${form}-${theme}-${width}.png`), await tab.picture());
        await fits(tab, width);
        assert.equal(await tab.run(() => document.querySelectorAll('.found img').length), 0);
      }, { theme, width, height: 900 });
    }
  }
}

const FIRMWARE = join(ROOT, 'testdata', 'firmware', 'embassy-virt');
const TRACES = /** @type {[name: string, trace: string | null, known: { task: string, word: string, name: string, hasNames: boolean }, options: string[]][]} */ ([
  ['golden', golden('steady-leak'), { task: 'main', word: 'handed', name: '0x400', hasNames: false }, []],
  ['real', recording('idf-mcore-2026/heap_log_mcore.svdat'), { task: 'alloc0', word: 'memory', name: '0x400', hasNames: false }, []],
]);

for (const [name, trace, known, options] of TRACES) {
  test(name, { skip: trace === null }, async () => {
    if (trace === null) return;
    await serving(trace, (url) => look(url, known, `${name}-served`), ...options);
    await look(singleFile(`search-${name}`, trace, ...options).url, known, `${name}-file`);
  });
}

test('functions have names', () => {
  const trace = join(FIRMWARE, 'error-path.svdat');
  return serving(trace, async (url) => {
    const { frames } = await answerTo(url, 'sites');
    const name = frames.find((/** @type {any} */ { function: name }) => name !== null).function;
    await inTabOf(browser, async (tab) => {
      await open(tab, url, 'overview');
      await find(tab, name.slice(0, 30), 'Functions');
      await tab.until('the flame graph', () => location.hash.startsWith('#flame') && location.hash.includes('around='));
    });
  }, '--elf', join(FIRMWARE, 'program.elf'));
});
