// A small curve beside each of the worst leaks: what grows slowly is not to be seen in the curve of the whole heap.
import { drawBreaks } from 'leakscope/chart/breaks.js';
import { drawCurve } from 'leakscope/chart/curve.js';
import { levelAt } from 'leakscope/chart/read-out.js';
import { drawCursor } from 'leakscope/chart/time.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Scale } from 'leakscope/chart/scale.js';
import { Latest } from 'leakscope/data/latest.js';
import { heapOfCurve } from 'leakscope/data/track.js';
import { bytes } from 'leakscope/format/units.js';
import { hoverIn } from 'leakscope/page/hover.js';
import { drawLevel } from 'leakscope/page/level.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {{ picture: Picture, latest: Latest<'site'> }} Curve */

/** @param {Page} page */
export function leakCurves(page) {
  /** @type {Map<number, Curve>} by call site: they stay while the trace grows */
  const known = new Map();

  /** @param {import('leakscope/data/types.js').Finding} finding @returns {Curve} */
  const newCurve = ({ site, title }) => {
    /** @type {import('leakscope/data/types.js').Heap | null} */
    let heap = null;
    const picture = new Picture(`Live bytes of ${title}`, (pen, width, height) => {
      if (heap === null) return;
      const columns = heap;
      const scale = new Scale(page.bounds, width);
      const place = { x: scale.x(heap.from), y: 0, width: scale.x(heap.to) - scale.x(heap.from), height };
      const axis = drawCurve(pen, heap, place, { lines: false, look: 'leak' });
      drawBreaks(pen, scale, { gaps: [], sessions: page.overview.sessions }, height);
      drawCursor(pen, scale, page.hovered ?? page.state.cursor, height);
      drawLevel(page, pen, (ticks) => levelAt(columns, ticks, false), axis, scale, { ...place, width });
    }, { class: 'leak-curve' });
    hoverIn(page, picture, () => page.bounds);
    const latest = new Latest(page.source, 'site', (answer) => {
      const { curve } = answer;
      if (curve === null) {
        picture.describe(`Live bytes of ${title}: not in this file`);
        return;
      }
      heap = heapOfCurve(curve, ...page.bounds);
      picture.describe(`Live bytes of ${title}: at most ${bytes(Math.max(0, ...curve.max))}, ${bytes(curve.last.at(-1) ?? 0)} at the end`);
      picture.draw();
    }, () => {});
    const made = { picture, latest };
    known.set(site, made);
    return made;
  };
  const redraw = () => {
    for (const { picture } of known.values()) picture.draw();
  };
  page.hoverListeners.push(redraw);
  return {
    /** @param {import('leakscope/data/types.js').Finding} finding */
    of(finding) {
      const { picture, latest } = known.get(finding.site) ?? newCurve(finding);
      latest.ask({ id: finding.site }, page.version);
      return picture.element;
    },
    close() {
      page.hoverListeners.splice(page.hoverListeners.indexOf(redraw), 1);
      for (const { latest } of known.values()) latest.stop();
    },
  };
}
