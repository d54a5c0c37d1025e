// Call sites: a table of all, the worst first, that can be sorted and searched; beside it the one selected.
import { Latest } from 'leakscope/data/latest.js';
import { shortened } from 'leakscope/format/names.js';
import { bytes, count, counted, percent, rateColumn } from 'leakscope/format/units.js';
import { limitWords } from 'leakscope/page/limits.js';
import { withoutNames } from 'leakscope/page/without-names.js';
import { frameName, frameWhere } from 'leakscope/page/stack.js';
import { verdictMark, verdictOrder, verdictWords } from 'leakscope/page/verdict.js';
import { breakable, element, fill, searchField } from 'leakscope/part/element.js';
import { focusOn, refill } from 'leakscope/part/focus.js';
import { markChosen, table } from 'leakscope/part/table.js';
import { siteDetail } from 'leakscope/view/site.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Site} Site */
/** @typedef {import('leakscope/data/types.js').Sites} Sites */

/** So many call sites that look alike are told apart. */
const ALIKE = 20;

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function sitesView(page) {
  /** @type {Sites | null} */
  let sites = null;
  const rows = element('div', { 'aria-busy': 'true' }, element('p', { class: 'list-nothing' }, 'Reading …'));
  const rest = element('span', { class: 'rest' });
  const search = searchField('Search functions, files, tasks', (text) => page.go({ search: text }));
  const detail = siteDetail(page);
  const split = element('div', { class: 'split' }, rows, detail.element);
  const latest = new Latest(page.source, 'sites', (answer) => {
    sites = answer;
    drawn = '';
    draw();
  }, (message) => fill(rows, element('p', { class: 'list-nothing' }, message)));

  let drawn = '';
  const draw = () => {
    if (sites === null) return;
    const { search, sort, site, range } = page.state;
    const isOpen = site !== null;
    split.classList.toggle('open', isOpen);
    detail.element.hidden = !isOpen;
    const wanted = JSON.stringify([search, sort, range, isOpen]);
    if (wanted === drawn) {
      markChosen(rows, site);
      return;
    }
    drawn = wanted;
    const found = sites.sites.filter((row) => isFound(row, sites?.frames ?? [], search, page));
    rest.textContent = [counted(found.length, 'call site'), limitWords(page, sites)].filter(Boolean).join(', ');
    refill(rows, siteTable(page, found, sites), sites.others.sites > 0 && element('p', { class: 'list-nothing' },
      `${counted(sites.others.sites, 'further call site')} with ${bytes(sites.others.outstanding_bytes)} outstanding not listed.`),
    found.length > 0 && element('p', { class: 'table-hint' }, site === null && (page.overview.dump === null ? 'A row shows its call stack, curve, blocks and the log lines around them. ' : 'A row shows its call stack and blocks. '), withoutNames(page)));
    rows.setAttribute('aria-busy', 'false');
    markChosen(rows, site);
    // The focus goes on from the row, where a key led here.
    if (site !== null && document.activeElement === document.body) focusOn(rows, String(site));
  };

  return {
    element: element('div', { class: 'view whole' }, element('div', { class: 'tools' }, search, rest), split),
    search,
    show(state) {
      search.show(state.search);
      latest.ask({ ...page.limits, partial: 1 }, page.version);
      draw();
      detail.show(state.site);
    },
    key(event) {
      if (event.key !== 'Escape' || page.state.site === null) return false;
      const { site } = page.state;
      page.go({ site: null });
      focusOn(rows, String(site));
      return true;
    },
    close() {
      latest.stop();
      detail.close();
    },
  };
}

/**
 * @param {Site} site
 * @param {import('leakscope/data/types.js').Frame[]} frames
 * @param {string} search
 * @param {Page} page
 */
export function isFound(site, frames, search, page) {
  if (search === '') return true;
  const text = [
    site.title, verdictWords(site.verdict), ...site.contexts.map((context) => page.overview.contexts[context]?.name ?? ''),
    ...site.stack.map((index) => `${frameName(frames[index])} ${frameWhere(frames[index])}`),
  ].join('\n').toLowerCase();
  return search.toLowerCase().split(' ').every((word) => text.includes(word));
}

/** @param {Page} page @param {Site[]} rows @param {Sites} sites */
function siteTable(page, rows, sites) {
  const atPeak = sites.limited ? sites.sites.reduce((sum, site) => sum + site.bytes_at_peak, sites.others.bytes_at_peak) : page.overview.peak.bytes;
  const rate = rateColumn(rows.flatMap((site) => site.standing === 'leak' ? site.growth_bytes_per_second ?? [] : []));
  const note = sites.limited ? 'of the whole trace' : undefined;
  const growth = (/** @type {Site} */ { growth, growth_bytes_per_second: bytes }) => bytes === null ? growth : rate(bytes);
  const told = apart(rows, sites.frames);
  const called = (/** @type {Site} */ site) => `${callers(site, sites.frames)}${told.get(site.site) ?? ''}`;
  /** @type {import('leakscope/part/table.js').Column<Site>[]} */
  const columns = [
    { name: 'Verdict', note, cell: (site) => verdictMark(site), copied: (site) => verdictWords(site.verdict), order: (site) => verdictOrder(site.verdict) },
    { name: 'Call site', class: 'site-title', cell: (site) => element('span', { title: titleWithCallers(site, sites.frames) }, ...breakable(site.title), called(site) !== '' && element('span', { class: 'callers' }, ...breakable(called(site), Infinity))), copied: (site) => `${site.title}${called(site)}`, order: (site) => site.title.toLowerCase() },
    { name: 'Growth', class: 'number wide', note, unit: 'bytes/s', cell: (site) => site.standing === 'leak' ? growth(site) : '', order: (site) => site.standing === 'leak' ? site.growth_bytes_per_second : null,
      title: 'How fast the live bytes grow, over the whole trace' },
    { name: 'Outstanding', class: 'number', unit: 'bytes', cell: (site) => bytes(site.outstanding_bytes), order: (site) => site.outstanding_bytes,
      title: sites.limited ? 'Allocated in the range, and live at its end' : page.overview.sessions.length > 1 ? 'Live when its session was over' : 'Live at the end of the trace' },
    { name: 'Blocks', class: 'number extra', cell: (site) => count(site.outstanding_blocks), order: (site) => site.outstanding_blocks },
    { name: 'Peak share', class: 'number extra', unit: 'bytes', cell: (site) => share(site.bytes_at_peak, atPeak), order: (site) => site.bytes_at_peak,
      title: 'Its part of the bytes that lived at the high-water mark' },
    { name: 'Allocations', class: 'number extra', cell: (site) => count(site.allocations), order: (site) => site.allocations },
    { name: 'Freed', class: 'number extra', cell: (site) => count(site.frees), order: (site) => site.frees },
    { name: 'Tasks', note: sites.limited && !page.source.served ? note : undefined, class: 'words extra', cell: (site) => site.contexts.map((context) => page.contextName(context).replaceAll(' ', '\u00a0')).join(', '), order: (site) => page.contextName(site.contexts[0]) },
  ];
  if (rows.length === 0) return element('p', { class: 'list-nothing' }, 'No call site.');
  // A dump does not say these.
  const shown = page.overview.dump === null ? columns : columns.filter(({ name }) => !['Growth', 'Peak share', 'Tasks'].includes(name));
  return table({
    caption: 'Call sites', columns: shown, rows, sort: page.state.sort, key: (site) => site.site,
    sorted: (sort) => page.go({ sort }),
    chosen: (site) => page.go({ site: page.state.site === site.site ? null : site.site }),
  });
}

/** All of a call stack in one line. @param {Site} site @param {import('leakscope/data/types.js').Frame[]} frames */
function titleWithCallers(site, frames) {
  return site.stack.map((index) => frameName(frames[index])).join(' ← ');
}

/** Who calls it, as far as a line holds. @param {Site} site @param {import('leakscope/data/types.js').Frame[]} frames */
function callers(site, frames) {
  const names = site.stack.slice(1).map((index) => frameName(frames[index])).filter((name) => !site.title.includes(name));
  return names.length === 0 ? '' : shortened(` ← ${names.slice(0, 4).map((name) => shortened(name, 80)).join(' ← ')}`, 160);
}

/**
 * Where call sites that would look alike are called from: the first frames that tell them apart, by call site.
 * @param {Site[]} rows @param {import('leakscope/data/types.js').Frame[]} frames
 */
function apart(rows, frames) {
  const name = (/** @type {number} */ index) => shortened(frameName(frames[index]), 80);
  const where = (/** @type {number} */ index) => frameWhere(frames[index]).split(/[\\/]/).at(-1) ?? '';
  const words = (/** @type {number} */ index) => `${name(index)} ${where(index)}`.trim();
  /** @type {Map<string, Site[]>} */
  const groups = new Map();
  for (const site of rows) {
    const text = `${site.title}${callers(site, frames)}`;
    groups.set(text, [...groups.get(text) ?? [], site].slice(0, ALIKE));
  }
  return new Map([...groups.values()].filter((group) => group.length > 1).flatMap((group) => group.map((row) => {
    const { site, stack } = row;
    const seen = `${callers(row, frames)} `;
    // A caller that stands there already is only said to be at another line.
    const more = (/** @type {number} */ index) => seen.includes(` ${name(index)} `) ? ` (${where(index)})` : ` ← ${words(index)}`;
    const depths = group.map((other) => stack.findIndex((index, depth) => depth < other.stack.length && words(index) !== words(other.stack[depth])));
    const told = [...new Set(depths)].filter((depth) => depth >= 0).toSorted((a, b) => a - b).map((depth) => more(stack[depth]));
    return /** @type {[number, string]} */ ([site, told.join('')]);
  })));
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  const bar = element('span');
  bar.style.width = `${whole === 0 ? 0 : Math.min((part / whole) * 100, 100)}%`;
  return element('span', {}, percent(part, whole), element('span', { class: 'share', 'aria-hidden': 'true' }, bar));
}
