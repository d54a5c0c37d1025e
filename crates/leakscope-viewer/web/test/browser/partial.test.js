// What is said of a part of a trace is said to be of a part, until the last answer about all of it is on the page.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, recording, SCREENSHOTS, serving } from './program.js';
import { inTabOf, open } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

test('the notice stays until the last answer', () => serving(golden('steady-leak'), async (url) => {
  const tab = await browser.tab();
  // The first overview is as if half of the trace had been read, and answers after it take their time.
  const source = `{
    const ask = window.fetch;
    let isFirst = true;
    window.fetch = async (...given) => {
      const answer = await ask(...given);
      if (!String(given[0]).startsWith('api/')) return answer;
      const body = await answer.json();
      if (String(given[0]).startsWith('api/overview') && isFirst) {
        isFirst = false;
        body.totals.outstanding_bytes = 12;
        body.reading.state = 'reading';
      } else await new Promise((resolve) => setTimeout(resolve, 300));
      if (String(given[0]).startsWith('api/timeline')) window.answered = performance.now();
      return { ok: answer.ok, json: async () => body };
    };
    const look = () => {
      const notice = document.querySelector('.notice');
      const isPart = document.querySelector('.figures')?.textContent?.includes('12 B');
      if (isPart && /being read, \\d+ %/.test(notice?.textContent ?? '')) window.saidSo = true;
      if (isPart && notice === null) window.saidNothing = true;
      if (window.saidSo && notice === null) window.gone ??= performance.now();
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }`;
  await tab.send('Page.addScriptToEvaluateOnNewDocument', { source });
  await tab.open(`${url}#overview`);
  const { totals } = await answerTo(url, 'overview');
  await tab.see('.figures', `${totals.outstanding_bytes.toLocaleString('en')} B in`);
  const { saidSo, saidNothing, early } = await tab.until('the notice is gone', () => {
    const { saidSo, saidNothing, gone, answered } = /** @type {any} */ (window);
    return gone !== undefined && { saidSo, saidNothing, early: answered - gone };
  });
  assert.equal(saidSo, true);
  assert.equal(saidNothing, undefined, 'a part was shown as all');
  assert.ok(early <= 0, `the notice was gone ${early} ms before the last answer`);
  assert.deepEqual(tab.complaints, []);
  await tab.close();
}));

const JOINED = recording('idf-mcore-2026/heap_log_mcore.svdat');

test('a joined file whose second core has not come', { skip: JOINED === null }, async () => {
  if (JOINED === null) return;
  const [path, whole] = [join(SCREENSHOTS, 'joined.svdat'), readFileSync(JOINED)];
  const [first, second] = [whole.length / 4, whole.length / 4 + 500].map(Math.floor);
  writeFileSync(path, whole.subarray(0, first));
  await serving(path, (url) => inTabOf(browser, async (tab) => {
    await open(tab, url, 'overview');
    await tab.see('.notice', 'Core 1 has not come yet');
    const before = await tab.until('what came of the first core', () => /([1-9][\d,]*) B in/.exec(document.querySelector('.figures')?.textContent ?? '')?.[0]);
    writeFileSync(join(SCREENSHOTS, 'joined.png'), await tab.picture());
    // A little more: what was there stays.
    appendFileSync(path, whole.subarray(first, second));
    for (let look = 0; look < 8; look += 1) {
      const said = await tab.run(() => new Promise((resolve) => setTimeout(() => resolve(document.querySelector('main')?.textContent ?? ''), 100)));
      assert.doesNotMatch(String(said), /Nothing can be said|could be named/);
      assert.ok(look > 2 || String(said).includes(before), `${before} is gone`);
    }
    appendFileSync(path, whole.subarray(second));
    await tab.until('both cores', () => !document.querySelector('.notice')?.textContent?.includes('has not come yet'));
    await tab.see('.notice', 'Live: ');
  }), '--follow');
});
