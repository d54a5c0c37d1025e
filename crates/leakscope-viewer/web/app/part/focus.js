// The keyboard stays where it was when what has it is made anew: a heading by which a table was sorted, a row that was
// opened.
import { fill } from 'leakscope/part/element.js';

/**
 * Replaces what is in an element; what has the same key as what had the keyboard has it then.
 * @param {HTMLElement} place
 * @param {import('leakscope/part/element.js').Content[]} contents
 */
export function refill(place, ...contents) {
  const before = document.activeElement;
  const key = before instanceof HTMLElement && place.contains(before) ? before.dataset.key : undefined;
  fill(place, ...contents);
  if (key !== undefined) focusOn(place, key);
}

/** @param {HTMLElement} place @param {string} key of what is to have the keyboard */
export function focusOn(place, key) {
  const next = [...place.querySelectorAll('[data-key]')].find((element) => element instanceof HTMLElement && element.dataset.key === key);
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}
