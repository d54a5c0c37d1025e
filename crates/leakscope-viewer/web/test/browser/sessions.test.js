// A recording with a reset in Chromium: blocks end with their session, whatever range is looked at, and whichever form the page has.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { answerTo, golden, serving, singleFile, withData } from './program.js';
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

/** Whether something is drawn in the ruler, above its labels, at this part of the time. @param {import('./chromium.js').Tab} tab @param {number} part @param {boolean} wanted */
const drawnAt = (tab, part, wanted) => tab.until(`${wanted ? 'something' : 'nothing'} at ${part}`, ({ part, wanted }) => {
  const canvas = /** @type {HTMLCanvasElement | null} */ (document.querySelector('.time-ruler canvas'));
  if (canvas === null || canvas.width === 0) return false;
  // A copy: the page itself reads no pixels.
  const copy = Object.assign(document.createElement('canvas'), { width: 5, height: 4 });
  const pen = /** @type {CanvasRenderingContext2D} */ (copy.getContext('2d', { willReadFrequently: true }));
  pen.drawImage(canvas, 2 - Math.round(part * canvas.width), 0);
  const { data } = pen.getImageData(0, 0, 5, 4);
  return data.some((value) => value !== 0) === wanted;
}, { part, wanted });

test('where a session begins is marked', () => inBothForms('restart', (url) => inTabOf(browser, async (tab) => {
  await open(tab, url, 'timeline');
  await drawnAt(tab, 110_021 / 220_043, true);
  for (const part of [0.3, 0.7]) await drawnAt(tab, part, false);
  await turnTo(tab, 'overview');
  await tab.see('td', 'after a reset');
})));

test('a pause is a band, and what begins behind it says so', () => {
  const url = withData('paused', singleFile('sessions-restart', golden('restart')).path, ({ overview: { sessions } }) => {
    Object.assign(sessions[0], { end: 60_000, stopped: true });
    sessions[1].after_reset = false;
  });
  return inTabOf(browser, async (tab) => {
    await open(tab, url, 'timeline');
    for (const part of [0.3, 0.4, 0.49]) await drawnAt(tab, part, true);
    for (const part of [0.2, 0.7]) await drawnAt(tab, part, false);
    await turnTo(tab, 'overview');
    await tab.see('td', 'after a pause');
  });
});

test('hundreds of tasks that free what others allocated are a list of pairs that occur', () => {
  const url = withData('many-tasks', singleFile('sessions-restart', golden('restart')).path, ({ overview, tasks }) => {
    const task = tasks.tasks.find((/** @type {any} */ { kind }) => kind === 'task');
    const [first] = overview.contexts.splice(task.context);
    tasks.tasks = tasks.tasks.filter((/** @type {any} */ { context }) => context < task.context);
    tasks.matrix = [];
    for (let number = 0; number < 600; number += 1) {
      overview.contexts.push({ ...first, name: `task ${number}` });
      tasks.tasks.push({ ...task, name: `task ${number}`, context: task.context + number });
      tasks.matrix.push({ allocated_by: task.context + number, freed_by: task.context + (number + 1) % 600, blocks: 1, bytes: 1000 + number });
    }
  });
  return inTabOf(browser, async (tab) => {
    await open(tab, url, 'tasks');
    await tab.see('.tasks', 'task 599');
    assert.ok(await tab.run(() => document.querySelectorAll('*').length) < 15_000);
    const pairs = await tab.run(() => [...document.querySelectorAll('table')].find((table) => table.querySelector('caption')?.textContent === 'Who frees what others allocated')?.querySelector('tbody tr')?.textContent);
    assert.equal(pairs, 'task 599task 01,599 B1');
  });
});
