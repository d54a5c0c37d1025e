// Alive here in Chromium: what lives at the cursor, and what was allocated between two and still lives, is what the report
// says of a recording that had begun and ended then.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, PROGRAM, recording, SCREENSHOTS, serving, singleFile } from './program.js';
import { fits } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** Blocks and bytes of the call sites with outstanding blocks. @param {string} trace @param {string[]} period */
function outstanding(trace, ...period) {
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['report', '--format', 'json', trace, ...period], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  /** @type {[bytes: number, blocks: number][]} */
  const sites = JSON.parse(stdout).call_sites.map((/** @type {any} */ site) => [site.outstanding_bytes, site.outstanding_blocks]);
  return sites.filter(([, blocks]) => blocks > 0).toSorted(([a], [b]) => b - a);
}

const number = (/** @type {string} */ text) => Number(text.replaceAll(/[ ,B]/g, ''));

/** @param {import('./chromium.js').Tab} tab @param {number} place of the list */
function listed(tab, place) {
  return tab.run((place) => [...document.querySelectorAll('.alive > div')[place].querySelectorAll('tbody tr')]
    .map((row) => [row.children[0].textContent ?? '', row.children[2].textContent ?? '']), place)
    .then((rows) => rows.map((row) => row.map(number)));
}

/** @param {string} url @param {string} trace @param {number} end @param {number} hz @param {string} form */
async function look(url, trace, end, hz, form) {
  const [from, to] = [0.25, 0.7].map((share) => Math.round(share * end));
  const tab = await browser.tab({ width: 1440, height: 900 });
  await tab.open(`${url}#timeline?alive=1`);
  await tab.see('.alive', 'Click in the timeline');
  await tab.open(`${url}#timeline?alive=1&cursor=${to}&range=${from}-${to}`);
  await tab.see('.alive > div:first-child', 'live');
  await tab.see('.alive > div:last-child', 'live at its end');
  await tab.until('all counted', () => !document.querySelector('.alive')?.textContent?.includes('counted so far'));
  writeFileSync(join(SCREENSHOTS, `alive-${form}.png`), await tab.picture());
  const seconds = (/** @type {number} */ ticks) => ((ticks - 0.5) / hz).toFixed(9);
  if (form === 'served') {
    assert.deepEqual(await listed(tab, 0), outstanding(trace, '--to', seconds(to + 1)).slice(0, 12));
    assert.deepEqual(await listed(tab, 1), outstanding(trace, '--from', seconds(from), '--to', seconds(to)).slice(0, 12));
  }
  // A call site as a track, its flame graph, and the panel goes.
  await tab.click('.alive button', 'Pin');
  await tab.see('.track');
  await tab.until('the pin in the address', () => location.hash.includes('pins='));
  await tab.click('.alive button', 'Unpin');
  await tab.until('no pin', () => !location.hash.includes('pins='));
  await tab.click('.toggle', 'Alive here');
  await tab.until('no panel', () => !location.hash.includes('alive=') && document.querySelector('.alive:not([hidden])') === null);
  assert.deepEqual(tab.complaints, []);
  await tab.close();
  for (const theme of /** @type {const} */ (['dark', 'light'])) {
    for (const width of [1440, 1024, 420]) {
      const narrow = await browser.tab({ theme, width, height: 900 });
      await narrow.open(`${url}#timeline?alive=1&cursor=${to}&range=${from}-${to}`);
      await narrow.see('.alive > div:last-child', 'live at its end');
      writeFileSync(join(SCREENSHOTS, `alive-${form}-${theme}-${width}.png`), await narrow.picture());
      await fits(narrow, width);
      assert.deepEqual(narrow.complaints, []);
      await narrow.close();
    }
  }
}

for (const [name, trace] of /** @type {[string, string | null][]} */ ([['golden', golden('growing-table')], ['real', recording('idf-mcore-2026/heap_log_mcore.svdat')]])) {
  test(`${name}: as the report says`, { skip: trace === null }, async () => {
    if (trace === null) return;
    await serving(trace, async (url) => {
      const { clock } = await answerTo(url, 'overview');
      await look(url, trace, clock.end, clock.hz, 'served');
      if (name === 'golden') await look(singleFile('alive', trace).url, trace, clock.end, clock.hz, 'file');
    });
  });
}
