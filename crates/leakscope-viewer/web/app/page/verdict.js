// Verdicts in words, with a sign and a colour each: the words of the text report.
import { element } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/data/types.js').Verdict} Verdict */

/** @type {Record<Verdict, [words: string, sign: string, look: string]>} */
const LOOKS = {
  'leak-steady': ['Leak, steady', '▲', 'leak'],
  'leak-growing': ['Leak, growing', '▲', 'leak'],
  'leak-survivors': ['Leak, survivors', '▲', 'leak'],
  'leak-per-cycle': ['Leak, per cycle', '▲', 'leak'],
  uncertain: ['Uncertain', '?', 'doubt'],
  unclassified: ['Unclassified', '?', 'doubt'],
  'late-release': ['Late release', '◆', 'other'],
  'in-flight': ['In flight', '●', 'other'],
  bounded: ['Bounded', '●', 'fine'],
  once: ['Once at start-up', '●', 'fine'],
  'all-freed': ['All freed', '●', 'fine'],
};

/** @param {Verdict} verdict */
export function verdictWords(verdict) {
  return LOOKS[verdict]?.[0] ?? verdict;
}

/** From the worst to the best, for sorting. @param {Verdict} verdict */
export function verdictOrder(verdict) {
  return Object.keys(LOOKS).indexOf(verdict);
}

/** @param {Verdict} verdict */
export function verdictMark(verdict) {
  const [words, sign, look] = LOOKS[verdict] ?? [verdict, '●', 'other'];
  return element('span', { class: `verdict ${look}` }, element('span', { 'aria-hidden': 'true' }, sign), words);
}
