// What a list of events is of, in words: the single file holds some of a long trace's events only, and the server may
// still be searching.
import { count, counted, percent } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Events} Events */

/**
 * How many rows a list has: "6,123 of 10,000,000 events", "12 lines so far, 34 % searched".
 * @param {Page} page
 * @param {Events} answer
 * @param {{ noun: string, all: number | null }} list `all`: how many the trace has of what is listed; null: not known
 */
export function listedWords(page, { total, listed = total, complete, searched_to }, { noun, all }) {
  const { held } = page.source;
  if (!complete) return `${counted(listed, noun)} so far, ${percent(searched_to, page.overview.totals.events)} searched`;
  if (held === null) return counted(listed, noun);
  if (all !== null) return `${count(listed)} of ${counted(all, noun)}`;
  return `${counted(listed, noun)} found in the ${count(held.listed)} of ${count(held.of)} events that this file holds`;
}

/** Why a list may be empty, or lacks something. @param {Page} page @returns {string} empty if nothing is missing */
export function missingWords(page) {
  const { held } = page.source;
  if (held === null) return '';
  return `${counted(held.of - held.listed, 'event')} of the trace are not in this file, and were not searched.`;
}

/** A row in place of events that the file does not hold. @param {number} missing @param {boolean} areLogs */
export function gapWords(missing, areLogs) {
  return `${counted(missing, areLogs ? 'log line' : 'event')} ${missing === 1 ? 'is' : 'are'} not in this file`;
}
