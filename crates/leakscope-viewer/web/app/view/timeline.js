// Timeline: what ran when on each core, the heap below, allocations, log lines and gaps in the data.
import { listen } from 'leakscope/chart/gestures.js';
import { neighbour, placeLanes, rowAt } from 'leakscope/chart/lanes-layout.js';
import { fit, pan, Scale, zoom } from 'leakscope/chart/scale.js';
import { Latest } from 'leakscope/data/latest.js';
import { closeToggle } from 'leakscope/page/close-toggle.js';
import { stretchOf } from 'leakscope/page/strip.js';
import { element, fill, toggle } from 'leakscope/part/element.js';
import { numbers } from 'leakscope/part/numbers.js';
import { tip } from 'leakscope/part/tip.js';
import { alivePanel } from 'leakscope/view/alive.js';
import { laneLabels } from 'leakscope/view/lane-labels.js';
import { laneNumbers, laneWords, markNear, markWords } from 'leakscope/view/lane-words.js';
import { stackedBytes } from 'leakscope/view/stacked.js';
import { places, timelinePictures } from 'leakscope/view/timeline-pictures.js';
import { timelineLegend } from 'leakscope/view/timeline-legend.js';
import { timelineTracks } from 'leakscope/view/timeline-tracks.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/state/fragment.js').State} State */
/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */
/** @typedef {import('leakscope/chart/lanes-layout.js').Row} Row */

/** What the pictures show. */
export class TimelineModel {
  constructor() {
    /** @type {import('leakscope/data/types.js').Timeline | null} */
    this.timeline = null;
    /** @type {ReturnType<typeof placeLanes>} */
    this.placed = { rows: [], height: 0 };
    /** @type {Row | null} */
    this.focused = null;
    /** @type {Stretch | null} while it is dragged */
    this.dragged = null;
    /** @type {() => import('leakscope/data/types.js').Shares | null} who holds the live bytes, if they are told apart */
    this.shares = () => null;
  }
}

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function timelineView(page) {
  const model = new TimelineModel();
  const shown = () => page.state.window ?? page.bounds;
  const setWindow = (/** @type {Stretch} */ window) => {
    const isAll = window[0] <= page.bounds[0] && window[1] >= page.bounds[1];
    page.go({ window: isAll ? null : window });
  };
  const pictures = timelinePictures(page, model, () => ask());
  const scale = () => new Scale(shown(), pictures.below.width);
  const tracks = timelineTracks(page, shown);
  const alive = alivePanel(page);
  const stacked = stackedBytes(page, shown, () => pictures.draw());
  model.shares = () => stacked.shares;
  const labels = laneLabels(page, (row) => focus(row));
  const line = element('div', { class: 'time-line' });
  const bubble = tip();
  const text = numbers('lanes in this window', () => model.timeline === null ? { rows: [], columns: [] } : laneNumbers(page, model.timeline));

  const latest = new Latest(page.source, 'timeline', (answer) => {
    model.timeline = answer;
    model.placed = placeLanes(answer.lanes);
    const { focused } = model;
    const same = model.placed.rows.find((row) => row.kind === 'lane' && row.core === focused?.core && row.context === focused.context);
    model.focused = same?.kind === 'lane' ? same : null;
    pictures.fit();
    labels.show(model.placed.rows, model.focused);
    pictures.draw();
    text.renew();
    tell();
  }, (message) => fill(line, message));
  const ask = () => {
    if (pictures.below.width === 0) return;
    const [from, to] = shown();
    const width = Math.min(Math.max(Math.round(pictures.below.width), 1), page.overview.limits.width);
    latest.ask({ from, to, width }, page.version);
    stacked.show(page.state, width);
  };

  const tell = () => {
    const [from, to] = model.dragged ?? shown();
    const { focused, timeline } = model;
    const cursor = page.state.cursor;
    const [words, ...more] = focused === null || cursor === null ? [] : laneWords(page, focused.lane, cursor, 0).split('\n');
    fill(line,
      element('span', {}, element('b', {}, model.dragged === null ? 'Shown ' : 'Measured '), page.clock.stretch(from, to)),
      timeline !== null && !timeline.exact && element('span', { class: 'quiet' }, `in sums over ${page.clock.duration(timeline.resolution)}: ${finer(page)}`),
      focused !== null && element('span', {}, element('b', {}, words ?? page.contextName(focused.context)), more.length > 0 ? ` ${more.join(' ')}` : ' ',
        ' ', element('button', { type: 'button', class: 'link', click: () => page.go({ view: 'events', contexts: [focused.context], kinds: [] }) }, 'its events')));
  };
  const focus = (/** @type {Row | null} */ row) => {
    model.focused = row;
    labels.show(model.placed.rows, row);
    pictures.draw();
    tell();
    if (row !== null) page.say(laneWords(page, row.lane, page.state.cursor ?? shown()[0], 0));
  };

  /** @type {import('leakscope/chart/gestures.js').Gestures} */
  const common = {
    zoom: (x, factor) => setWindow(zoom(shown(), factor, scale().ticks(x), page.bounds)),
    pan: (pixels) => setWindow(pan(shown(), pixels / pictures.below.width, page.bounds)),
    select: (from, to, ended) => {
      const stretch = stretchOf(scale(), from, to, page.bounds);
      model.dragged = ended ? null : stretch;
      if (ended) page.go({ range: stretch });
      pictures.draw();
      tell();
    },
    click: (x) => page.go({ cursor: Math.round(scale().ticks(x)) }),
    hover: (x) => {
      page.hover(x === null ? null : Math.round(scale().ticks(x)));
      if (x === null) bubble.show(null);
    },
  };
  /** A pixel in ticks. */
  const pixel = () => (shown()[1] - shown()[0]) / Math.max(pictures.below.width, 1);
  const markAt = (/** @type {number} */ x, /** @type {number} */ y) => {
    const marks = model.timeline?.marks;
    const near = (/** @type {number} */ middle) => Math.abs(y - middle) < 16;
    const { heapMarks, logMarks } = places(pictures.below.height);
    if (near(heapMarks)) return markNear(marks?.heap ?? null, scale().ticks(x), 5 * pixel());
    return near(logMarks) ? markNear(marks?.logs ?? null, scale().ticks(x), 7 * pixel()) : null;
  };
  const windowPlace = (/** @type {HTMLElement} */ element, /** @type {number} */ x, /** @type {number} */ y) => {
    const box = element.getBoundingClientRect();
    return { x: box.left + x, y: box.top + y };
  };
  listen(pictures.ruler.element, common);
  listen(pictures.lanes.element, {
    ...common,
    click: (x, y) => {
      const row = rowAt(model.placed.rows, y);
      page.go({ cursor: Math.round(scale().ticks(x)) });
      focus(row?.kind === 'lane' ? row : null);
    },
    hover: (x, y) => {
      common.hover?.(x, y);
      const row = x === null ? null : rowAt(model.placed.rows, y);
      if (x !== null) bubble.show(row?.kind === 'lane' ? laneWords(page, row.lane, scale().ticks(x), pixel()) : null, windowPlace(pictures.lanes.element, x, y));
    },
  });
  listen(pictures.below.element, {
    ...common,
    click: (x, y) => {
      const mark = markAt(x, y);
      if (mark === null) common.click(x, y);
      else page.select(mark);
    },
    doubleClick: (x, y) => {
      const mark = markAt(x, y);
      if (mark !== null) page.select(mark, { view: 'text' in mark ? 'terminal' : 'events' });
    },
    hover: (x, y) => {
      common.hover?.(x, y);
      const mark = x === null ? null : markAt(x, y);
      if (x !== null) bubble.show(mark === null ? null : markWords(page, mark), windowPlace(pictures.below.element, x, y));
    },
  });
  const redraw = () => pictures.draw();
  page.hoverListeners.push(redraw);

  const tool = (/** @type {string} */ label, /** @type {string} */ title, /** @type {string} */ key) =>
    element('button', { type: 'button', title: `${title} (${key.toUpperCase()})`, 'aria-label': title, click: () => act(key) }, label);
  const close = closeToggle(page);
  const lives = toggle('Alive here', (alive) => page.go({ alive }), 'What lives at the cursor, and what was allocated in the range and still lives');
  const act = (/** @type {string} */ key) => {
    const middle = page.state.cursor !== null && page.state.cursor > shown()[0] && page.state.cursor < shown()[1]
      ? page.state.cursor : (shown()[0] + shown()[1]) / 2;
    switch (key) {
      case 'w': case '+': case '=': return setWindow(zoom(shown(), 0.6, middle, page.bounds));
      case 's': case '-': return setWindow(zoom(shown(), 1 / 0.6, middle, page.bounds));
      case 'a': case 'ArrowLeft': return setWindow(pan(shown(), -0.2, page.bounds));
      case 'd': case 'ArrowRight': return setWindow(pan(shown(), 0.2, page.bounds));
      case 'f': return setWindow(page.state.range === null ? page.bounds : fit(page.state.range, page.bounds));
      case '.': return toRun(1);
      case ',': return toRun(-1);
      case 'n': return void toHeapEvent(1);
      case 'p': return void toHeapEvent(-1);
      case 'ArrowDown': return focusNext(1);
      case 'ArrowUp': return focusNext(-1);
      default: return false;
    }
  };
  const focusNext = (/** @type {number} */ direction) => {
    const rows = model.placed.rows.filter((row) => row.kind === 'lane');
    const at = rows.findIndex((row) => row === model.focused);
    const next = rows[at < 0 ? 0 : Math.min(Math.max(at + direction, 0), rows.length - 1)];
    if (next) {
      focus(next);
      pictures.reveal(next);
    }
  };
  const toRun = (/** @type {1 | -1} */ direction) => {
    const from = page.state.cursor ?? shown()[0];
    const next = model.focused === null ? null : neighbour(model.focused.lane.run, from, direction);
    if (next !== null) page.go({ cursor: next });
    else setWindow(pan(shown(), 0.8 * direction, page.bounds));
  };
  const toHeapEvent = async (/** @type {1 | -1} */ direction) => {
    const from = page.state.cursor ?? shown()[0];
    const filter = { kinds: 'heap' };
    const { row } = await page.source.get('find', { ...filter, time: direction > 0 ? from + 1 : from });
    // Next to it there may be a row that stands for events which the single file does not hold.
    const offset = direction > 0 ? row : Math.max(row - 2, 0);
    const { rows } = await page.source.get('events', { ...filter, offset, limit: direction > 0 ? 2 : row - offset });
    const events = rows.filter(({ missing }) => missing === undefined);
    const next = events.at(direction > 0 ? 0 : -1);
    if (next !== undefined) page.select(next);
  };

  /** @type {State | null} */
  let before = null;
  return {
    element: element('div', { class: 'view whole timeline' },
      element('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Timeline' },
        element('div', { class: 'group' }, tool('−', 'Zoom out', 's'), tool('+', 'Zoom in', 'w'), tool('←', 'Earlier', 'a'), tool('→', 'Later', 'd')),
        tool('Fit', 'Fit the range, or everything', 'f'),
        ...page.overview.totals.heap_events === 0 ? [] : [stacked.chooser, close, lives,
          element('div', { class: 'group' }, tool('‹ heap event', 'Previous heap event', 'p'), tool('heap event ›', 'Next heap event', 'n'))],
        element('span', { class: 'rest time-view-hint' }, 'Wheel zooms, drag selects a range, Shift moves')),
      pictures.frame(labels.element, tracks.element), stacked.keys, line, alive.element, element('div', { class: 'time-numbers' }, text, timelineLegend())),
    first: pictures.lanes.element,
    show(state) {
      const { cursor } = state;
      close.show(state.close);
      lives.show(state.alive);
      const [from, to] = shown();
      if (before?.cursor !== cursor && cursor !== null && (cursor < from || cursor > to)) {
        before = state;
        setWindow(pan([from, to], (cursor - (from + to) / 2) / (to - from), page.bounds));
        return;
      }
      before = state;
      ask();
      tracks.show(state.pins);
      stacked.show(state, pictures.below.width);
      alive.show(state);
      pictures.draw();
      tell();
    },
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return false;
      // On a button, Enter and the like are its own.
      return act(event.key) !== false;
    },
    close() {
      latest.stop();
      tracks.close();
      stacked.close();
      alive.close();
      bubble.close();
      page.hoverListeners.splice(page.hoverListeners.indexOf(redraw), 1);
    },
  };
}

/** Where what is finer than sums is to be had. @param {Page} page */
function finer(page) {
  if (!page.source.served) return 'this file holds nothing finer';
  return page.overview.reading.state === 'failed' ? 'single switches only as long as the file can be read again' : 'zoom in for single switches';
}
