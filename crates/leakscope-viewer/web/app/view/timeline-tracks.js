// Tracks in the timeline: of each call site, task or heap that was pinned the live bytes, and the allocations and frees.
import { drawArrows } from 'leakscope/chart/arrows.js';
import { drawByteLabels, drawCurve } from 'leakscope/chart/curve.js';
import { drawHeapMarks } from 'leakscope/chart/marks.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Scale } from 'leakscope/chart/scale.js';
import { drawCursor, drawRange } from 'leakscope/chart/time.js';
import { Latest } from 'leakscope/data/latest.js';
import { ownerOf, ownerParameters } from 'leakscope/data/owner.js';
import { shortened, shortenedTitle } from 'leakscope/format/names.js';
import { counted } from 'leakscope/format/units.js';
import { hoverIn } from 'leakscope/page/hover.js';
import { drawLevel } from 'leakscope/page/level.js';
import { Levels } from 'leakscope/page/levels.js';
import { breakable, element, fill } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Track} Track */
/** @typedef {{ element: HTMLElement, show: () => void, close: () => void }} Shown */

/** Pixels below the curve: allocations above a line, frees below it. */
const CHANGES = 22;

/**
 * @param {Page} page
 * @param {() => import('leakscope/state/fragment.js').Stretch} shown what the timeline shows
 */
export function timelineTracks(page, shown) {
  const place = element('div', { class: 'time-tracks', hidden: true });
  /** @type {Map<string, Shown>} by pin */
  const known = new Map();
  return {
    element: place,
    /** @param {string[]} pins */
    show(pins) {
      for (const [pin, track] of known) {
        if (pins.includes(pin)) continue;
        track.close();
        known.delete(pin);
      }
      const isNew = pins.length !== place.childElementCount || pins.some((pin) => !known.has(pin));
      const tracks = pins.map((pin) => {
        const track = known.get(pin) ?? ownerTrack(page, pin, shown);
        known.set(pin, track);
        return track;
      });
      if (isNew) fill(place, ...tracks.map(({ element }) => element));
      place.hidden = pins.length === 0;
      for (const track of tracks) track.show();
    },
    close() {
      for (const track of known.values()) track.close();
    },
  };
}

/** Shows what there is to know of a call site, a task or a heap. @param {Page} page @param {import('leakscope/data/owner.js').Owner} owner */
export function goToOwner(page, { site, context }) {
  if (site >= 0) page.go({ view: 'sites', site });
  else if (context >= 0) page.go({ view: 'events', contexts: [context], kinds: ['heap'] });
  else page.go({ view: 'system' });
}

/** @param {Page} page @param {import('leakscope/data/owner.js').Owner} owner */
function ownerName(page, { site, context, of_heap: heap }) {
  if (site >= 0) return `Call site ${site}`;
  if (context >= 0) return page.contextName(context);
  return Number(heap) === 0 ? 'Heap without a name' : `Heap ${heap}`;
}

/**
 * @param {Page} page
 * @param {string} pin
 * @param {() => import('leakscope/state/fragment.js').Stretch} shown
 * @returns {Shown}
 */
function ownerTrack(page, pin, shown) {
  const owner = ownerOf(pin);
  /** @type {Track | null} */
  let track = null;
  let isLeak = false;
  const picture = new Picture(`Live bytes of ${ownerName(page, owner)}`, (pen, width, height) => {
    const scale = new Scale(shown(), width);
    if (track !== null) {
      const { heap, exact } = track;
      const curve = { x: scale.x(heap.from), y: 2, width: scale.x(heap.to) - scale.x(heap.from), height: height - CHANGES - 2 };
      const axis = drawCurve(pen, heap, curve, { look: isLeak ? 'leak' : 'heap', end: page.axisEnd });
      const marks = { y: height - CHANGES / 2, reach: CHANGES / 2 };
      drawHeapMarks(pen, heap, track.marks, scale, marks);
      drawArrows(pen, track.marks ?? [], scale, marks);
      drawRange(pen, scale, page.state.range, height);
      drawByteLabels(pen, axis, curve);
      drawCursor(pen, scale, page.state.cursor, height);
      drawCursor(pen, scale, page.hovered, height);
      drawLevel(page, pen, (ticks) => levels.at(ticks, heap, exact), axis, scale, { ...curve, width });
    }
  }, { class: 'track-picture', resized: () => ask() });
  const name = element('button', { type: 'button', class: 'link', title: ownerName(page, owner), click: () => goToOwner(page, owner) }, shortened(ownerName(page, owner), 44));
  const amount = element('div', { class: 'quiet' });
  const latest = new Latest(page.source, 'track', (answer) => {
    track = answer;
    const { heap } = track;
    const sum = (/** @type {number[]} */ counts) => counts.reduce((sum, count) => sum + count, 0);
    amount.textContent = `${counted(sum(heap.allocations), 'allocation')} ↑ ${counted(sum(heap.frees), 'free')} ↓${track.exact ? '' : ', in sums'}`;
    describe();
    picture.draw();
  }, (message) => { amount.textContent = message; });
  const named = new Latest(page.source, 'site', (answer) => {
    isLeak = answer.site.standing === 'leak';
    picture.draw();
    name.title = answer.site.title;
    fill(name, ...breakable(shortenedTitle(answer.site.title, 36)));
    describe();
  }, () => {});
  const describe = () => picture.describe(`Live bytes of ${name.title}${track === null ? '' : `: ${amount.textContent}`}`);
  const ask = () => {
    if (picture.width === 0) return;
    const [from, to] = shown();
    void latest.ask({ ...ownerParameters(owner), from, to, width: Math.min(Math.max(Math.round(picture.width), 1), page.overview.limits.width) }, page.version);
  };
  hoverIn(page, picture, shown);
  const levels = new Levels(page, 'track', () => ownerParameters(owner), () => picture.draw());
  const hovered = (/** @type {number | null} */ ticks) => {
    levels.pointer(ticks);
    picture.draw();
  };
  page.hoverListeners.push(hovered);
  if (owner.site >= 0) named.ask({ id: owner.site });
  return {
    element: element('div', { class: 'track' },
      element('div', { class: 'track-label' }, name, amount,
        element('button', { type: 'button', class: 'track-remove', 'aria-label': 'Remove this track', title: 'Remove this track', click: () => page.go({ pins: page.state.pins.filter((other) => other !== pin) }) }, '×')),
      picture.element),
    show() {
      ask();
      levels.cursor(page.state.cursor);
      picture.draw();
    },
    close() {
      latest.stop();
      named.stop();
      levels.close();
      page.hoverListeners.splice(page.hoverListeners.indexOf(hovered), 1);
    },
  };
}
