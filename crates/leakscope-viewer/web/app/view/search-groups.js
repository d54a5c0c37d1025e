// What the search over everything finds without asking for events: moments and events by their numbers, tasks, call sites and
// functions.
import { shortened, shownName } from 'leakscope/format/names.js';
import { readPlace } from 'leakscope/format/place.js';
import { count, counted } from 'leakscope/format/units.js';
import { frameWhere } from 'leakscope/page/stack.js';
import { verdictWords } from 'leakscope/page/verdict.js';
import { LISTED } from 'leakscope/view/search.js';
import { isFound } from 'leakscope/view/sites.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Sites} Sites */
/** @typedef {import('leakscope/view/search.js').Group} Group */
/** @typedef {import('leakscope/view/search.js').Hit} Hit */

/** The address that a text names; null: none. @param {string} text */
export function addressIn(text) {
  return /^0x[0-9a-f]{1,16}$/i.test(text) ? text.toLowerCase() : null;
}

/** An event's number, a time, a part of the whole. @param {Page} page @param {string} text @returns {Group} */
export function places(page, text) {
  const place = page.overview.dump === null ? readPlace(text, { hz: page.clock.hz, end: page.overview.clock.end }) : null;
  /** @type {Hit[]} */
  const hits = [];
  if (place !== null && 'index' in place && place.index <= page.overview.totals.events) hits.push({ label: `Event ${count(place.index)}`, go: () => page.go({ view: 'events', event: place.index }) });
  if (place !== null && 'time' in place) {
    const { time } = place;
    const moment = page.clock.exact(time);
    hits.push({ label: `${moment} in the timeline`, go: () => page.go({ view: 'timeline', cursor: time }) },
      { label: `${moment} in the list of events`, go: () => page.go({ view: 'events', event: null, cursor: time }) });
  }
  return { title: 'Go to', hits };
}

/** @param {Page} page @param {string} text @returns {Group} */
export function tasksFound(page, text) {
  const contexts = page.overview.contexts.map(({ name, kind }, context) => ({ name, kind, context }));
  const found = contexts.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  return listed('Tasks and interrupts', found.map(({ name, kind, context }) => ({
    label: shownName(name), detail: `${kind}: its events`, go: () => page.go({ view: 'events', contexts: [context], kinds: [] }),
  })));
}

/** @param {Page} page @param {Sites} sites @param {string} text @returns {Group} */
export function sitesFound(page, { sites, frames }, text) {
  const found = sites.filter((site) => isFound(site, frames, text, page));
  return listed('Call sites', found.map(({ site, title, verdict }) => ({ label: shortened(title, 160), detail: verdictWords(verdict), go: () => page.go({ view: 'sites', site }) })));
}

/** Functions, with who calls them and whom they call. @param {Page} page @param {Sites} sites @param {string} text @returns {Group} */
export function functions(page, { frames }, text) {
  /** @type {Map<string, string>} by name: where the first of them is */
  const found = new Map();
  for (const frame of frames) {
    const name = frame.function;
    if (name !== null && !found.has(name) && name.toLowerCase().includes(text.toLowerCase())) found.set(name, frameWhere(frame));
  }
  return listed('Functions', [...found].map(([name, where]) => ({
    label: shortened(name, 160), detail: where, go: () => page.go({ view: 'flame', around: name, zoom: '', weight: 'allocated_bytes' }),
  })));
}

/** @param {string} title @param {Hit[]} hits @returns {Group} */
function listed(title, hits) {
  return { title, hits: hits.slice(0, LISTED), more: hits.length > LISTED ? `the first ${LISTED} of ${counted(hits.length, 'hit')}` : '' };
}
