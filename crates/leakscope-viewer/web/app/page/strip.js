// The clock strip above every view: the heap curve of the whole trace, the range that limits the views,
// the part that the timeline shows, and the cursor.
import { drawCurve } from 'leakscope/chart/curve.js';
import { listen } from 'leakscope/chart/gestures.js';
import { colour } from 'leakscope/chart/palette.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Scale } from 'leakscope/chart/scale.js';
import { drawBreaks } from 'leakscope/chart/breaks.js';
import { drawCursor, drawRange } from 'leakscope/chart/time.js';
import { Latest } from 'leakscope/data/latest.js';
import { levelWords } from 'leakscope/page/level.js';
import { element, fill } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/state/fragment.js').State} State */
/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */

/** @param {Page} page */
export function clockStrip(page) {
  /** @type {import('leakscope/data/types.js').Timeline | null} */
  let timeline = null;
  /** @type {Stretch | null} while it is dragged */
  let dragged = null;
  const scale = () => new Scale(page.bounds, picture.width);

  const picture = new Picture('Live bytes over the whole trace', (pen, _, height) => {
    if (timeline !== null) {
      const { heap } = timeline;
      const x = scale().x(heap.from);
      drawCurve(pen, heap, { x, y: 4, width: scale().x(heap.to) - x, height: height - 4 }, { lines: false, end: page.axisEnd });
      drawBreaks(pen, scale(), { gaps: timeline.gaps, sessions: page.overview.sessions }, height);
    }
    drawRange(pen, scale(), dragged ?? page.state.range, height);
    const { window, view } = page.state;
    if (window !== null && view === 'timeline') {
      pen.strokeStyle = colour('text');
      pen.lineWidth = 1;
      pen.strokeRect(scale().x(window[0]) + 0.5, 1.5, Math.max(scale().x(window[1]) - scale().x(window[0]) - 1, 2), height - 3);
    }
    drawCursor(pen, scale(), page.state.cursor, height);
    if (page.hovered !== null) drawCursor(pen, scale(), page.hovered, height);
  }, { focusable: true, resized: () => ask() });

  const latest = new Latest(page.source, 'timeline', (answer) => {
    timeline = answer;
    picture.draw();
    showClock(page.state);
  }, () => {});
  const ask = () => void (picture.width > 0 && latest.ask({ width: Math.min(Math.max(Math.round(picture.width / 2), 1), page.overview.limits.width) }, page.version));

  listen(picture.element, {
    select: (from, to, ended) => {
      const stretch = stretchOf(scale(), from, to, page.bounds);
      dragged = ended ? null : stretch;
      if (ended) page.go({ range: stretch });
      picture.draw();
      showClock(page.state);
    },
    click: (x) => page.go({ cursor: Math.round(scale().ticks(x)) }),
    hover: (x) => page.hover(x === null ? null : Math.round(scale().ticks(x))),
  });
  picture.element.setAttribute('aria-label', 'Clock strip: left and right move the cursor, [ and ] begin and end a range');
  picture.element.addEventListener('keydown', (event) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction === undefined || event.altKey || event.ctrlKey) return;
    moveCursor(direction * (event.shiftKey ? 10 : 1));
    event.preventDefault();
    event.stopPropagation();
  });

  /** @param {number} steps of a two-hundredth of the trace */
  const moveCursor = (steps) => {
    const [least, most] = page.bounds;
    const cursor = (page.state.cursor ?? least) + steps * 0.005 * (most - least);
    page.go({ cursor: Math.round(Math.min(Math.max(cursor, least), most)) });
    said = false;
    sayCursor();
  };

  /** Reads aloud where the cursor is, as soon as it is known what lives there. */
  let said = true;
  const sayCursor = () => {
    const { cursor } = page.state;
    const level = cursor === null ? null : page.levels.at(cursor, null);
    if (said || cursor === null || level === null) return;
    said = true;
    page.say(`cursor ${page.clock.moment(cursor)}, ${levelWords(level)} live`);
  };

  const clock = element('dl', { class: 'clock' });
  const showClock = (/** @type {State} */ state) => {
    const range = dragged ?? state.range;
    const words = range === null ? 'everything' : page.clock.stretch(...range);
    const moment = page.hovered ?? state.cursor;
    const level = moment === null || !page.hasLevels ? null : page.levels.at(moment, timeline?.heap ?? null);
    fill(clock,
      element('dt', {}, page.hovered === null ? 'Cursor' : 'Pointer'), element('dd', {}, moment === null ? '–' : page.clock.exact(moment), element('span', { class: 'quiet' }, ` ${levelWords(level)}`)),
      element('dt', {}, 'Range'), element('dd', { title: words }, range !== null && element('button', {
        type: 'button', class: 'no-range', 'aria-label': 'Remove the range', title: 'Show everything (Esc)', click: () => page.go({ range: null }),
      }, '×'), words));
  };
  page.hoverListeners.push(() => {
    picture.draw();
    showClock(page.state);
    sayCursor();
  });

  return {
    element: element('section', { class: 'strip', 'aria-label': 'Clock' }, picture.element, clock),
    moveCursor,
    /** @param {State} state */
    show(state) {
      ask();
      picture.draw();
      showClock(state);
    },
  };
}

/**
 * Pixels as a stretch of whole ticks within the bounds.
 * @param {Scale} scale
 * @param {number} from
 * @param {number} to
 * @param {Stretch} bounds
 * @returns {Stretch}
 */
export function stretchOf(scale, from, to, [least, most]) {
  const begin = Math.min(Math.max(Math.round(scale.ticks(from)), least), most - 1);
  return [begin, Math.max(Math.min(Math.round(scale.ticks(to)), most), begin + 1)];
}
