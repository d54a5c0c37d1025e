// A small curve beside each of the worst leaks: what grows slowly is not to be seen in the curve of the whole heap.
import { drawCurve } from 'leakscope/chart/curve.js';
import { stepColumns } from 'leakscope/chart/curve-layout.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Latest } from 'leakscope/data/latest.js';
import { bytes } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {{ picture: Picture, latest: Latest<'site'> }} Curve */

/** @param {Page} page */
export function leakCurves(page) {
  /** @type {Map<number, Curve>} by call site: they stay while the trace grows */
  const known = new Map();

  /** @param {import('leakscope/data/types.js').Finding} finding @returns {Curve} */
  const newCurve = ({ site, title }) => {
    /** @type {import('leakscope/data/types.js').SiteDetail['curve'] | null} */
    let curve = null;
    const picture = new Picture(`Live bytes of ${title}`, (pen, width, height) => {
      if (curve !== null) drawCurve(pen, stepColumns(curve, Math.round(width)), { x: 0, y: 0, width, height }, { lines: false, look: 'leak' });
    }, { class: 'leak-curve' });
    const latest = new Latest(page.source, 'site', (answer) => {
      curve = answer.curve;
      picture.describe(`Live bytes of ${title}: at most ${bytes(Math.max(0, ...curve.max))}, ${bytes(curve.last.at(-1) ?? 0)} at the end`);
      picture.draw();
    }, () => {});
    const made = { picture, latest };
    known.set(site, made);
    return made;
  };
  return {
    /** @param {import('leakscope/data/types.js').Finding} finding */
    of(finding) {
      const { picture, latest } = known.get(finding.site) ?? newCurve(finding);
      latest.ask({ id: finding.site }, page.version);
      return picture.element;
    },
    close() {
      for (const { latest } of known.values()) latest.stop();
    },
  };
}
