// The flame graph of one function, callers above and what it calls below; and against a recording made before a change: what is
// different is what `leakscope diff` says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { golden, PROGRAM, ROOT, SCREENSHOTS, serving, singleFile } from './program.js';
import { fits, inTabOf, open, turnTo } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const FIRMWARE = join(ROOT, 'testdata', 'firmware', 'embassy-virt');
const TRACE = join(FIRMWARE, 'error-path.svdat');
const ELF = ['--elf', join(FIRMWARE, 'program.elf')];

/** @param {string[]} options */
function program(...options) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, options, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** A function in the middle of stacks: what is allocated below it, by its callers. @param {any} report */
function middle({ call_sites: sites }) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const site of sites) for (const name of new Set(site.frames.slice(1, -1).map((/** @type {any} */ frame) => frame.function))) sums.set(name, (sums.get(name) ?? 0) + site.allocated_bytes);
  return [...sums].filter(([name]) => name !== null).toSorted(([, a], [, b]) => b - a)[0];
}

/** The rows of the flame graph's numbers. @param {import('./chromium.js').Tab} tab */
async function numbers(tab) {
  await tab.run(() => { const details = document.querySelector('.flame-numbers details'); if (details instanceof HTMLDetailsElement) details.open = true; });
  return tab.until('numbers', () => {
    const rows = [...document.querySelectorAll('.flame-numbers tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent?.trim() ?? ''));
    return rows.length > 1 && rows;
  });
}

const number = (/** @type {string} */ text) => Number(text.replace('−', '-').replaceAll(/[^\d-]/g, ''));

test('callers and callees of a function', async () => {
  const [name, allocated] = middle(program('report', '--format', 'json', TRACE, ...ELF));
  await serving(TRACE, async (url) => {
    for (const [place, form] of [[url, 'served'], [singleFile('sandwich', TRACE, ...ELF).url, 'file']]) {
      for (const theme of /** @type {const} */ (['dark', 'light'])) {
        for (const width of [1440, 1024, 420]) {
          await inTabOf(browser, async (tab) => {
            await open(tab, place, `flame?weight=allocated_bytes&around=${encodeURIComponent(name)}`);
            await tab.see('.badge', name);
            const [first] = await numbers(tab);
            assert.equal(first[0], name);
            assert.equal(number(first[2]), allocated, 'what is allocated below it is what the report says');
            await tab.see('.flame-callers .picture');
            await fits(tab, width);
            writeFileSync(join(SCREENSHOTS, `sandwich-${form}-${theme}-${width}.png`), await tab.picture());
            if (width > 1024) {
              const { left, y, width } = await tab.place('.flame-callers .picture');
              await tab.clickAt({ x: left + width * 0.2, y });
              await tab.until('a caller', (name) => location.hash.includes('around=') && !location.hash.includes(encodeURIComponent(name)), name);
              await tab.click('.badge', 'Callers and callees of');
              await tab.until('the whole', () => !location.hash.includes('around='));
            }
          }, { theme, width, height: 900 });
        }
      }
    }
  }, ...ELF);
});

test('against a recording before', async () => {
  // A leak that was there before, and one that is new.
  const [old, now] = [golden('growing-table'), golden('steady-leak')];
  const { sites } = program('diff', '--format', 'json', '--all', old, now);
  const sum = (/** @type {'before' | 'after'} */ side) => sites.reduce((/** @type {number} */ sum, /** @type {any} */ site) => sum + (site[side].outstanding_bytes[0] ?? 0), 0);
  /** @param {string} url @param {string} form @param {number[]} widths */
  const look = async (url, form, widths) => {
    for (const theme of /** @type {const} */ (['dark', 'light'])) {
      for (const width of widths) {
        await inTabOf(browser, async (tab) => {
          await open(tab, url, 'flame');
          await tab.until('the choice', () => document.querySelector('select[aria-label="Against a recording before"]:not([hidden])') !== null);
          for (const side of /** @type {const} */ (['before', 'after'])) {
            await turnTo(tab, `flame?against=${side}`);
            const rows = await tab.until(`both sides, as wide as ${side}`, (width) => {
              const details = document.querySelector('.flame-numbers details');
              if (details instanceof HTMLDetailsElement) details.open = true;
              const heads = [...document.querySelectorAll('.flame-numbers thead th')].map((head) => head.textContent);
              const rows = [...document.querySelectorAll('.flame-numbers tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent ?? ''));
              return heads.includes('Difference') && Number(rows[0]?.[2]?.replaceAll(/[^\d]/g, '')) === width && rows;
            }, sum(side));
            const [all] = rows;
            assert.deepEqual([number(all[4]), number(all[5])], [sum('before'), sum('after') - sum('before')], `${side}: ${all}`);
            await tab.run(() => { const details = document.querySelector('.flame-numbers details'); if (details instanceof HTMLDetailsElement) details.open = false; });
            writeFileSync(join(SCREENSHOTS, `against-${form}-${side}-${theme}-${width}.png`), await tab.picture());
            await fits(tab, width);
          }
        }, { theme, width, height: 900 });
      }
    }
  };
  await serving(now, (url) => look(url, 'served', [1440, 1024, 420]), '--before', old);
  await look(singleFile('against', now, '--before', old).url, 'file', [1440]);
});

test('what is not of the same is said', async () => {
  const [old, now] = [golden('growing-table'), golden('steady-leak')];
  const report = program('report', '--format', 'json', old);
  const message = 'the device was told to leave blocks out, so that numbers here are parts: all but one in 3 addresses';
  report.problems.push({ code: 'filtered', severity: 'grave', message, hint: null, count: 1, input: null, offset: null, time_s: null, time_ticks: null });
  const filtered = join(mkdtempSync(join(tmpdir(), 'leakscope-')), 'filtered.json');
  writeFileSync(filtered, JSON.stringify(report));
  /** @param {string} url @param {boolean} isFiltered */
  const look = (url, isFiltered) => inTabOf(browser, async (tab) => {
    await open(tab, url, 'flame?against=after');
    const line = () => tab.until('both amounts', () => {
      const words = document.querySelector('.flame-line')?.textContent ?? '';
      return words.includes('→') && words;
    });
    const whole = await line();
    assert.deepEqual([whole.includes(`before, the device left out all but one in 3 addresses; now, all blocks are recorded`), whole.includes('whole recording')], [isFiltered, false], whole);
    await turnTo(tab, 'flame?against=after&range=1-100000');
    await tab.see('.flame-line', 'what is before is of the whole recording');
    await fits(tab, 420);
  }, { theme: 'light', width: 420, height: 900 });
  await serving(now, (url) => look(url, false), '--before', old);
  await serving(now, (url) => look(url, true), '--before', filtered);
  await look(singleFile('filtered', now, '--before', filtered).url, true);
});
