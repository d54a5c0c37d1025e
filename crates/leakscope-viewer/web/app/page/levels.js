// How much lives at a moment. A column of a curve tells between what and what; for the cursor, and where the pointer rests,
// the moment itself is asked about.
import { isExact, levelAt } from 'leakscope/chart/read-out.js';
import { Moments } from 'leakscope/page/moments.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Heap} Heap */

/** @extends {Moments<'timeline' | 'track'>} */
export class Levels extends Moments {
  /**
   * The level at a moment, as exactly as it is known.
   * @param {number} ticks
   * @param {Heap | null} columns
   * @param {boolean} [hasLeast] the columns know their lowest
   */
  at(ticks, columns, hasLeast = true) {
    const [known] = this.answers.flatMap((answer) => {
      const level = answer === null ? null : levelAt(answer.heap, ticks);
      return level !== null && isExact(level) ? [level] : [];
    });
    return known ?? (columns === null ? null : levelAt(columns, ticks, hasLeast));
  }
}
