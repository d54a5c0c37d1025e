// What the tests of the page in a browser share: tabs with nothing to complain about, and views that are open.
import assert from 'node:assert/strict';

/** @typedef {import('./chromium.js').Browser} Browser */
/** @typedef {import('./chromium.js').Tab} Tab */

/** What has to be to be seen in each view, so that it counts as open. */
export const SIGNS = {
  overview: '.conclusion', sites: '.table tbody tr', flame: '.flame-line', timeline: '.lane-label',
  events: '.list-row .name', terminal: '.terminal .list-head', tasks: '.table tbody tr', system: '.facts dd', memory: '.split.memory',
};

/** A tab that must have nothing to complain about. @param {Browser} browser @param {(tab: Tab) => Promise<void>} use @param {object} [look] */
export async function inTabOf(browser, use, look) {
  const tab = await browser.tab(look);
  try {
    await use(tab);
    assert.deepEqual(tab.complaints, []);
  } finally {
    await tab.close();
  }
}

/** Opens the page at a fragment. @param {Tab} tab @param {string} url @param {string} fragment */
export async function open(tab, url, fragment) {
  await tab.open(`${url}#${fragment}`);
  const name = /** @type {keyof typeof SIGNS} */ (fragment.split('?')[0]);
  await tab.see(SIGNS[name]);
}

/**
 * Goes to a fragment of the page that is open. The page has heard of it before this is answered, so that nothing of the
 * view that stood there can be taken for the next one's.
 * @param {{ run(run: (fragment: string) => Promise<unknown>, fragment: string): Promise<unknown> }} tab @param {string} fragment
 */
export async function turnTo(tab, fragment) {
  await tab.run((fragment) => new Promise((resolve) => {
    if (location.hash === `#${fragment}`) return resolve(null);
    addEventListener('hashchange', () => resolve(null), { once: true });
    location.hash = fragment;
  }), fragment);
}

/** Waits for two frames: what a change of this moment draws is drawn. @param {Tab} tab */
export async function drawn(tab) {
  await tab.run(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Waits until nothing lies beyond the window's right edge. @param {Tab} tab @param {number} width of the window @param {string} [what] is looked at */
export async function fits(tab, width, what = 'the view') {
  await tab.gives(width, `${what} is as wide as the window`, () => document.scrollingElement?.scrollWidth);
}
