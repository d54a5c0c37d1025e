// The page in Firefox: every view opens, served and from the one file, keys and filters work, and the console stays empty.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { VIEWS } from 'leakscope/state/fragment.js';
import { Firefox } from './firefox.js';
import { golden, SCREENSHOTS, serving, singleFile } from './program.js';
import { SIGNS, turnTo } from './tab.js';

/** @type {Firefox} */
let firefox;
before(async () => { firefox = await Firefox.start(); });
after(() => firefox.close());

const TRACE = golden('steady-leak');

/** @param {string} selector @param {string} [text] */
function see(selector, text = '') {
  return firefox.until(`${selector} with “${text}”`, (selector, text) => [...document.querySelectorAll(selector)]
    .some((element) => element instanceof HTMLElement && element.offsetParent !== null && (element.textContent ?? '').includes(text)), selector, text);
}

/** @param {string} url @param {string} form */
async function walk(url, form) {
  await firefox.open(`${url}#overview`);
  await see(SIGNS.overview);
  await firefox.run(() => {
    // What goes wrong from here on is kept.
    const kept = /** @type {any} */ (window);
    kept.complaints = [];
    addEventListener('error', (event) => kept.complaints.push(event.message));
    addEventListener('unhandledrejection', (event) => kept.complaints.push(String(event.reason)));
    document.addEventListener('securitypolicyviolation', (event) => kept.complaints.push(event.violatedDirective));
  });
  for (const view of VIEWS) {
    await turnTo(firefox, view);
    await see(SIGNS[view]);
    writeFileSync(join(SCREENSHOTS, `firefox-${form}-${view}.png`), await firefox.picture());
    assert.equal(await firefox.run(() => (document.scrollingElement?.scrollWidth ?? 0) <= innerWidth), true, `${view} is wider than the window`);
  }
  // A leak is followed to its stack and into the timeline.
  await turnTo(firefox, 'overview');
  await see('.finding .title');
  await firefox.run(() => /** @type {HTMLElement} */ (document.querySelector('.finding .title')).click());
  await see('.split-detail h2', 'Call stack');
  await firefox.run(() => [...document.querySelectorAll('button')].find((button) => button.textContent === 'In the timeline')?.click());
  await see('.track-label', '0 frees ↓');
  // Pictures are drawn, if only with the next frame.
  await firefox.until('a picture', () => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.track-picture canvas'));
    return canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value !== 0);
  });
  await firefox.key('5');
  await see(SIGNS.events);
  await turnTo(firefox, 'events?text=alloc');
  await see('.list-row mark');
  assert.deepEqual(await firefox.run(() => /** @type {any} */ (window).complaints), []);
}

test('served', () => serving(TRACE, (url) => walk(url, 'served')));
test('the one file', () => walk(singleFile('firefox', TRACE).url, 'file'));
