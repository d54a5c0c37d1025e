// The whole page in Chromium, served and from the one file, with golden traces and real ones: every view
// opens in both themes, and what users do in them works, without an error in the console.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { VIEWS } from 'leakscope/state/fragment.js';
import { Browser } from './chromium.js';
import { answerTo, golden, recording, ROOT, SCREENSHOTS, serving, singleFile } from './program.js';
import { drawn, fits, inTabOf, open, SIGNS, turnTo } from './tab.js';

/** @typedef {import('./chromium.js').Tab} Tab */

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

/** @param {(tab: Tab) => Promise<void>} use @param {object} [look] */
const inTab = (use, look) => inTabOf(browser, use, look);

/** The fragment of the page's address. @param {Tab} tab @param {string} part that it is to have */
function fragmentWith(tab, part) {
  return tab.until(`an address with ${part}`, (part) => location.hash.includes(part) && location.hash, part);
}

/** The rows of a list that are to be seen. @param {Tab} tab */
function rows(tab) {
  return tab.until('rows', () => {
    const lines = [...document.querySelectorAll('.list-row:not([hidden])')];
    const isThere = lines.length > 0 && lines.every((line) => line.querySelector('.waiting') === null);
    return isThere && lines.map((line) => [...line.children].map((cell) => cell.textContent ?? ''));
  });
}

/** Every view, in a theme and a width, with a picture for eyes. @param {string} url @param {string} name */
async function everyView(url, name) {
  for (const theme of /** @type {const} */ (['dark', 'light'])) {
    for (const width of theme === 'dark' ? [1280, 800] : [1280]) {
      await inTab(async (tab) => {
        await open(tab, url, VIEWS[0]);
        for (const view of VIEWS) {
          await turnTo(tab, view);
          await tab.see(SIGNS[view]);
          await drawn(tab);
          writeFileSync(join(SCREENSHOTS, `${name}-${view}-${theme}-${width}.png`), await tab.picture());
          await fits(tab, width, view);
          await tab.gives([], `what has no name in ${view}`, withoutName);
          assert.doesNotMatch(await tab.run(() => document.body.innerText), /\b(null|undefined|NaN|Infinity|\[object)\b/, `${view} shows what is none`);
        }
      }, { theme, width });
    }
  }
}

/** Runs in the page: what a screen reader would have no name for. */
function withoutName() {
  return [...document.querySelectorAll('button, a, input, select, canvas, [role="grid"], [tabindex="0"]')]
    .filter((element) => !element.getAttribute('aria-label') && (element.textContent ?? '').trim() === '')
    .map((element) => element.outerHTML);
}

/** @param {string} url */
async function offersFormats(url) {
  await inTab(async (tab) => {
    await open(tab, url, 'overview');
    if (url.startsWith('file:')) {
      // There is nobody to write them.
      await tab.until('no button', () => [...document.querySelectorAll('.head-buttons button')]
        .every((button) => button instanceof HTMLElement && (button.textContent !== '⤓' || button.offsetParent === null)));
      return;
    }
    await tab.click('.head-buttons button', '⤓');
    await tab.see('.menu button', 'pprof: ');
    await tab.see('.menu button', 'perfetto: ');
    await tab.see('.menu button', 'sites.csv: ');
    await tab.key('Escape');
  });
}

/** @param {string} url */
async function showsApisOnly(url) {
  await inTab(async (tab) => {
    await open(tab, url, 'events');
    await rows(tab);
    await tab.click('.list-row .name', '', 'right');
    await tab.click('.menu button', 'Show APIs only');
    await fragmentWith(tab, 'kinds=api');
    await tab.see('.badge', 'APIs');
    const shown = await tab.until('only APIs', () => {
      const names = [...document.querySelectorAll('.list-row:not([hidden]) .name')];
      return (names.length > 0 && names.every((name) => name.classList.contains('kind-api')) && names.length) ||
        (document.querySelector('.list-nothing:not([hidden])') !== null && 'none');
    });
    assert.ok(shown === 'none' || shown > 0);
    await tab.click('.badge', 'APIs');
    await tab.until('all events', () => !location.hash.includes('kinds'));
    await tab.key('A', { shift: true });
    await fragmentWith(tab, 'kinds=api');
    await tab.run(() => history.back());
    await tab.until('Back', () => !location.hash.includes('kinds') && document.querySelector('.badge') === null);
  });
}

/** @param {string} url */
async function dragsARange(url) {
  await inTab(async (tab) => {
    await open(tab, url, 'timeline');
    const { left, y, width } = await tab.place('.lanes-picture');
    await tab.drag({ x: left + width * 0.25, y }, { x: left + width * 0.5, y });
    await fragmentWith(tab, 'range=');
    await tab.key('5');
    await tab.see('.badge', ' to ');
    await tab.key('2');
    await tab.see('.tools .rest', 'in the range');
    await tab.see('th.number .note', 'of the whole trace');
    await tab.run(() => history.go(-3));
    await tab.until('Back', () => !location.hash.includes('range=') && document.documentElement.dataset.view === 'timeline');
    const strip = await tab.place('.strip .picture');
    await tab.drag({ x: strip.left + 50, y: strip.y }, { x: strip.left + 150, y: strip.y });
    await fragmentWith(tab, 'range=');
    await tab.key('Escape');
    await tab.until('no range', () => !location.hash.includes('range='));
  });
}

/** @param {string} url */
async function movesInTheTimeline(url) {
  await inTab(async (tab) => {
    await open(tab, url, 'timeline');
    const place = await tab.place('.lanes-picture');
    await tab.wheel(place, -600);
    const first = await fragmentWith(tab, 'window=');
    await tab.key('d');
    await tab.until('a later window', (first) => location.hash !== first, first);
    await tab.key('ArrowDown');
    await tab.see('.lane-label[aria-pressed="true"]');
    await tab.key('n');
    await fragmentWith(tab, 'event=');
    await tab.click('.time-numbers summary');
    await tab.see('.time-numbers td');
    await tab.key('f');
    await tab.until('everything', () => !location.hash.includes('window='));
  });
}

/** @param {string} url */
async function followsAFree(url) {
  await inTab(async (tab) => {
    await open(tab, url, 'events?kinds=heap');
    await rows(tab);
    // The first free in the list, whatever its dialect calls it.
    const place = await tab.until('a free', () => {
      const free = [...document.querySelectorAll('.list-row:not([hidden])')].find((line) => /free/i.test(line.querySelector('.name')?.textContent ?? ''));
      const box = free?.querySelector('.detail')?.getBoundingClientRect();
      if (box === undefined) /** @type {HTMLElement} */ (document.querySelector('.list-scroller')).scrollTop += 300;
      return box && { x: box.left + 20, y: box.top + box.height / 2 };
    });
    await tab.clickAt(place);
    await tab.see('.event-detail', 'allocated at');
    const free = await fragmentWith(tab, 'event=');
    await tab.key('Enter');
    await tab.see('.event-detail', 'freed at');
    const allocation = await tab.until('its allocation', (free) => location.hash !== free && location.hash, free);
    const index = Number(/event=(\d+)/.exec(allocation)?.[1]).toLocaleString('en');
    await tab.until('the selected row', (index) => document.querySelector('.list-row[aria-selected="true"] .index')?.textContent === index, index);
    await tab.click('.list-row[aria-selected="true"] .follow');
    await tab.until('its free again', (free) => location.hash === free, free);
  });
}

/** @param {string} url @param {string} word of a log line */
async function searchesTheLog(url, word) {
  await inTab(async (tab) => {
    await open(tab, url, 'terminal');
    await rows(tab);
    await tab.key('/');
    await tab.type(word);
    await fragmentWith(tab, `log=${word}`);
    await tab.see('.badge', word);
    await tab.until('marked lines', (word) => {
      const lines = [...document.querySelectorAll('.list-row:not([hidden])')];
      return lines.length > 0 && lines.every((line) => line.querySelector('mark')?.textContent?.toLowerCase() === word);
    }, word);
    await tab.click('.list-row mark');
    await fragmentWith(tab, 'cursor=');
  });
}

/** @param {string} url */
async function opensACallSite(url) {
  await inTab(async (tab) => {
    await open(tab, url, 'overview');
    await tab.click('.finding .title');
    await tab.see('.split-detail .stack li, .split-detail .section', '');
    await tab.see('.split-detail h2', 'Call stack');
    await tab.see('.split-detail', 'Sizes');
    await tab.until('its events', () => (document.querySelectorAll('.split-detail .table tbody tr').length ?? 0) > 0);
    await tab.click('.heading', 'Outstanding');
    await fragmentWith(tab, 'sort=-Outstanding');
    await tab.key('Escape');
    await tab.key('3');
    await tab.see('.flame-line', 'all');
    await tab.key('ArrowDown');
    await tab.key('Enter');
    await tab.until('zoom', () => [...document.querySelectorAll('button')].some((button) => button.textContent === 'Reset zoom' && !button.disabled));
    await fragmentWith(tab, 'zoom=');
    await tab.run(() => history.back());
    await tab.until('Back', () => !location.hash.includes('zoom='));
  });
}

/** @param {string} url */
async function listsItsKeys(url) {
  await inTab(async (tab) => {
    await open(tab, url, 'overview');
    await tab.key('?');
    await tab.see('dialog[open] kbd');
    await tab.key('Escape');
    await tab.until('no dialog', () => document.querySelector('dialog[open]') === null);
    await tab.key('t');
    await tab.until('the dark theme', () => document.documentElement.dataset.theme === 'dark');
    await fragmentWith(tab, 'theme=dark');
    for (const [place, name] of VIEWS.entries()) {
      await tab.key(String(place + 1));
      await tab.until(name, (name) => document.documentElement.dataset.view === name, name);
    }
  }, { theme: 'light' });
}

const TRACES = /** @type {[name: string, trace: string | null, word: string][]} */ ([
  ['golden', golden('steady-leak'), 'handed'], ['real', recording('idf-mcore-2026/heap_log_mcore.svdat'), 'memory'],
]);
const LARGER = recording('idf-esp-extension-2021/heap_log_mcore.svdat');

for (const [name, trace, word] of TRACES) {
  for (const form of /** @type {const} */ (['served', 'file'])) {
    test(`${name}, ${form}`, { skip: trace === null }, async (context) => {
      const walk = async (/** @type {string} */ url) => {
        await context.test('every view', () => everyView(url, `${name}-${form}`));
        await context.test('Show APIs only', () => showsApisOnly(url));
        await context.test('Download as', () => offersFormats(url));
        await context.test('a range', () => dragsARange(url));
        await context.test('the timeline', () => movesInTheTimeline(url));
        await context.test('from a free to its allocation and back', () => followsAFree(url));
        await context.test('the log', () => searchesTheLog(url, word));
        await context.test('a call site', () => opensACallSite(url));
        await context.test('keys', () => listsItsKeys(url));
      };
      if (trace === null) return;
      if (form === 'served') await serving(trace, walk);
      else await walk(singleFile(name, trace).url);
    });
  }
}

test('a trace of 25,000 events', { skip: LARGER === null }, async () => {
  if (LARGER === null) return;
  await serving(LARGER, (url) => inTab(async (tab) => {
    await open(tab, url, 'events');
    await tab.key('End');
    const shown = await tab.until('the last event', () => {
      const last = document.querySelector('.list-row[aria-selected="true"] .index')?.textContent ?? '';
      return Number(last.replaceAll(',', '')) > 20_000 && last;
    });
    assert.match(shown, /^\d\d,\d{3}$/);
    writeFileSync(join(SCREENSHOTS, 'larger-events.png'), await tab.picture());
  }));
  assert.ok(statSync(singleFile('larger', LARGER).path).size < 7_000_000, 'the file is bounded');
});

/** What call sites, flame graph and tasks say of ranges. @param {string} url @param {string[]} ranges */
async function sayOfRanges(url, ranges) {
  /** @type {Record<string, unknown>} */
  const said = {};
  await inTab(async (tab) => {
    await open(tab, url, 'system');
    for (const range of ranges) {
      for (const view of ['sites?', 'flame?weight=allocated_bytes&', 'flame?weight=bytes_at_peak&', 'tasks?']) {
        await turnTo(tab, `${view}range=${range}`);
        await tab.see(view === 'tasks?' ? '.limits' : '.rest', 'in the range');
        if (view.startsWith('flame')) {
          await tab.click('.flame-numbers summary');
          await tab.see('.flame-numbers td');
        }
        // The file says that it does not tell the runs of a range.
        said[`${view}${range}`] = await tab.run(() => [...document.querySelectorAll('.table')].filter((table) => table.querySelector('caption')?.textContent !== 'Runs').map((table) => {
          const heads = [...table.querySelectorAll('thead th')].map((head) => head.textContent ?? '');
          const cells = [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent ?? ''));
          // The file does not know these of a range.
          return cells.map((row) => row.filter((_, place) => !/^(Switches|CPU|Tasks)/.test(heads[place])));
        }));
        // Nothing of one flame graph is taken for the next one's.
        await turnTo(tab, 'system');
      }
    }
  });
  return said;
}

test('the one file says of a range what the server says', async () => {
  for (const trace of [golden('growing-table'), recording('idf-mcore-2026/heap_log_mcore.svdat')]) {
    if (trace === null) continue;
    const file = singleFile('ranges', trace);
    await serving(trace, async (url) => {
      const end = await endOf(url);
      const ranges = [[0.1, 0.6], [0.5, 1]].map(([from, to]) => `${Math.round(from * end)}-${Math.round(to * end)}`);
      assert.deepEqual(await sayOfRanges(file.url, ranges), await sayOfRanges(url, ranges), trace);
    });
  }
});

/** The end of a trace, in ticks. @param {string} url */
async function endOf(url) {
  const overview = await answerTo(url, 'overview');
  return overview.clock.end;
}

test('a heap dump is looked at without times', async () => {
  const log = join(ROOT, 'testdata', 'firmware', 'recorder-2026-11-22', 'bounded-cache.log');
  await serving(log, async (url) => {
    for (const form of [url, singleFile('dump', log).url]) {
      await inTab(async (tab) => {
        await tab.open(`${form}#overview`);
        await tab.see('.conclusion', 'a dump cannot tell');
        await tab.click('.finding .title');
        await tab.see('.split-detail h2', 'Call stack');
        await tab.see('.split-detail', 'Blocks that still live');
        for (const view of VIEWS) {
          await turnTo(tab, view);
          if (['timeline', 'events', 'terminal', 'tasks'].includes(view)) await tab.see('.without-times', 'ump');
          else await tab.see(SIGNS[view]);
          writeFileSync(join(SCREENSHOTS, `dump-${form === url ? 'served' : 'file'}-${view}.png`), await tab.picture());
        }
      });
    }
  });
});

test('what is wrong with the heap stands before what is fine', () => serving(golden('wrong-frees'), (url) => inTab(async (tab) => {
  await open(tab, url, 'overview');
  await tab.see('.conclusion', 'Also wrong: 1 double free, 1 wrong free');
  await tab.click('.table td', 'double free');
  await tab.see('.list-row.flagged[aria-selected="true"]', 'double free');
  await open(tab, url, 'flame');
  await tab.click('.list-nothing button', 'all that was allocated');
  await fragmentWith(tab, 'weight=allocated_bytes');
  await tab.until('a picture', () => /** @type {HTMLElement} */ (document.querySelector('.flame-scroller > .picture')).clientHeight > 40);
})));

test('failed allocations are listed with who asked', () => serving(golden('failed-allocations'), (url) => inTab(async (tab) => {
  await open(tab, url, 'overview');
  await tab.see('.conclusion', 'failed allocation');
  await tab.see('.section h2', 'found no memory');
})));

test('lost data is a band, a banner and a row', () => serving(golden('overflow'), (url) => inTab(async (tab) => {
  await open(tab, url, 'overview');
  await tab.see('.problem');
  await open(tab, url, 'events?kinds=gap,damaged');
  await tab.see('.list-row .name');
  await open(tab, url, 'timeline');
  writeFileSync(join(SCREENSHOTS, 'overflow-timeline.png'), await tab.picture());
})));

test('the page follows a recording that grows', async () => {
  const path = join(SCREENSHOTS, 'growing.svdat');
  const whole = readFileSync(golden('steady-leak'));
  writeFileSync(path, whole.subarray(0, whole.length / 2));
  await serving(path, (url) => inTab(async (tab) => {
    await open(tab, url, 'events');
    const before = await tab.until('the first half', () => /^([1-9]\d*) events$/.exec(document.querySelector('.rest')?.textContent ?? '')?.[1]);
    appendFileSync(path, whole.subarray(whole.length / 2));
    await tab.until('more events', (before) => Number(/^\d+/.exec(document.querySelector('.rest')?.textContent ?? '')?.[0]) > before, Number(before));
    await tab.see('.notice', 'Live');
  }), '--follow');
});

test('a followed file that has become shorter is said to be', async () => {
  const path = join(SCREENSHOTS, 'cut.svdat');
  writeFileSync(path, readFileSync(golden('steady-leak')));
  await serving(path, async (url) => {
    // What can no longer be read is what this is about: the console says so.
    const tab = await browser.tab();
    await open(tab, url, 'events');
    await tab.see('.notice', 'Live');
    truncateSync(path, 1_000);
    await tab.see('.notice', 'shorter than it was');
    assert.ok(await tab.run(() => document.querySelectorAll('.list-row .name').length) > 0, 'what was read stays');
    await tab.close();
  }, '--follow');
});

test('a followed file that is no longer there is said to be', async () => {
  const path = join(SCREENSHOTS, 'gone.svdat');
  const other = join(SCREENSHOTS, 'other.svdat');
  /** @type {[string, () => void][]} */
  const ways = [
    ['was deleted', () => rmSync(path)],
    ['another file lies in its place', () => {
      writeFileSync(other, readFileSync(golden('steady-leak')));
      renameSync(other, path);
    }],
  ];
  for (const [words, act] of ways) {
    const whole = readFileSync(golden('steady-leak'));
    writeFileSync(path, whole);
    await serving(path, async (url) => {
      const tab = await browser.tab();
      await open(tab, url, 'events');
      await tab.see('.notice', 'Live');
      act();
      await tab.see('.notice', words);
      const { totals } = await answerTo(url, 'overview');
      assert.ok(totals.events > 0, 'what was read can be asked for');
      await tab.close();
    }, '--follow');
  }
});

test('what a device calls its tasks is text', () => serving(golden('hostile-names'), async (url) => {
  for (const form of [url, singleFile('hostile', golden('hostile-names')).url]) {
    await inTab(async (tab) => {
      await open(tab, form, 'overview');
      for (const view of VIEWS) {
        await turnTo(tab, view);
        await tab.see(SIGNS[view]);
        assert.equal(await tab.run(() => document.querySelectorAll('img, iframe, object, [onerror]').length), 0);
      }
    });
  }
}));

test('a page whose server is gone says so', () => serving(golden('steady-leak'), async (url, end) => {
  const tab = await browser.tab();
  await open(tab, url, 'overview');
  await end();
  await tab.see('#lost', 'gone');
  await tab.close();
}));

test('eight tabs of one server do not block each other', async () => {
  const path = join(SCREENSHOTS, 'shared.svdat');
  const whole = readFileSync(golden('steady-leak'));
  writeFileSync(path, whole.subarray(0, whole.length / 2));
  await serving(path, async (url, end) => {
    const first = await browser.tab();
    const tabs = [first];
    while (tabs.length < 8) tabs.push(await browser.tab({ beside: first }));
    for (const tab of tabs) {
      await open(tab, url, 'events');
      await tab.see('.notice', 'Live');
    }
    // The tab that listens for all is closed: another takes its place.
    await first.close();
    const left = tabs.slice(1);
    const before = await left[0].run(() => Number(/^\d+/.exec(document.querySelector('.rest')?.textContent ?? '')?.[0]));
    appendFileSync(path, whole.subarray(whole.length / 2));
    for (const tab of left) {
      await tab.until('more events', (before) => Number(/^\d+/.exec(document.querySelector('.rest')?.textContent ?? '')?.[0]) > before, before);
    }
    await end();
    for (const tab of left) {
      await tab.see('#lost', 'gone');
      await tab.close();
    }
  }, '--follow');
});
