// One call site: why it has its verdict, its stack, its own curve, sizes and lifetimes, its blocks, its
// allocations and the log lines around one of them.
import { drawBreaks } from 'leakscope/chart/breaks.js';
import { drawByteLabels, drawCurve } from 'leakscope/chart/curve.js';
import { histogram } from 'leakscope/chart/histogram.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Scale } from 'leakscope/chart/scale.js';
import { drawCursor, drawRange, drawRuler } from 'leakscope/chart/time.js';
import { Latest } from 'leakscope/data/latest.js';
import { heapOfCurve } from 'leakscope/data/track.js';
import { bytes, count, counted, shortBytes } from 'leakscope/format/units.js';
import { drawLevel } from 'leakscope/page/level.js';
import { Levels } from 'leakscope/page/levels.js';
import { stackList } from 'leakscope/page/stack.js';
import { verdictMark } from 'leakscope/page/verdict.js';
import { hoverIn } from 'leakscope/page/hover.js';
import { breakable, element, facts, fill, section, toggle } from 'leakscope/part/element.js';
import { numbers } from 'leakscope/part/numbers.js';
import { table } from 'leakscope/part/table.js';
import { freedBy } from 'leakscope/view/frees.js';
import { logLinesAround, siteEvents } from 'leakscope/view/site-events.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').SiteDetail} SiteDetail */
/** One of which all is known. @typedef {Exclude<SiteDetail, { curve: null }>} WholeDetail */

/** @param {Page} page */
export function siteDetail(page) {
  const place = element('aside', { class: 'split-detail', 'aria-label': 'The selected call site', hidden: true });
  const whole = element('p', { class: 'quiet' }, 'What follows is of the whole trace, not only of the range.');
  /** @type {{ id: number, close: () => void, redraw: () => void } | null} */
  let shown = null;
  const latest = new Latest(page.source, 'site', (answer) => draw(answer),
    (message) => fill(place, element('p', { class: 'quiet' }, message)));

  const draw = (/** @type {SiteDetail} */ detail) => {
    shown?.close();
    if (page.overview.dump !== null) {
      shown = { id: detail.site.site, redraw: () => {}, close: () => {} };
      fill(place, head(page, detail), callStack(detail), detail.curve === null ? notHeld('Blocks that still live', 'its blocks') : blocks(page, detail));
      return;
    }
    const curve = detail.curve === null ? null : siteCurve(page, detail);
    const logs = logLinesAround(page);
    const events = siteEvents(page, detail.site.site, (row) => logs.show(row.time));
    const frees = freedBy(page, detail.site.site);
    shown = { id: detail.site.site, redraw: () => { curve?.redraw(); frees.show(); }, close: () => [curve, events, frees, logs].forEach((part) => part?.close()) };
    fill(place, whole, head(page, detail), callStack(detail),
      ...detail.curve === null || curve === null ? [notHeld('Live bytes of this call site', 'curve, sizes, lifetimes and blocks')] : [
        section('Live bytes of this call site', curve.picture.element, curve.text),
        element('div', { class: 'pair' },
          histogram('Sizes', detail.sizes, (from, to) => sizes(from, to), 'No allocation.'),
          histogram('Lifetimes of freed blocks', detail.lifetimes, (_, to) => `< ${page.clock.duration(to)}`, 'None was freed.'))],
      detail.site.frees > 0 && frees.element,
      ...detail.curve === null ? [] : [blocks(page, detail), failures(page, detail)], events.element, logs.element);
  };
  return {
    element: place,
    /** @param {number | null} id */
    show(id) {
      whole.hidden = page.state.range === null;
      if (id === null) latest.stop();
      else {
        if (shown?.id !== id) fill(place, element('p', { class: 'quiet' }, 'Reading …'));
        latest.ask({ id }, page.version);
        shown?.redraw();
      }
    },
    close() {
      latest.stop();
      shown?.close();
    },
  };
}

/** @param {Page} page @param {SiteDetail} detail */
function head(page, { site }) {
  const isDump = page.overview.dump !== null;
  return element('div', { class: 'section' },
    element('div', { class: 'detail-head' }, element('h2', { title: site.title }, ...breakable(site.title)),
      element('button', { type: 'button', 'aria-label': 'Close', click: () => page.go({ site: null }) }, '×')),
    element('p', {}, verdictMark(site), element('span', { class: 'quiet' }, ` ${site.confidence} confidence `), element('br'), `${capital(site.reason)}.`),
    facts(isDump ? [
      ['Outstanding', `${bytes(site.outstanding_bytes)} in ${counted(site.outstanding_blocks, 'block')}`],
      ['Recorded', `${bytes(site.allocated_bytes)} in ${counted(site.allocations, 'block')}`],
      ['Freed', counted(site.frees, 'block')],
      ['Sizes', sizeRange(site)],
      [site.cores.length === 1 ? 'Core' : 'Cores', site.cores.join(', ')],
    ] : [
      ['Growth', site.standing === 'leak' ? site.growth : 'none seen'],
      ['Outstanding', `${bytes(site.outstanding_bytes)} in ${counted(site.outstanding_blocks, 'block')}`],
      ['Most at once', bytes(site.peak_bytes)],
      ['Allocated', `${bytes(site.allocated_bytes)} in ${counted(site.allocations, 'block')}`],
      ['Freed', counted(site.frees, 'block')],
      ['Temporary', site.temporary === 0 ? null : `${counted(site.temporary, 'block')}, ${bytes(site.temporary_bytes)}`],
      ['Reallocated', site.reallocations === 0 ? null : count(site.reallocations)],
      ['Failed', site.failed === 0 ? null : count(site.failed)],
      ['Sizes', site.allocations === 0 ? null : sizeRange(site)],
      site.allocations === 0 ? ['Allocated at', null] : [site.first === site.last ? 'Allocated at' : 'First, last', site.first === site.last ? page.clock.exact(site.first) : `${page.clock.exact(site.first)}, ${page.clock.exact(site.last)}`],
      ['By', site.contexts.map((context) => page.contextName(context)).join(', ')],
      [site.cores.length === 1 ? 'Core' : 'Cores', site.cores.join(', ')],
    ]),
    !isDump && element('div', { class: 'group' },
      element('button', { type: 'button', click: () => page.go({ view: 'events', at: site.site, kinds: [], contexts: [], core: null, text: '' }) }, 'Its events'),
      element('button', { type: 'button', click: () => page.go({ view: 'timeline', pins: [...new Set([...page.state.pins, String(site.site)])], window: null }) }, 'In the timeline')));
}

/** @param {SiteDetail['site']} site */
function sizeRange({ smallest, largest }) {
  return smallest === largest ? bytes(smallest) : `${bytes(smallest)} to ${bytes(largest)}`;
}

/** @param {string} sentence */
function capital(sentence) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** The single file has what is asked for of other call sites only. @param {string} title @param {string} what */
function notHeld(title, what) {
  return section(title, element('p', { class: 'quiet' }, `This file has ${what} only of the first call sites.`));
}

/** @param {SiteDetail} detail */
function callStack({ site, frames }) {
  const list = element('div');
  const draw = (/** @type {boolean} */ all) => {
    fill(list, stackList({ frames, stack: site.stack, allocator: site.allocator }, all));
    button.show(all);
  };
  const button = toggle('Allocator frames', draw);
  draw(false);
  return section('Call stack', list, site.allocator.length > 0 && element('div', {}, button));
}

/** @param {Page} page @param {WholeDetail} detail */
function siteCurve(page, { site, curve }) {
  const heap = heapOfCurve(curve, curve.from, Math.max(curve.to, curve.from + 1));
  const picture = new Picture(`Live bytes of this call site: at most ${bytes(Math.max(0, ...curve.max))}, ${bytes(curve.last.at(-1) ?? 0)} at the end`, (pen, width, height) => {
    const scale = new Scale([curve.from, Math.max(curve.to, curve.from + 1)], width);
    const place = { x: scale.x(heap.from), y: 18, width: scale.x(heap.to) - scale.x(heap.from), height: height - 18 };
    const axis = drawCurve(pen, heap, place, { end: page.axisEnd });
    drawBreaks(pen, scale, { gaps: [], sessions: page.overview.sessions }, height);
    drawRange(pen, scale, page.state.range, height);
    drawRuler(pen, scale, page.clock.hz, 18);
    drawByteLabels(pen, axis, place);
    drawCursor(pen, scale, page.hovered ?? page.state.cursor, height);
    drawLevel(page, pen, (ticks) => levels.at(ticks, heap, false), axis, scale, { ...place, width });
  }, { class: 'site-picture' });
  const levels = new Levels(page, 'track', () => ({ site: site.site }), () => picture.draw());
  levels.cursor(page.state.cursor);
  hoverIn(page, picture, () => [curve.from, Math.max(curve.to, curve.from + 1)]);
  const hovered = (/** @type {number | null} */ ticks) => {
    levels.pointer(ticks);
    picture.draw();
  };
  const redraw = () => {
    levels.cursor(page.state.cursor);
    picture.draw();
  };
  page.hoverListeners.push(hovered);
  const text = numbers('live bytes of this call site', () => ({
    rows: curve.times.map((time, at) => ({ time, max: curve.max[at], last: curve.last[at] })),
    columns: [
      { name: 'From', class: 'number', unit: 'ticks', cell: (row) => page.clock.moment(row.time), order: (row) => row.time },
      { name: 'At most', class: 'number', unit: 'bytes', cell: (row) => bytes(row.max), order: (row) => row.max },
      { name: 'Then', class: 'number', unit: 'bytes', cell: (row) => bytes(row.last), order: (row) => row.last },
    ],
  }));
  const close = () => {
    levels.close();
    page.hoverListeners.splice(page.hoverListeners.indexOf(hovered), 1);
  };
  return { picture, text, redraw, close };
}

/** @param {number} from @param {number} to */
function sizes(from, to) {
  return to - from <= 1 ? shortBytes(from) : `${from < 1024 ? from : shortBytes(from)} – ${shortBytes(to - 1)}`;
}

/** @param {Page} page @param {WholeDetail} detail */
function blocks(page, { site, curve, blocks }) {
  if (blocks.length === 0) return null;
  const isDump = page.overview.dump !== null;
  // Those of earlier sessions are outstanding, and live no more.
  const live = isDump ? site.outstanding_blocks : curve.blocks.at(-1) ?? 0;
  return section(`Blocks that still live${live > blocks.length ? `: the oldest ${blocks.length} of ${count(live)}` : ''}`, table({
    caption: 'Blocks that still live', rows: blocks, limit: 8,
    chosen: isDump ? undefined : (block) => page.go({ view: 'events', cursor: block.time, address: block.address, kinds: [], contexts: [], at: null, text: '' }),
    columns: isDump ? [
      { name: 'Size', class: 'number', unit: 'bytes', cell: (block) => bytes(block.size), order: (block) => block.size },
      { name: 'Address', class: 'fixed', cell: (block) => block.address },
      { name: 'Core', class: 'number', cell: (block) => block.core },
    ] : [
      { name: 'Since', class: 'number', unit: 'ticks', cell: (block) => page.clock.exact(block.time), order: (block) => block.time },
      { name: 'Size', class: 'number', unit: 'bytes', cell: (block) => bytes(block.size), order: (block) => block.size },
      { name: 'Address', class: 'fixed', cell: (block) => block.address },
      { name: 'By', cell: (block) => page.contextName(block.context) },
      { name: 'Core', class: 'number', cell: (block) => block.core },
    ],
  }));
}

/** @param {Page} page @param {WholeDetail} detail */
function failures(page, { failures }) {
  if (failures.length === 0) return null;
  return section('Allocations that found no memory', table({
    caption: 'Allocations that found no memory', rows: failures, limit: 8,
    chosen: (failure) => page.go({ view: 'events', cursor: failure.time, kinds: ['heap'] }),
    columns: [
      { name: 'When', class: 'number', unit: 'ticks', cell: (failure) => page.clock.moment(failure.time), order: (failure) => failure.time },
      { name: 'Size', class: 'number', unit: 'bytes', cell: (failure) => failure.size === 0 ? 'not known' : bytes(failure.size), order: (failure) => failure.size },
      { name: 'Live then', class: 'number', unit: 'bytes', cell: (failure) => bytes(failure.live_bytes), order: (failure) => failure.live_bytes },
      { name: 'By', cell: (failure) => page.contextName(failure.context) },
      { name: 'Then', cell: (failure) => failure.retried ? 'found in another region' : 'failed' },
    ],
  }));
}
