// The heap's map over time: addresses downward, time to the right, each block in the colour of its call site, its age or
// its verdict; below it how much is free, and the largest block that can be had.
import { drawBreaks } from 'leakscope/chart/breaks.js';
import { drawByteLabels } from 'leakscope/chart/curve.js';
import { listen } from 'leakscope/chart/gestures.js';
import { blockColours, shadeLegend, SHADES } from 'leakscope/chart/heap-colours.js';
import { addressOf, columnAt, placeRegions, rowAt, runsOf } from 'leakscope/chart/heap-layout.js';
import { drawFailures, drawHeapMap, drawLevels } from 'leakscope/chart/heap-map.js';
import { hex } from 'leakscope/chart/memory-map.js';
import { colour } from 'leakscope/chart/palette.js';
import { Picture } from 'leakscope/chart/picture.js';
import { pan, Scale, zoom } from 'leakscope/chart/scale.js';
import { drawCursor, drawGrid, drawRange, drawRuler } from 'leakscope/chart/time.js';
import { Latest } from 'leakscope/data/latest.js';
import { shortenedTitle } from 'leakscope/format/names.js';
import { bytes, count, counted, percent, shortBytes, wholePercent } from 'leakscope/format/units.js';
import { closeToggle } from 'leakscope/page/close-toggle.js';
import { stretchOf } from 'leakscope/page/strip.js';
import { choice, element, fill } from 'leakscope/part/element.js';
import { tip } from 'leakscope/part/tip.js';
import { heapTables } from 'leakscope/view/heap-tables.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */
/** @typedef {import('leakscope/data/types.js').HeapOverTime} HeapOverTime */
/** A moment and a row of a region. @typedef {{ time: number, place: number, row: number }} Spot */

/** Pixels of a column. */
const COLUMN = 2;
/** Call sites that the legend names. */
const NAMED = 4;

/**
 * @param {Page} page
 * @param {HTMLElement | null} chooser of the maps that there are
 * @returns {import('leakscope/page/page.js').View}
 */
export function heapMapView(page, chooser) {
  /** @type {HeapOverTime | null} */
  let heap = null;
  /** @type {ReturnType<typeof placeRegions>} */
  let placed = [];
  /** The worst first. @type {Map<number, import('leakscope/chart/heap-colours.js').Ranked>} */
  let sites = new Map();
  /** The region whose levels are drawn. */
  let chosen = 0;
  /** @type {Spot | null} where the keyboard is */
  let focused = null;
  /** @type {Spot | null} where the pointer is */
  let hovered = null;
  /** @type {Stretch | null} while it is dragged */
  let dragged = null;

  const shown = () => page.state.window ?? page.bounds;
  const setWindow = (/** @type {Stretch} */ window) => {
    const isAll = window[0] <= page.bounds[0] && window[1] >= page.bounds[1];
    page.go({ window: isAll ? null : window });
  };
  const scale = () => new Scale(shown(), map.width);
  const titleOf = (/** @type {number} */ site) => sites.get(site)?.title ?? `call site ${site}`;
  const nameOf = (/** @type {HeapOverTime['regions'][number]} */ { start, bytes: length }, /** @type {number} */ place) => {
    const name = heap?.map?.regions[place]?.name;
    return `${name ? `${name}, ` : ''}${start} to ${hex(BigInt(start) + BigInt(length))}, ${shortBytes(length)}`;
  };
  const overlay = (/** @type {import('leakscope/chart/picture.js').Pen} */ pen, /** @type {number} */ height) => {
    drawBreaks(pen, scale(), { gaps: [], sessions: page.overview.sessions }, height);
    drawRange(pen, scale(), dragged ?? page.state.range, height);
    drawCursor(pen, scale(), page.state.cursor, height);
    drawCursor(pen, scale(), page.hovered, height);
  };

  const ruler = new Picture('Time', (pen, _, height) => {
    overlay(pen, height);
    drawRuler(pen, scale(), page.clock.hz, height - 1);
  }, { class: 'time-ruler' });
  const map = new Picture('The heap over time: addresses downward. Left and right move the cursor, up and down go from block to block', (pen, _, height) => {
    if (heap === null) return;
    placed = placeRegions(heap, height);
    const { shade, site } = page.state;
    const look = { fill: blockColours(shade, (site) => sites.get(site), page.bounds[1]), ages: shade === 'age', chosen: site };
    drawHeapMap(pen, heap, placed, scale(), look, nameOf);
    drawFailures(pen, heap.map?.failures ?? [], placed, scale());
    overlay(pen, height);
    const spot = hovered ?? focused;
    if (spot !== null) drawSpot(pen, spot);
  }, { focusable: true, class: 'heap-map', resized: () => ask() });
  const levels = new Picture('Free bytes, and the largest block that can be had', (pen, _, height) => {
    const region = heap?.regions[chosen];
    drawGrid(pen, scale(), page.clock.hz, height);
    if (heap !== null && region !== undefined) {
      const place = { y: 4, height: height - 4 };
      const axis = drawLevels(pen, heap, region, scale(), place, page.axisEnd);
      overlay(pen, height);
      drawByteLabels(pen, axis, place);
    }
  }, { class: 'heap-levels' });
  const drawSpot = (/** @type {import('leakscope/chart/picture.js').Pen} */ pen, /** @type {Spot} */ { place, row, time }) => {
    const found = runAt({ place, row, time });
    if (found === null) return;
    const { region, top, height } = placed[place];
    pen.strokeStyle = colour('focus');
    pen.lineWidth = 2;
    const y = top + (found.from / region.rows) * height;
    pen.strokeRect(scale().x(time) - 4, y - 1, 8, Math.max(((found.to - found.from) / region.rows) * height, 1) + 2);
    pen.lineWidth = 1;
  };

  /** The rows that look alike at a spot, at that moment. @param {Spot} spot */
  const runAt = ({ place, row, time }) => {
    if (heap === null || placed[place] === undefined) return null;
    const column = placed[place].columns[columnAt(heap, time)] ?? [];
    return runsOf(column).find(({ to }) => row < to) ?? null;
  };
  const spotAt = (/** @type {number} */ x, /** @type {number} */ y) => {
    const at = rowAt(placed, y);
    return at === null ? null : { time: Math.round(scale().ticks(x)), ...at };
  };
  /** What there is to say of a spot. @param {Spot} spot @returns {string[]} */
  const words = (spot) => {
    const run = runAt(spot);
    if (heap === null || run === null) return [];
    const { region } = placed[spot.place];
    const what = run.site === -1 ? 'Free' : run.site < 0 ? 'Unknown: in use since before the recording, or the allocator’s own' : titleOf(run.site);
    const place = `${hex(addressOf(region, run.from))} to ${hex(addressOf(region, run.to))}`;
    return [what, place, run.site < 0 ? '' : `${run.percent} % in use`,
      run.site < 0 ? '' : `allocated at ${page.clock.moment(run.oldest)}, ${page.clock.duration(Math.max(spot.time - run.oldest, 0))} old`].filter((text) => text !== '');
  };
  const levelWords = (/** @type {number} */ time, /** @type {number} */ place) => {
    const region = heap?.regions[place];
    if (heap === null || region === undefined) return '';
    const column = columnAt(heap, time);
    const about = heap.column_ticks > 1 ? 'about ' : '';
    return `${about}${bytes(region.free[column])} free in ${counted(region.holes[column], 'hole')}, largest ${bytes(region.largest[column])}`;
  };

  const line = element('div', { class: 'flame-line heap-line' });
  const keys = element('div', { class: 'memory-legend' });
  const rest = element('span', { class: 'rest' });
  const nothing = element('p', { class: 'list-nothing' }, 'Reading …');
  const pointer = tip();
  const tables = heapTables(page, (time) => page.go({ cursor: time }));
  const tell = () => {
    const spot = hovered ?? focused;
    const time = hovered?.time ?? page.hovered ?? page.state.cursor ?? shown()[1] - 1;
    const [what, ...others] = spot === null ? [] : words(spot);
    const site = spot === null ? -1 : runAt(spot)?.site ?? -1;
    fill(line, element('span', {}, element('b', {}, page.clock.moment(time)), ` ${levelWords(time, spot?.place ?? chosen)}`),
      what !== undefined && element('span', {}, element('b', { class: 'fixed' }, what)), ...others.map((text) => element('span', {}, text)),
      spot === focused && site >= 0 && element('button', { type: 'button', class: 'link', click: () => page.go({ view: 'sites', site }) }, 'Show the call site'));
  };

  const showKeys = () => {
    const { shade } = page.state;
    const fills = blockColours(shade, (site) => sites.get(site), page.bounds[1]);
    const named = shade === 'site' ? largest(placed).map((site) => [fills(site, 0), titleOf(site)]) : [];
    const meant = shadeLegend(shade, page.bounds[1], (ticks) => page.clock.duration(Math.round(ticks)));
    const key = (/** @type {string} */ look, /** @type {string} */ text) => element('span', { class: 'key', title: text }, element('span', { class: look, 'aria-hidden': 'true' }), shortenedTitle(text, 48));
    fill(keys, ...[...named, ...meant, ['unused', 'Free'], ['unknown', 'Unknown']].map(([name, text]) => key(`swatch ${name}`, text)),
      key('line-sign', 'Free bytes'), key('line-sign largest', 'Largest block'),
      (heap?.map?.failures.length ?? 0) > 0 && element('span', { class: 'key' }, element('b', { class: 'failed-sign', 'aria-hidden': 'true' }, '× '), 'Failed allocation'));
  };

  const fillTables = () => {
    if (heap?.map) tables.fill(heap.map, (site) => sites.get(site)?.title);
  };
  const latest = new Latest(page.source, 'heap', (answer) => {
    const known = answer.map !== null && (answer.map.predicted > 0 || answer.map.image !== null) ? answer.map : null;
    // Of a map without one predicted address, nothing is drawn and nothing said of what is free.
    heap = known === null ? { ...answer, regions: [] } : answer;
    if (chosen >= answer.regions.length) chosen = 0;
    nothing.hidden = known !== null;
    pictures.hidden = known === null;
    tables.element.hidden = known === null;
    rest.textContent = '';
    if (known === null) fill(nothing, ...answer.map === null ? withoutBounds(page) : answer.map.sentences.map((text) => `${text}.`));
    else {
      const soFar = answer.complete ? '' : `, ${percent(answer.counted_to, answer.to)} read so far`;
      rest.textContent = `${known.allocator} predicts ${wholePercent(known.predicted, known.addresses)} of ${count(known.addresses)} addresses${soFar}`;
      fillTables();
    }
    placed = placeRegions(heap, map.height);
    draw();
    showKeys();
    tell();
  }, (message) => fill(nothing, message));
  const latestSites = new Latest(page.source, 'sites', (answer) => {
    sites = new Map(answer.sites.map((site, rank) => [site.site, { ...site, rank }]));
    fillTables();
    draw();
    showKeys();
  }, () => {});
  const draw = () => [ruler, map, levels].forEach((picture) => picture.draw());
  const ask = () => {
    if (map.width === 0) return;
    const [from, to] = shown();
    // All of a trace that grows is read on; a window of it is read from the beginning.
    const window = page.state.window === null ? {} : { from, to };
    const width = Math.min(Math.max(Math.round(map.width / COLUMN), 2), 1024);
    latest.ask({ ...window, width, rows: Math.min(Math.max(Math.round(map.height), 64), 1024), partial: 1 }, page.version);
  };

  /** @type {import('leakscope/chart/gestures.js').Gestures} */
  const common = {
    zoom: (x, factor) => setWindow(zoom(shown(), factor, scale().ticks(x), page.bounds)),
    pan: (pixels) => setWindow(pan(shown(), pixels / map.width, page.bounds)),
    select: (from, to, ended) => {
      const stretch = stretchOf(scale(), from, to, page.bounds);
      dragged = ended ? null : stretch;
      if (ended) page.go({ range: stretch });
      draw();
    },
    click: (x) => page.go({ cursor: Math.round(scale().ticks(x)) }),
    hover: (x) => {
      page.hover(x === null ? null : Math.round(scale().ticks(x)));
      tell();
    },
  };
  /** The blocks of a call site stand out. @param {Spot} spot */
  const choose = (spot) => {
    const site = runAt(spot)?.site ?? -1;
    page.go({ site: site >= 0 && site !== page.state.site ? site : null });
  };
  listen(ruler.element, common);
  listen(levels.element, common);
  listen(map.element, {
    ...common,
    click: (x, y) => {
      common.click(x, y);
      focused = spotAt(x, y);
      if (focused === null) return;
      chosen = focused.place;
      choose(focused);
      draw();
      tell();
    },
    hover: (x, y) => {
      hovered = x === null ? null : spotAt(x, y);
      common.hover?.(x, y);
      const box = map.element.getBoundingClientRect();
      pointer.show(hovered && words(hovered).join('\n'), { x: box.left + (x ?? 0), y: box.top + y });
      map.draw();
    },
  });
  const redraw = () => draw();
  page.hoverListeners.push(redraw);

  /** The next block at the focused moment, or the first one. @param {number} direction */
  const nextBlock = (direction) => {
    if (heap === null) return;
    const time = page.state.cursor ?? shown()[1] - 1;
    const blocks = placed.flatMap(({ columns }, place) => runsOf(columns[columnAt(/** @type {HeapOverTime} */ (heap), time)] ?? [])
      .filter(({ site }) => site >= 0).map(({ from }) => ({ time, place, row: from })));
    const isBehind = (/** @type {Spot} */ { place, row }) => focused === null || place > focused.place || (place === focused.place && row > focused.row);
    const isBefore = (/** @type {Spot} */ spot) => focused !== null && !isBehind(spot) && (spot.place !== focused.place || spot.row !== focused.row);
    focused = (direction > 0 ? blocks.find(isBehind) : blocks.findLast(isBefore)) ?? focused;
    if (focused === null) return;
    chosen = focused.place;
    page.say(words(focused).join(', '));
    draw();
    tell();
  };
  const moveCursor = (/** @type {number} */ columns) => {
    if (heap === null) return;
    const time = (page.state.cursor ?? shown()[1] - 1) + columns * heap.column_ticks;
    const cursor = Math.min(Math.max(Math.round(time), page.bounds[0]), page.bounds[1] - 1);
    if (focused !== null) focused = { ...focused, time: cursor };
    page.go({ cursor });
  };
  const nextFailure = (/** @type {number} */ direction) => {
    const at = page.state.cursor ?? -1;
    const times = (heap?.map?.failures ?? []).map(({ time_ticks: time }) => time);
    const time = direction > 0 ? times.find((time) => time > at) : times.findLast((time) => time < at);
    if (time !== undefined) page.go({ cursor: time });
  };
  const step = (/** @type {number} */ factor) => {
    const { cursor } = page.state;
    const [from, to] = shown();
    setWindow(zoom([from, to], factor, cursor !== null && cursor > from && cursor < to ? cursor : (from + to) / 2, page.bounds));
  };
  const tool = (/** @type {string} */ label, /** @type {string} */ title, /** @type {() => void} */ click) =>
    element('button', { type: 'button', title, 'aria-label': title, click }, label);

  const shade = choice('Colours', SHADES, (shade) => page.go({ shade }));
  const close = closeToggle(page);
  const pictures = element('div', { class: 'heap-pictures' }, ruler.element, map.element, levels.element);
  return {
    element: element('div', { class: 'view whole' },
      element('div', { class: 'tools' }, chooser, shade, element('div', { class: 'group' },
        tool('−', 'Zoom out (−)', () => step(1 / 0.6)), tool('+', 'Zoom in (+)', () => step(0.6))),
      tool('All', 'All of it (0)', () => setWindow(page.bounds)), close, rest),
      element('div', { class: 'split memory heap open' }, element('div', { class: 'memory-left', tabindex: 0, role: 'region', 'aria-label': 'Map of memory' }, nothing, pictures, line, keys), tables.element)),
    first: map.element,
    show(state) {
      shade.value = state.shade;
      close.show(state.close);
      showKeys();
      ask();
      latestSites.ask({}, page.version);
      draw();
      tell();
    },
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey || heap?.map == null) return false;
      const isOnMap = document.activeElement === map.element;
      const moves = /** @type {Record<string, () => void>} */ ({
        n: () => nextFailure(1), p: () => nextFailure(-1), '+': () => step(0.6), '-': () => step(1 / 0.6), 0: () => setWindow(page.bounds),
        ...isOnMap ? {
          ArrowDown: () => nextBlock(1), ArrowUp: () => nextBlock(-1), ArrowLeft: () => moveCursor(-1), ArrowRight: () => moveCursor(1),
          Enter: () => focused !== null && choose(focused),
        } : {},
      });
      if (!(event.key in moves)) return false;
      moves[event.key]();
      return true;
    },
    close() {
      latest.stop();
      latestSites.stop();
      pointer.close();
      page.hoverListeners.splice(page.hoverListeners.indexOf(redraw), 1);
    },
  };
}

/**
 * The call sites with the most rows at the end.
 * @param {ReturnType<typeof placeRegions>} placed
 */
function largest(placed) {
  /** @type {Map<number, number>} */
  const rows = new Map();
  for (const { site, from, to } of placed.flatMap(({ columns }) => runsOf(columns.at(-1) ?? []))) {
    if (site >= 0) rows.set(site, (rows.get(site) ?? 0) + to - from);
  }
  return [...rows].toSorted(([, a], [, b]) => b - a).slice(0, NAMED).map(([site]) => site);
}

/** @param {Page} page */
function withoutBounds(page) {
  if (page.overview.dump !== null) return ['A heap dump lists blocks, and does not tell where the heap is.'];
  const code = (/** @type {string} */ text) => element('code', {}, text);
  return ['Nobody tells where the heap is: ', code('--heap-region 0x3fc80000+320KiB'), ' says it, ', code('--elf FILE'), ' may, and ',
    code('--boot-log FILE'), ' does for ESP-IDF. Who points at which block is shown beside an image of memory: ', code('leakscope record --image'), ' makes one.'];
}
