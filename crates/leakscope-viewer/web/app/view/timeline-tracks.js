// Tracks in the timeline: of each call site that was pinned its live bytes, and its allocations and frees.
import { drawArrows } from 'leakscope/chart/arrows.js';
import { drawByteLabels, drawCurve } from 'leakscope/chart/curve.js';
import { drawHeapMarks } from 'leakscope/chart/marks.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Scale } from 'leakscope/chart/scale.js';
import { drawCursor, drawRange } from 'leakscope/chart/time.js';
import { Latest } from 'leakscope/data/latest.js';
import { shortened } from 'leakscope/format/names.js';
import { counted } from 'leakscope/format/units.js';
import { hoverIn } from 'leakscope/page/hover.js';
import { drawLevel } from 'leakscope/page/level.js';
import { element, fill } from 'leakscope/part/element.js';

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
  /** @type {Map<number, Shown>} by call site */
  const known = new Map();
  return {
    element: place,
    /** @param {number[]} pins */
    show(pins) {
      for (const [site, track] of known) {
        if (pins.includes(site)) continue;
        track.close();
        known.delete(site);
      }
      const isNew = pins.length !== place.childElementCount || pins.some((site) => !known.has(site));
      const tracks = pins.map((site) => {
        const track = known.get(site) ?? siteTrack(page, site, shown);
        known.set(site, track);
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

/**
 * @param {Page} page
 * @param {number} site
 * @param {() => import('leakscope/state/fragment.js').Stretch} shown
 * @returns {Shown}
 */
function siteTrack(page, site, shown) {
  /** @type {Track | null} */
  let track = null;
  const picture = new Picture('', (pen, width, height) => {
    const scale = new Scale(shown(), width);
    if (track !== null) {
      const { heap } = track;
      const curve = { x: scale.x(heap.from), y: 2, width: scale.x(heap.to) - scale.x(heap.from), height: height - CHANGES - 2 };
      const axis = drawCurve(pen, heap, curve, { look: 'leak', end: page.axisEnd });
      const marks = { y: height - CHANGES / 2, reach: CHANGES / 2 };
      drawHeapMarks(pen, heap, track.marks, scale, marks);
      drawArrows(pen, track.marks ?? [], scale, marks);
      drawRange(pen, scale, page.state.range, height);
      drawByteLabels(pen, axis, curve);
      drawCursor(pen, scale, page.state.cursor, height);
      drawCursor(pen, scale, page.hovered, height);
      drawLevel(page, pen, heap, axis, scale, { ...curve, width });
    }
  }, { class: 'track-picture', resized: () => ask() });
  const name = element('button', { type: 'button', class: 'link', click: () => page.go({ view: 'sites', site }) }, `Call site ${site}`);
  const amount = element('div', { class: 'quiet' });
  const latest = new Latest(page.source, 'track', (answer) => {
    track = answer;
    const { heap } = track;
    const sum = (/** @type {number[]} */ counts) => counts.reduce((sum, count) => sum + count, 0);
    amount.textContent = `${counted(sum(heap.allocations), 'allocation')} ↑ ${counted(sum(heap.frees), 'free')} ↓${track.exact ? '' : ', in sums'}`;
    picture.describe(`Live bytes of ${name.title}: ${amount.textContent}`);
    picture.draw();
  }, (message) => { amount.textContent = message; });
  const named = new Latest(page.source, 'site', (answer) => {
    name.title = answer.site.title;
    name.textContent = shortened(answer.site.title, 44);
    picture.describe(`Live bytes of ${name.title}`);
  }, () => {});
  const ask = () => {
    if (picture.width === 0) return;
    const [from, to] = shown();
    void latest.ask({ site, from, to, width: Math.min(Math.max(Math.round(picture.width), 1), page.overview.limits.width) }, page.version);
  };
  hoverIn(page, picture, shown);
  const redraw = () => picture.draw();
  page.hoverListeners.push(redraw);
  named.ask({ id: site });
  return {
    element: element('div', { class: 'track' },
      element('div', { class: 'track-label' }, name, amount,
        element('button', { type: 'button', class: 'track-remove', 'aria-label': 'Remove this track', title: 'Remove this track', click: () => page.go({ pins: page.state.pins.filter((pin) => pin !== site) }) }, '×')),
      picture.element),
    show() {
      ask();
      picture.draw();
    },
    close() {
      latest.stop();
      named.stop();
      page.hoverListeners.splice(page.hoverListeners.indexOf(redraw), 1);
    },
  };
}
