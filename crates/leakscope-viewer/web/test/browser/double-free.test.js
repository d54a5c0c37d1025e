// The three events of a double free, in Chromium: from the overview to the second free, and from there to the first and to the
// allocation.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { golden, PROGRAM, SCREENSHOTS, serving, singleFile } from './program.js';
import { fits, inTabOf, open } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const TRACE = golden('wrong-frees');

test('allocation, first free, second free', async () => {
  const { stdout } = spawnSync(PROGRAM, ['report', '--format', 'json', TRACE], { encoding: 'utf8' });
  const double = JSON.parse(stdout).anomalies.find((/** @type {any} */ { kind }) => kind === 'double-free');
  await serving(TRACE, async (url) => {
    for (const [place, form] of [[url, 'served'], [singleFile('double-free', TRACE).url, 'file']]) {
      for (const theme of /** @type {const} */ (['dark', 'light'])) {
        for (const width of [1440, 1024, 420]) {
          await inTabOf(browser, async (tab) => {
            await open(tab, place, 'overview');
            // The page may still be moving: what is to be seen depends on answers.
            await tab.see('.table td', 'double free');
            await tab.run(() => /** @type {HTMLElement} */ ([...document.querySelectorAll('.table tbody tr')].find((row) => row.textContent?.startsWith('double free'))).click());
            await tab.see('.event-detail', 'and here again');
            await tab.see('.event-detail', double.address);
            writeFileSync(join(SCREENSHOTS, `double-free-${form}-${theme}-${width}.png`), await tab.picture());
            const second = await tab.run(() => location.hash);
            // The keyboard follows from the second free to the first, and from that to the allocation.
            await tab.click('.event-detail button', 'freed first');
            const first = await tab.until('the first free', (second) => location.hash !== second && /allocated at(?!.*here again)/.test(document.querySelector('.event-detail')?.textContent ?? '') && location.hash, second);
            await tab.click('.event-detail button', 'allocated at');
            await tab.until('the allocation', (first) => location.hash !== first && document.querySelector('.event-detail')?.textContent?.includes('freed at'), first);
            await fits(tab, width);
          }, { theme, width, height: 900 });
        }
      }
    }
  });
});
