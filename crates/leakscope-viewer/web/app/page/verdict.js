// Verdicts in words, those of the text report; and standings, with a sign and a colour each.
import { element } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/data/types.js').Verdict} Verdict */
/** @typedef {import('leakscope/data/types.js').Standing} Standing */

/** From the worst to the best. @type {Record<Verdict, string>} */
const WORDS = {
  'leak-steady': 'Leak, steady',
  'leak-growing': 'Leak, growing',
  'leak-survivors': 'Leak, survivors',
  'leak-per-cycle': 'Leak, per cycle',
  lost: 'Lost',
  uncertain: 'Uncertain',
  unclassified: 'Unclassified',
  'late-release': 'Late release',
  'in-flight': 'In flight',
  bounded: 'Bounded',
  once: 'Once at start-up',
  'all-freed': 'All freed',
};

/** @param {Verdict} verdict */
export function verdictWords(verdict) {
  return WORDS[verdict] ?? verdict;
}

/** From the worst to the best, for sorting. @param {Verdict} verdict */
export function verdictOrder(verdict) {
  return Object.keys(WORDS).indexOf(verdict);
}

/** @param {{ verdict: Verdict, standing: Standing }} site */
export function verdictMark({ verdict, standing }) {
  const [sign, look] = lookOf(verdict, standing);
  return element('span', { class: `verdict ${look}` }, element('span', { 'aria-hidden': 'true' }, sign), verdictWords(verdict));
}

/** @param {Verdict} verdict @param {Standing} standing @returns {[sign: string, look: string]} */
function lookOf(verdict, standing) {
  if (standing === 'leak') return ['▲', 'leak'];
  if (standing === 'unknown') return ['?', 'doubt'];
  if (standing !== 'fine' || verdict === 'late-release') return ['◆', 'other'];
  return ['●', verdict === 'in-flight' ? 'other' : 'fine'];
}
