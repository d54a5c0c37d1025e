// One moment has one level: head, curve, stacked bytes, Alive here and what is read aloud say the same, whatever the window's width;
// where only a column is known, between what and what, and the truth is in it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, recording, serving, singleFile } from './program.js';
import { inTabOf, open, turnTo } from './tab.js';

/** @typedef {import('./chromium.js').Tab} Tab */

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** What the call sites add up to at the end of a tick. @param {string} url @param {number} tick */
async function truth(url, tick) {
  const { sites, others } = await answerTo(url, `sites?from=0&to=${tick + 1}`);
  const sum = (/** @type {string} */ field) => sites.reduce((/** @type {number} */ sum, /** @type {any} */ site) => sum + site[field], 0);
  return { bytes: sum('outstanding_bytes') + others.outstanding_bytes, blocks: sum('outstanding_blocks') };
}

/** @param {{ bytes: number, blocks: number }} level */
const words = ({ bytes, blocks }) => `${bytes.toLocaleString('en')} B in ${blocks.toLocaleString('en')} block${blocks === 1 ? '' : 's'}`;

/** Notes what pictures write. @param {Tab} tab */
const listenToPictures = (tab) => tab.run(() => {
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    const written = /** @type {any} */ (globalThis).written ??= new Map();
    const name = this.canvas.parentElement?.className ?? '';
    written.set(name, [...(written.get(name) ?? []), text].slice(-40));
    return write.call(this, text, ...place);
  };
});

/** @param {Tab} tab @param {string} picture @param {string} text */
const written = (tab, picture, text) => tab.until(`${text} in ${picture}`, (picture, text) =>
  [.../** @type {Map<string, string[]>} */ (/** @type {any} */ (globalThis).written ?? new Map())].some(([name, texts]) => name.includes(picture) && texts.includes(text)), picture, text);

const number = (/** @type {string} */ text) => Number(text.replaceAll(',', ''));

/** @param {string} served @param {string} url that is looked at @param {number} width @param {number[]} ticks */
async function look(served, url, width, ticks) {
  await inTabOf(browser, async (tab) => {
    for (const tick of ticks) {
      const level = await truth(served, tick);
      const all = words(level);
      await open(tab, url, `timeline?alive=1&stacked=site&cursor=${tick}`);
      await tab.see('.clock dd', all);
      assert.equal(await tab.run(() => document.querySelector('.clock dt')?.textContent), 'Cursor');
      await tab.see('.alive > div:first-child p', all);
      await tab.until('the sum of the stack', (bytes) => [...document.querySelectorAll('.stacked-keys .quiet')].some(({ textContent }) => textContent?.startsWith(`${bytes} at`)), all.split(' in ')[0]);
      const shares = await tab.run(() => [...document.querySelectorAll('.stacked-keys .amount')].map(({ textContent }) => textContent ?? ''));
      assert.equal(shares.reduce((sum, share) => sum + number(share.split(' B')[0]), 0), level.bytes, `${shares}`);
      await listenToPictures(tab);
      await turnTo(tab, `overview?cursor=${tick}`);
      await written(tab, 'heap-picture', all);
      await tab.see('.clock dd', all);
    }
    // The pointer: first between what and what, then exactly.
    await turnTo(tab, 'timeline');
    await tab.see('.lane-label');
    const { left, width: room, y } = await tab.place('.time-below');
    for (const share of [0.21, 0.5, 0.83]) {
      await tab.mouse('mouseMoved', { x: left + room * share, y }, { button: 'none' });
      await tab.see('.clock dt', 'Pointer');
      const [moment] = await tab.until('exactly', () => {
        const said = document.querySelector('.clock dd')?.textContent ?? '';
        return / B in [\d,]+ block/.test(said) && [said];
      });
      const { clock } = await answerTo(served, 'overview');
      const tick = Math.round(number(moment.split(' ')[0]) * clock.hz);
      assert.ok(moment.endsWith(words(await truth(served, tick))), `${moment} at ${tick}`);
    }
  }, { width, height: 900 });
}

for (const [name, trace] of /** @type {[string, string | null][]} */ ([['golden', golden('steady-leak')], ['two sessions', golden('restart')], ['real', recording('idf-mcore-2026/heap_log_mcore.svdat')]])) {
  test(`one level at one moment: ${name}`, { skip: trace === null }, async () => {
    if (trace === null) return;
    await serving(trace, async (url) => {
      const { clock } = await answerTo(url, 'overview');
      let state = 7;
      const ticks = Array.from({ length: 3 }, () => {
        state = (state * 48_271) % 2_147_483_647;
        return Math.floor((state / 2_147_483_647) * clock.end);
      });
      for (const width of [1440, 1000, 640]) await look(url, url, width, ticks);
      await look(url, singleFile('level', trace).url, 1280, ticks);
    });
  });
}

test('the cursor that is moved by keys is read aloud with its level', async () => {
  const trace = golden('growing-table');
  await serving(trace, (url) => inTabOf(browser, async (tab) => {
    const { clock } = await answerTo(url, 'overview');
    const tick = Math.round(clock.end * 0.3);
    await open(tab, url, `overview?cursor=${tick}`);
    await tab.run(() => /** @type {HTMLElement} */ (document.querySelector('.strip .picture')).focus());
    await tab.key('ArrowRight');
    await tab.see('.clock dd', words(await truth(url, Math.round(tick + clock.end * 0.005))));
    const level = words(await truth(url, Math.round(tick + clock.end * 0.005)));
    await tab.until('what is read aloud', (level) => document.querySelector('[aria-live].hidden')?.textContent?.endsWith(`${level} live`), level);
  }));
});
