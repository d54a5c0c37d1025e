// What is asked about single moments: the cursor's at once, the pointer's when it rests.
import { Latest } from 'leakscope/data/latest.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Routes} Routes */

/** Milliseconds without a movement after which the pointer rests. */
const REST = 60;

/** @template {'timeline' | 'track' | 'shares'} R */
export class Moments {
  /**
   * @param {Page} page
   * @param {R} route
   * @param {() => import('leakscope/data/types.js').Parameters} question all of it but the moment
   * @param {() => void} changed there is another answer
   */
  constructor(page, route, question, changed) {
    this.page = page;
    this.question = question;
    /** @type {(Routes[R] | null)[]} of the cursor, and of the pointer */
    this.answers = [null, null];
    this.latest = [0, 1].map((place) => new Latest(page.source, route, (answer) => {
      if (/** @type {{ complete?: boolean }} */ (answer).complete === false) return;
      this.answers[place] = answer;
      changed();
    }, () => {}));
    this.timer = 0;
  }

  /** @param {number | null} ticks */
  cursor(ticks) {
    this.#ask(0, ticks);
  }

  /** @param {number | null} ticks */
  pointer(ticks) {
    clearTimeout(this.timer);
    if (ticks !== null) this.timer = window.setTimeout(() => this.#ask(1, ticks), REST);
  }

  /** @param {0 | 1} place @param {number | null} ticks */
  #ask(place, ticks) {
    if (ticks === null) return;
    void this.latest[place].ask({ ...this.question(), ...momentOf(this.page, ticks), width: 1 }, this.page.version);
  }

  close() {
    clearTimeout(this.timer);
    for (const latest of this.latest) latest.stop();
  }
}

/** A window of one tick, within the trace. @param {Page} page @param {number} ticks */
export function momentOf(page, ticks) {
  const from = Math.min(Math.max(Math.round(ticks), 0), page.bounds[1] - 1);
  return { from, to: from + 1 };
}
