// Accessibility: axe-core finds nothing serious or moderate in any view, theme and width; nothing is wider than its place.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { VIEWS } from 'leakscope/state/fragment.js';
import { Browser } from './chromium.js';
import { golden, recording, SCREENSHOTS, serving } from './program.js';
import { inTabOf, open, SIGNS, turnTo } from './tab.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** What is open besides the views as they begin. */
const STATES = ['sites?site=0', 'timeline?pins=0,task-1&cursor=1000&stacked=site', 'events?kinds=heap&event=30', 'tasks?range=10-100000', 'overview?close=1&cursor=100'];

/** Waits until axe finds nothing: what has just come may be without its signs for a frame. @param {import('./chromium.js').Tab} tab @param {string} what is looked at */
async function isAccessible(tab, what) {
  await tab.send('Runtime.evaluate', { expression: `typeof axe === 'undefined' && eval(${JSON.stringify(AXE)})` });
  await tab.gives([], what, async () => {
    const { violations } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ['violations'] });
    return violations.filter((/** @type {any} */ { impact }) => impact !== 'minor').map((/** @type {any} */ found) => `${found.impact} ${found.id}: ${found.nodes[0].html}`);
  });
}

/** Runs in the page: what has to be scrolled sideways. */
function widerThanTheirPlace() {
  return [...document.querySelectorAll('main, main *')]
    .filter((element) => element.scrollWidth > element.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX))
    .map((element) => `${element.className} ${element.scrollWidth} > ${element.clientWidth}`);
}

for (const [name, trace] of /** @type {[string, string | null][]} */ ([['golden', golden('steady-leak')], ['real', recording('idf-mcore-2026/heap_log_mcore.svdat')]])) {
  test(`nothing that axe finds: ${name}`, { skip: trace === null }, async () => {
    if (trace === null) return;
    await serving(trace, async (url) => {
      for (const theme of /** @type {const} */ (['light', 'dark'])) {
        for (const width of [1440, 1024, 420]) {
          await inTabOf(browser, async (tab) => {
            await open(tab, url, VIEWS[0]);
            for (const fragment of [...VIEWS, ...STATES]) {
              await turnTo(tab, fragment);
              await tab.see(SIGNS[/** @type {keyof typeof SIGNS} */ (fragment.split('?')[0])]);
              await isAccessible(tab, `${fragment}, ${theme}, ${width}`);
              if (width <= 420) await tab.gives([], `wider than their place in ${fragment}, ${width}`, widerThanTheirPlace);
              writeFileSync(join(SCREENSHOTS, `${name}-${fragment.replaceAll(/\W+/g, '-')}-${theme}-${width}.png`), await tab.picture());
            }
            await tab.key('k', { control: true });
            await tab.type('main');
            await tab.see('.hit', 'main');
            await isAccessible(tab, `search, ${theme}, ${width}`);
          }, { theme, width, height: 900 });
        }
      }
    });
  });
}
