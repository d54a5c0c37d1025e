// What an answer that was asked for a range is about, in words: the single file cannot always tell exactly, and the
// server counts a long range bit by bit.
import { percent } from 'leakscope/format/units.js';

/**
 * @param {import('leakscope/page/page.js').Page} page
 * @param {import('leakscope/data/types.js').Counted & { limited: boolean, from: number, to: number }} answer
 * @param {string} what the answer is about
 * @returns {string} empty if there is no range
 */
export function limitWords(page, { limited, from, to, complete = true, counted_to = to }, what = 'what was allocated') {
  const { range } = page.state;
  const [least, most] = page.bounds;
  if (range === null || (!limited && range[0] <= least && range[1] >= most)) return '';
  if (!limited) return 'of the whole trace: this file cannot limit it to a range';
  if (!complete) return `${what} in the range; ${percent(counted_to - from, to - from)} of it counted so far`;
  if (from === Math.max(range[0], least) && to === Math.min(range[1], most)) return `${what} in the range`;
  return `${what} from ${page.clock.stretch(from, to)}: the range, as finely as this file knows it`;
}
