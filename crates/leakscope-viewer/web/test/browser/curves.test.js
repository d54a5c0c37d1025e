// From a leak to its track in the timeline, and what curves say at the cursor.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, SCREENSHOTS, serving, singleFile } from './program.js';
import { inTabOf, open } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const TRACE = golden('steady-leak');

test('a leak is followed into the timeline', () => serving(TRACE, async (url) => {
  for (const [form, place] of [['served', url], ['file', singleFile('track', TRACE).url]]) {
    await inTabOf(browser, async (tab) => {
      await open(tab, place, 'overview');
      await tab.click('.finding .title');
      const [, blocks] = await tab.until('its blocks', () => /in (\d+) blocks/.exec(document.querySelector('.split-detail .facts')?.textContent ?? ''));
      await tab.click('.split-detail button', 'In the timeline');
      await tab.see('.track-label', `${blocks} allocations ↑ 0 frees ↓`);
      // Its marks are exact: no word of sums.
      assert.doesNotMatch(await tab.run(() => document.querySelector('.track-label')?.textContent ?? ''), /sums/);
      writeFileSync(join(SCREENSHOTS, `track-${form}.png`), await tab.picture());
      await tab.click('.track-remove');
      await tab.until('no track', () => document.querySelector('.track') === null && !location.hash.includes('pins'));
    });
  }
}));

test('at the cursor stands what lives there', () => serving(TRACE, async (url) => {
  const overview = await answerTo(url, 'overview');
  for (const place of [url, singleFile('cursor', TRACE).url]) {
    await inTabOf(browser, async (tab) => {
      // Behind the last event lives what is outstanding.
      await open(tab, place, `timeline?cursor=${overview.clock.end}`);
      const { outstanding_bytes: bytes, outstanding_blocks: blocks } = overview.totals;
      await tab.see('.clock dd', `${bytes.toLocaleString('en')} B in ${blocks} blocks`);
      await tab.click('button', 'From the level after start-up');
      await tab.until('the address', () => location.hash.includes('close=1'));
    });
  }
}));
