// The single file of a trace that it does not hold all of: where something is missing stands how much.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { recording, SCREENSHOTS, singleFile } from './program.js';
import { inTabOf, open, turnTo } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const LONG = recording('idf-esp-extension-2021/heap_log_mcore.svdat');

test('where events are missing, lists say how many', { skip: LONG === null }, async () => {
  if (LONG === null) return;
  const { url } = singleFile('long', LONG, '--html-events', '600');
  await inTabOf(browser, async (tab) => {
    await open(tab, url, 'events?event=400');
    await tab.see('.list-row.missing', 'not in this file');
    await tab.see('.event-detail', 'Event 400 is not in this file');
    const [, listed, all] = await tab.until('how many of how many', () => /^([\d,]+) of ([\d,]+) events$/.exec(document.querySelector('.rest')?.textContent ?? ''));
    const number = (/** @type {string} */ text) => Number(text.replaceAll(',', ''));
    assert.ok(number(listed) > 600 && number(all) > 20_000);
    writeFileSync(join(SCREENSHOTS, 'long-events.png'), await tab.picture());
    await open(tab, url, 'events');
    await turnTo(tab, 'events?text=nowhere');
    await tab.see('.rest', `0 events found in the ${listed} of ${all} events that this file holds`);
  });
});
