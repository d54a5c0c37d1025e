// What there is no room for is not cut without a sign: names keep function and line, numbers their units, nothing lies over anything.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from './chromium.js';
import { golden, ROOT, SCREENSHOTS, serving, singleFile, withData } from './program.js';
import { fits, inTabOf, open } from './tab.js';

/** @type {Browser} */
let browser;
before(() => { browser = new Browser(); });
after(() => browser.close());

const FIRMWARE = join(ROOT, 'testdata', 'firmware', 'embassy-virt');
const [TRACE, ELF] = [join(FIRMWARE, 'growing-table.svdat'), join(FIRMWARE, 'program.elf')];

/** Runs in the page: what is cut off, or lies below a button. */
function cutOff() {
  const faults = [];
  for (const scroller of document.querySelectorAll('.table-scroll')) {
    if (!scroller.checkVisibility()) continue;
    const isCut = scroller.scrollWidth > scroller.clientWidth + 1 && getComputedStyle(scroller).overflowX !== 'visible';
    if (isCut !== scroller.classList.contains('more')) faults.push(`no sign at ${scroller.textContent?.slice(0, 40)}`);
    const button = scroller.parentElement?.querySelector('.copy')?.getBoundingClientRect();
    const box = scroller.getBoundingClientRect();
    if (button !== undefined && button.left < box.right && button.width > 0) faults.push(`a button lies over ${scroller.textContent?.slice(0, 40)}`);
  }
  for (const cell of document.querySelectorAll('td.number, th.number, dd, .amount')) {
    const scroller = cell.closest('.table-scroll, .split-detail');
    const edge = scroller === null ? innerWidth : Math.max(scroller.getBoundingClientRect().right, innerWidth);
    if (cell.checkVisibility() && scroller === null && cell.getBoundingClientRect().right > edge + 1) faults.push(`cut: ${cell.textContent}`);
  }
  return faults;
}

/** Runs in the page: whether the text of an element is all to be seen. @param {string} selector */
function isWhole(selector) {
  return [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility()).every((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return [...range.getClientRects()].every(({ left, right }) => left >= 0 && right <= innerWidth + 1);
  });
}

test('names, numbers and buttons at four widths', () => serving(TRACE, async (url) => {
  for (const width of [1440, 1024, 720, 420]) {
    await inTabOf(browser, async (tab) => {
      for (const fragment of ['overview', 'sites', 'sites?site=0', 'tasks', 'system', 'memory', 'timeline?alive=1&cursor=500000']) {
        await open(tab, url, fragment);
        if (fragment === 'memory') await tab.see('.split-detail', 'Who splits free memory');
        if (fragment.includes('alive')) await tab.see('.alive td', 'B');
        await tab.gives([], `${fragment} at ${width}`, cutOff);
        writeFileSync(join(SCREENSHOTS, `room-${fragment.split('?')[0]}-${width}.png`), await tab.picture());
        if (fragment === 'overview') assert.ok(await tab.run(isWhole, '.finding .title'), `the leak at ${width}`);
        if (fragment === 'sites') {
          const titles = await tab.run(() => [...document.querySelectorAll('td.site-title > span')].map((title) => {
            const callers = title.querySelector('.callers')?.getBoundingClientRect().height ?? 0;
            return { text: title.textContent ?? '', lines: Math.round((title.getBoundingClientRect().height - callers) / 18), clamp: getComputedStyle(title).webkitLineClamp };
          }));
          assert.ok(titles.length > 0 && titles.every(({ text, clamp }) => /open_session growing_table\.rs:\d+|allocate_second pair\.rs:\d+/.test(text) && clamp === 'none'));
          if (width === 1440) assert.ok(titles.every(({ lines }) => lines <= 2), 'there is room for a name in a line');
          assert.ok(await tab.run(isWhole, 'td.site-title > span'), `call sites at ${width}`);
        }
      }
    }, { width, height: 900 });
  }
}, '--elf', ELF));

test('a low window: the timeline’s parts lie below each other, and each is there', () => serving(TRACE, async (url) => {
  for (const [width, height] of [[720, 450], [1440, 900], [420, 800]]) {
    await inTabOf(browser, async (tab) => {
      await open(tab, url, 'timeline?alive=1&stacked=site&cursor=500000&pins=0,1');
      await tab.see('.alive td', 'B');
      await tab.see('.track-label', 'open_session');
      const parts = await tab.run(() => ['.time-ruler', '.lanes-scroller', '.time-tracks', '.time-below', '.stacked-keys', '.time-line', '.alive', '.time-numbers'].map((selector) => {
        const { top, bottom } = /** @type {Element} */ (document.querySelector(selector)).getBoundingClientRect();
        return { selector, top, bottom };
      }));
      parts.forEach(({ selector, top, bottom }, at) => {
        assert.ok(at === 0 || top >= parts[at - 1].bottom - 1, `${selector} lies over ${parts[at - 1]?.selector} in ${width} × ${height}`);
        assert.ok(bottom - top >= 20, `${selector} has no room in ${width} × ${height}`);
      });
      writeFileSync(join(SCREENSHOTS, `low-${width}.png`), await tab.picture());
    }, { width, height });
  }
}, '--elf', ELF));

test('very long names lose their middle, in every view', async () => {
  const trace = golden('steady-leak');
  const long = `ns::${'x'.repeat(10_000)}::read_the_header_of_it main.c:66`;
  const url = withData('long-names', singleFile('long-base', trace).path, (document) => {
    document.overview.findings[0].title = document.sites.sites[0].title = long;
    for (const frame of document.sites.frames) frame.function = `${'f'.repeat(5_000)}_${frame.function}`;
    document.overview.contexts.forEach((/** @type {any} */ context, /** @type {number} */ at) => { context.name = `task ${at} ${'n'.repeat(250)}`; });
    document.tasks.tasks.forEach((/** @type {any} */ task, /** @type {number} */ at) => { task.name = `task ${at} ${'n'.repeat(250)}`; });
  });
  await inTabOf(browser, async (tab) => {
    for (const fragment of ['overview', 'sites', 'sites?site=0', 'flame', 'timeline?alive=1&stacked=site&cursor=500000&pins=0', 'events', 'terminal', 'tasks']) {
      await open(tab, url, fragment);
      await fits(tab, 1440, fragment);
      const tallest = await tab.run(() => Math.max(0, ...[...document.querySelectorAll('tr, li, .event-detail, .flame-line')].filter((row) => row.checkVisibility()).map((row) => row.getBoundingClientRect().height)));
      assert.ok(tallest < 220, `${fragment}: ${tallest} pixels for one row`);
      writeFileSync(join(SCREENSHOTS, `long-${fragment.split('?')[0]}.png`), await tab.picture());
    }
    await open(tab, url, 'sites');
    await tab.see('td.site-title', 'read_the_header_of_it main.c:66');
  }, { width: 1440, height: 900 });
});

test('at 1024 pixels all views stand in one line, and the keyboard can skip them', () => {
  const url = withData('with-memory', singleFile('room-base', golden('steady-leak')).path, ({ overview }) => { overview.heap_map = true; });
  return inTabOf(browser, async (tab) => {
    await open(tab, url, 'overview');
    const tops = await tab.run(() => [...document.querySelectorAll('.views a')].map((link) => link.getBoundingClientRect().top));
    assert.equal(tops.length, 9);
    assert.equal(new Set(tops).size, 1, `${tops}`);
    const skipped = await tab.run(() => {
      const first = /** @type {HTMLElement} */ (document.querySelector('button, a[href], [tabindex="0"]'));
      first.focus();
      const seen = first.getBoundingClientRect().left >= 0;
      first.click();
      return [seen, document.activeElement?.tagName];
    });
    assert.deepEqual(skipped, [true, 'MAIN']);
  }, { width: 1024, height: 700 });
});

test('call sites that look alike are told apart by where they are called from', () => {
  const url = withData('alike', singleFile('room-base', golden('steady-leak')).path, ({ sites }) => {
    const [first, second] = sites.sites;
    const frame = (/** @type {number} */ line) => sites.frames.push({ ...sites.frames[first.stack[0]], function: 'app_main', file: '/src/main.c', line }) - 1;
    [first.title, second.title] = ['create_task task.c:58', 'create_task task.c:58'];
    [first.stack, second.stack] = [[first.stack[0], frame(90)], [first.stack[0], frame(94)]];
  });
  return inTabOf(browser, async (tab) => {
    await open(tab, url, 'sites');
    for (const line of [90, 94]) await tab.see('td.site-title', `create_task task.c:58 ← app_main (main.c:${line})`);
  });
});
