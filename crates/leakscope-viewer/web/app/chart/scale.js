// Time on a horizontal axis: from ticks to pixels and back, zooming and panning, and where the axis has
// its marks. Pure: nothing is drawn here.
import { count } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */

export class Scale {
  /**
   * @param {Stretch} window what is shown, in ticks
   * @param {number} width in pixels
   */
  constructor(window, width) {
    this.from = window[0];
    this.to = window[1];
    this.width = Math.max(width, 1);
  }

  /** @param {number} ticks */
  x(ticks) {
    return ((ticks - this.from) / (this.to - this.from)) * this.width;
  }

  /** @param {number} x */
  ticks(x) {
    return this.from + (x / this.width) * (this.to - this.from);
  }
}

/**
 * The window made narrower (`factor` below 1) or wider around the tick `at`, within the bounds.
 * @param {Stretch} window
 * @param {number} factor
 * @param {number} at
 * @param {Stretch} bounds
 * @returns {Stretch}
 */
export function zoom([from, to], factor, at, bounds) {
  // Not narrower than a few ticks: between them nothing is known.
  const length = Math.min(Math.max((to - from) * factor, 16), bounds[1] - bounds[0]);
  const share = Math.min(Math.max((at - from) / (to - from), 0), 1);
  return keepWithin(at - share * length, length, bounds);
}

/**
 * The window moved by a share of its length.
 * @param {Stretch} window
 * @param {number} share
 * @param {Stretch} bounds
 * @returns {Stretch}
 */
export function pan([from, to], share, bounds) {
  return keepWithin(from + share * (to - from), to - from, bounds);
}

/**
 * A window with the stretch in its middle, and some room at both sides.
 * @param {Stretch} stretch
 * @param {Stretch} bounds
 * @returns {Stretch}
 */
export function fit([from, to], bounds) {
  const room = Math.max((to - from) * 0.1, 8);
  const length = Math.min(to - from + 2 * room, bounds[1] - bounds[0]);
  return keepWithin((from + to) / 2 - length / 2, length, bounds);
}

/**
 * @param {number} from
 * @param {number} length
 * @param {Stretch} bounds
 * @returns {Stretch}
 */
function keepWithin(from, length, [least, most]) {
  const begin = Math.round(Math.min(Math.max(from, least), Math.max(most - length, least)));
  return [begin, Math.max(begin + 1, Math.min(Math.round(begin + length), most))];
}

/**
 * Where an axis from `from` to `to` has its marks: multiples of 1, 2 or 5 times a power of ten, at most
 * `most` of them.
 * @param {number} from
 * @param {number} to
 * @param {number} most
 */
export function niceSteps(from, to, most) {
  const rough = (to - from) / Math.max(most, 1);
  if (!(rough > 0)) return { step: 1, values: [from] };
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= rough * 0.999) ?? 10 * power;
  const first = Math.ceil(from / step - 1e-9) + 0; // never -0
  const values = [];
  for (let index = first; index * step <= to + step * 1e-9; index += 1) values.push(index * step);
  return { step, values };
}

/**
 * The marks of a time axis, with their labels in one unit that fits the window.
 * @param {Stretch} window in ticks
 * @param {number} hz ticks in a second; 0 if unknown
 * @param {number} most marks
 * @returns {{ ticks: number, label: string }[]}
 */
export function timeMarks([from, to], hz, most) {
  if (hz === 0) return niceSteps(from, to, most).values.map((ticks) => ({ ticks, label: count(Math.round(ticks)) }));
  const length = (to - from) / hz;
  const [seconds, name] = to / hz >= 600 && length >= 60 ? [60, 'min']
    : to / hz >= 1 ? [1, 's'] : to / hz >= 1e-3 ? [1e-3, 'ms'] : [1e-6, 'µs'];
  const { step, values } = niceSteps(from / hz / seconds, to / hz / seconds, most);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return values.map((value) => ({ ticks: value * seconds * hz, label: `${value.toFixed(decimals)} ${name}` }));
}
