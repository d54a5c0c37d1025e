// A recording with a reset in Chromium: blocks end with their session, whatever range is looked at, and whichever form the page has.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, serving, singleFile } from './program.js';
import { inTabOf, open, turnTo } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** In both forms of the page. @param {string} name @param {(url: string, form: string) => Promise<void>} look */
async function inBothForms(name, look) {
  await serving(golden(name), (url) => look(url, 'served'));
  await look(singleFile(`sessions-${name}`, golden(name)).url, 'file');
}

test('a range across a reset has what was allocated in it and lives at its end', () => inBothForms('restart', (url) => inTabOf(browser, async (tab) => {
  // In the second session: three blocks of 512 B, and four of the leak; of the first one, nothing lives.
  await open(tab, url, 'timeline?range=500-154398&alive=1&cursor=154398');
  const lives = '1,632 B in 7 blocks';
  await tab.see('.alive > div:first-child p', lives);
  await tab.see('.alive > div:last-child p', `${lives} of 2 call sites were allocated in it and live at its end`);
  await turnTo(tab, 'sites?range=500-154398');
  await tab.until('outstanding', () => {
    const cells = [...document.querySelectorAll('tbody tr')].map((row) => row.children[3].textContent);
    return JSON.stringify(cells.toSorted()) === JSON.stringify(['0 B', '1,536 B', '96 B']);
  });
})));

test('a call site lists the blocks that live, and not those of earlier sessions', () => inBothForms('restart', (url) => inTabOf(browser, async (tab) => {
  await open(tab, url, 'sites');
  await tab.click('tbody tr', '0x400d1234');
  await tab.see('.split-detail', 'Blocks that still live');
  const heads = await tab.run(() => [...document.querySelectorAll('.split-detail h2')].map(({ textContent }) => textContent));
  assert.ok(heads.includes('Blocks that still live'), `${heads}`);
})));

/** What is said of an event, in both forms. @param {string} name @param {(row: any) => boolean} isIt @param {string} words */
async function detailSays(name, isIt, words) {
  let index = -1;
  await inBothForms(name, async (url, form) => {
    if (form === 'served') index = (await answerTo(url, 'events?offset=0&limit=500&kinds=heap')).rows.find(isIt).index;
    await inTabOf(browser, async (tab) => {
      await open(tab, url, `events?event=${index}`);
      await tab.see('.event-detail', words);
    });
  });
}

test('a block of an earlier session is not said to live at the end', () =>
  detailSays('restart', ({ size }) => size === 512, 'not freed; it still lived when its session was over.'));

test('a wrong free has no other half, and says so', () =>
  detailSays('wrong-frees', ({ flag }) => flag === 'wrong-free', 'no block begins there: there is no allocation.'));
