// States of the page that are easily forgotten, in Chromium: where the keyboard is after a sort, an opened row and Esc; many leaks;
// colours that the system chooses; a server that is gone; and that every table can be copied.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { VIEWS } from 'leakscope/state/fragment.js';
import { Browser } from './chromium.js';
import { golden, SCREENSHOTS, serving, singleFile, withData } from './program.js';
import { inTabOf, open, SIGNS, turnTo } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const TRACE = golden('steady-leak');

/** What has the keyboard: its key in a table, or its class. @param {import('./chromium.js').Tab} tab */
const focused = (tab) => tab.run(() => document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key ?? document.activeElement.className : '');

for (const form of ['served', 'file']) {
  test(`the keyboard stays where it was: ${form}`, async () => {
    const look = (/** @type {string} */ url) => inTabOf(browser, async (tab) => {
      for (const [view, heading] of [['sites', 'Outstanding'], ['tasks', 'Allocated'], ['system', 'Number']]) {
        await open(tab, url, view);
        const key = `heading ${heading}`;
        await tab.until(key, (key) => {
          const button = document.querySelector(`[data-key="${key}"]`);
          if (button instanceof HTMLElement) button.focus();
          return document.activeElement === button && button !== null;
        }, key);
        for (const direction of ['descending', 'ascending']) {
          await tab.key('Enter');
          await tab.until(direction, ([key, direction]) => document.querySelector(`[data-key="${key}"]`)?.closest('th')?.getAttribute('aria-sort') === direction, [key, direction]);
          assert.equal(await focused(tab), key, `${view}, sorted ${direction}`);
        }
      }
      await open(tab, url, 'sites');
      const row = await tab.until('a row', () => {
        const row = document.querySelector('.table tbody tr');
        if (row instanceof HTMLElement) row.focus();
        return row instanceof HTMLElement && row.dataset.key;
      });
      await tab.key('Enter');
      await tab.see('.split-detail h2', 'Call stack');
      assert.equal(await focused(tab), row, 'the row that was opened');
      await tab.key('Escape');
      await tab.until('the detail is closed', () => document.querySelector('.split-detail:not([hidden])') === null);
      assert.equal(await focused(tab), row, 'the row whose detail was closed');
      // From a leak in the overview to its row, and the cursor by keys.
      await open(tab, url, 'overview');
      await tab.run(() => /** @type {HTMLElement} */ (document.querySelector('.finding .title')).focus());
      await tab.key('Enter');
      await tab.see('.split-detail h2', 'Call stack');
      await tab.until('the row of the leak', () => document.activeElement?.matches('tr[aria-selected="true"]'));
      await tab.key('>');
      await tab.until('the cursor has moved', () => document.querySelector('[aria-live].hidden')?.textContent?.includes(' live'));
    });
    await (form === 'served' ? serving(TRACE, look) : look(singleFile('states', TRACE).url));
  });
}

/** The trace as if there were so many leaks, each slower than the one before. @param {number} leaks */
function withLeaks(leaks) {
  return withData('many-leaks', singleFile('many', TRACE).path, (document) => {
    const more = (/** @type {any} */ leak) => Array.from({ length: leaks }, (_, number) => (
      { ...leak, site: leak.site + number * 100, title: `${leak.title} ${number}`, growth_bytes_per_second: 1080 / 4 ** number }));
    document.overview.findings = more(document.overview.findings[0]);
    document.overview.totals.leaks = leaks;
    document.sites.sites = more(document.sites.sites[0]);
  });
}

test('64 leaks: the overview stays an overview, and growth is written in one unit', async () => {
  const url = withLeaks(64);
  for (const width of [1440, 1024, 420]) {
    await inTabOf(browser, async (tab) => {
      await open(tab, url, 'overview');
      const listed = await tab.run(() => [...document.querySelectorAll('.finding')].filter((line) => line.checkVisibility()).length);
      assert.equal(listed, 8, 'the worst are listed');
      await tab.see('summary', '56 further leaks');
      // The curve of the heap is still near the top: within two screens, on a telephone within three.
      const screens = await tab.run(() => (document.querySelector('.heap-picture')?.getBoundingClientRect().top ?? Infinity) / innerHeight);
      assert.ok(screens < (width > 420 ? 2 : 3), `${screens} screens at ${width}`);
      writeFileSync(join(SCREENSHOTS, `many-leaks-${width}.png`), await tab.picture());
      await tab.run(() => /** @type {HTMLElement} */ ([...document.querySelectorAll('summary')].find((summary) => summary.textContent?.includes('further leaks'))).click());
      await tab.until('all', () => [...document.querySelectorAll('.finding')].filter((line) => line.checkVisibility()).length >= 64);
      if (width > 420) {
        await open(tab, url, 'sites');
        const units = await tab.run(() => [...document.querySelectorAll('.table tbody tr')].map((row) => row.children[2].textContent?.split(' ').at(-1)).filter(Boolean));
        assert.ok(units.length === 64 && new Set(units).size === 1, String(units));
      }
    }, { width, height: 900 });
  }
});

test('where the system chooses the colours, what is on and what is selected is seen', () => serving(TRACE, (url) => inTabOf(browser, async (tab) => {
  await tab.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
  for (const view of VIEWS) {
    await open(tab, url, view);
    writeFileSync(join(SCREENSHOTS, `forced-${view}.png`), await tab.picture());
  }
  await open(tab, url, 'flame?verdicts=1&lines=1');
  const outlines = await tab.run(() => [...document.querySelectorAll('.toggle')].map((toggle) => [toggle.getAttribute('aria-pressed'), getComputedStyle(toggle).outlineStyle]));
  assert.ok(outlines.some(([pressed]) => pressed === 'true'));
  for (const [pressed, outline] of outlines) assert.equal(outline === 'solid', pressed === 'true', 'what is on has an outline');
  await open(tab, url, 'events?event=3');
  await tab.until('a selected row with an outline', () => {
    const row = document.querySelector('.list-row[aria-selected="true"]');
    return row !== null && getComputedStyle(row).outlineStyle === 'solid';
  });
  // Samples of colours keep theirs, and pictures are drawn in the page's: in many, not in the system's two.
  await open(tab, url, 'timeline?stacked=site');
  await tab.until('a picture in colours', () => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.time-below canvas'));
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    const colours = new Set();
    for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] === 255) colours.add(`${pixels[at]} ${pixels[at + 1]} ${pixels[at + 2]}`);
    return [...colours].filter((colour) => new Set(colour.split(' ')).size > 1).length > 2;
  });
  await tab.see('.stacked-keys .swatch');
  assert.equal(await tab.run(() => getComputedStyle(/** @type {Element} */ (document.querySelector('.stacked-keys .swatch'))).forcedColorAdjust), 'none');
})));

test('when the server is gone, what is on the page stays', () => serving(TRACE, async (url, end) => {
  // That questions fail is what this is about: the console says so.
  const tab = await browser.tab();
  await open(tab, url, 'sites');
  const rows = await tab.until('rows', () => document.querySelectorAll('.table tbody tr').length);
  await end();
  await tab.see('#lost', 'gone');
  assert.equal(await tab.run(() => document.querySelectorAll('.table tbody tr').length), rows);
  await tab.click('.heading', 'Outstanding');
  await tab.until('sorted all the same', () => document.querySelector('th[aria-sort="descending"]') !== null);
  assert.equal(await tab.run(() => document.querySelectorAll('.table tbody tr').length), rows);
  // A view that was not open before says what is left to do.
  await turnTo(tab, 'tasks');
  await tab.see('.tasks', 'start leakscope view again');
  await tab.close();
}));

test('every table and every list can be copied', () => serving(TRACE, (url) => inTabOf(browser, async (tab) => {
  let copied = 0;
  await open(tab, url, 'overview');
  for (const fragment of [...VIEWS, 'sites?site=0', 'timeline?alive=1&cursor=1000000&range=100-1000000', 'events?kinds=heap']) {
    await turnTo(tab, fragment);
    await tab.see(SIGNS[/** @type {keyof typeof SIGNS} */ (fragment.split('?')[0])]);
    await tab.run(() => { navigator.clipboard.writeText = async (text) => { document.documentElement.dataset.copied = text; }; });
    if (fragment.includes('site=')) await tab.see('.split-detail h2', 'Call stack');
    await tab.until('the numbers of all pictures', () => {
      // What comes later than others is opened when it has come.
      for (const details of document.querySelectorAll('details')) details.open = true;
      return [...document.querySelectorAll('details.numbers')].every((details) => details.querySelector('table') !== null);
    });
    const without = await tab.run(() => [...document.querySelectorAll('main table')].filter((table) => table.checkVisibility() && table.querySelector('tbody tr') !== null)
      .filter((table) => (table.closest('.table-box, .histogram')?.querySelector('.copy') ?? null) === null).map((table) => table.textContent?.slice(0, 80)));
    assert.deepEqual(without, [], `${fragment}: a table without a button`);
    const buttons = await tab.run(() => [...document.querySelectorAll('main .copy')].filter((button) => button.checkVisibility()).map((button) => button.getAttribute('aria-label') ?? ''));
    for (const label of new Set(buttons)) {
      for (const form of ['Copy as text', 'Copy as CSV']) {
        await tab.run((label) => {
          delete document.documentElement.dataset.copied;
          /** @type {HTMLElement} */ ([...document.querySelectorAll('main .copy')].find((button) => button.getAttribute('aria-label') === label)).click();
        }, label);
        await tab.see('.menu button', form);
        await tab.run((form) => { /** @type {HTMLElement} */ ([...document.querySelectorAll('.menu button')].find((button) => button.textContent === form)).click(); }, form);
        const text = await tab.until(`${label}: ${form}`, () => document.documentElement.dataset.copied);
        assert.ok(text.trimEnd().split('\n').length > 1, `${fragment}: ${label} has no rows`);
        assert.doesNotMatch(text, /\b(undefined|NaN|\[object)\b/);
        copied += 1;
      }
    }
  }
  assert.ok(copied >= 30, `${copied} copies`);
})));

test('what the single file does not hold of a call site is not said to be nothing', async () => {
  let site = 0;
  const url = withData('without-detail', singleFile('without-detail-base', TRACE).path, (document) => {
    site = document.sites.sites[0].site;
    delete document.site[site];
    delete document.frees[site];
    document.events.rows.length = 100;
  });
  await inTabOf(browser, async (tab) => {
    await tab.open(`${url}#sites?site=${site}`);
    await tab.see('.split-detail p', 'This file has curve, sizes, lifetimes and blocks only of the first call sites.');
    const text = await tab.run(() => document.querySelector('.split-detail')?.textContent ?? '');
    assert.doesNotMatch(text, /No allocation\.|None was freed\./);
    await tab.open(`${url}#timeline?pins=${site}&cursor=1000`);
    await tab.see('.track-label .quiet', 'This file has curves only of the first call sites.');
    writeFileSync(join(SCREENSHOTS, 'without-detail.png'), await tab.picture());
  });
});

test('without a heap event nothing is known of the heap', async () => {
  const url = withData('no-heap', singleFile('no-heap-base', TRACE).path, (document) => {
    Object.assign(document.overview.totals, { heap_events: 0, allocations: 0, frees: 0, outstanding_bytes: 0, outstanding_blocks: 0, leaks: 0 });
    Object.assign(document.overview, { conclusion: 'nothing-known', findings: [], peak: { bytes: 0, time: 0, holders: [] } });
  });
  await inTabOf(browser, async (tab) => {
    await open(tab, url, 'overview');
    assert.doesNotMatch(await tab.run(() => document.querySelector('.figures')?.textContent ?? ''), /0 B/);
    await tab.see('.figure', 'not known');
  });
});

test('what cannot be judged is not headed as no leak', async () => {
  const url = withData('undecided', singleFile('undecided-base', TRACE).path, (document) => {
    const [leak] = document.overview.findings;
    const standing = [{ known: 'baseline.json' }, 'unknown', 'unknown', 'fine'];
    document.overview.findings = standing.map((standing, number) => ({ ...leak, standing, title: `site ${number}`, verdict: standing === 'fine' ? 'once' : 'uncertain' }));
    Object.assign(document.overview.totals, { leaks: 0, call_sites: 10 });
  });
  await inTabOf(browser, async (tab) => {
    await open(tab, url, 'overview');
    const groups = await tab.run(() => [...document.querySelectorAll('.section details summary')].map(({ textContent }) => textContent).filter((text) => text?.includes('call site')));
    assert.deepEqual(groups, ['Leaks that are known or suppressed: 1 call site', 'Cannot be judged: 2 call sites', 'No leaks, as far as this trace shows: 7 call sites']);
  });
});
