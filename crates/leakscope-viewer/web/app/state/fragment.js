// What is shown, and how it is written in the address's fragment: `#events?range=100-900&kinds=api`.
// What has its usual value is left out.

import { PIN } from 'leakscope/data/owner.js';

/** @typedef {'overview' | 'sites' | 'flame' | 'timeline' | 'events' | 'terminal' | 'tasks' | 'system' | 'memory'} ViewName */
/** A stretch of time, from and to, in ticks.
 *  @typedef {[number, number]} Stretch */

/**
 * @typedef {object} State
 * @property {ViewName} view
 * @property {Stretch | null} range what all views are limited to
 * @property {Stretch | null} window what the timeline shows; null: everything
 * @property {number | null} cursor a moment, in ticks
 * @property {number | null} event the selected event's index
 * @property {number | null} site the selected call site
 * @property {string[]} kinds of events that are listed; none: all
 * @property {number[]} contexts whose events are listed; none: all
 * @property {number | null} core whose events are listed
 * @property {number | null} at the call site whose events are listed
 * @property {string | null} address whose events are listed
 * @property {string} text that listed events contain
 * @property {string} search for call sites and functions
 * @property {string} sort column of the call sites, with `-` for the largest first
 * @property {string} weight of the flame graph
 * @property {string} zoom the function that takes all of the flame graph's width, and those above it
 * @property {boolean} inverted flame graph: the allocating functions at the root
 * @property {boolean} upward flame graph: flames rather than icicles
 * @property {boolean} lines flame graph: a cell for each line rather than for each function
 * @property {'' | 'task'} by flame graph: what is at the root
 * @property {boolean} verdicts flame graph: in colours of verdicts
 * @property {boolean} allocator flame graph, stacks: with the allocator's own frames
 * @property {string} log text that log lines contain
 * @property {string[]} levels of log lines; none: all
 * @property {number[]} loggers the contexts whose log lines are listed; none: all
 * @property {boolean} mixed log lines with heap events between
 * @property {string} colouring of the blocks in the map of memory
 * @property {'' | 'heap' | 'image'} map that the view of memory shows; none: the heap's, if it is there
 * @property {'site' | 'age' | 'verdict'} shade of the blocks in the heap's map
 * @property {boolean} close curves: the axis of bytes begins at the level after start-up, not at 0
 * @property {boolean} alive timeline: with what lives at the cursor, and in the range
 * @property {string[]} pins call sites, tasks and heaps that the timeline has a track of
 * @property {'' | 'site' | 'context' | 'heap'} stacked timeline: what live bytes are told apart by
 * @property {string} around flame graph: the function whose callers and callees are shown
 * @property {'' | 'after' | 'before'} against flame graph: what is different from the recording before, in the widths of this side
 * @property {'system' | 'dark' | 'light'} theme
 */

/** @type {readonly ViewName[]} */
export const VIEWS = ['overview', 'sites', 'flame', 'timeline', 'events', 'terminal', 'tasks', 'system', 'memory'];

/** @type {Readonly<State>} */
export const USUAL = Object.freeze({
  view: 'overview', range: null, window: null, cursor: null, event: null, site: null,
  kinds: [], contexts: [], pins: [], core: null, at: null, address: null, text: '',
  search: '', sort: '', weight: 'outstanding_bytes', zoom: '', inverted: false, upward: false, lines: false, by: '', around: '', against: '', verdicts: false, allocator: false,
  log: '', levels: [], loggers: [], mixed: false, colouring: 'kind', map: '', shade: 'site', close: false, alive: false, stacked: '', theme: 'system',
});

/** @type {(keyof State)[]} */
const STRETCHES = ['range', 'window'];
/** @type {(keyof State)[]} */
const NUMBERS = ['cursor', 'event', 'site', 'core', 'at'];
/** @type {(keyof State)[]} */
const WORDS = ['kinds', 'levels', 'pins'];
/** @type {(keyof State)[]} */
const NUMBER_LISTS = ['contexts', 'loggers'];
/** @type {(keyof State)[]} */
const FLAGS = ['inverted', 'upward', 'lines', 'verdicts', 'allocator', 'mixed', 'close', 'alive'];
/** @type {(keyof State)[]} */
const TEXTS = ['address', 'text', 'search', 'sort', 'weight', 'zoom', 'log', 'colouring', 'map', 'shade', 'by', 'stacked', 'around', 'against', 'theme'];

/** What only these values make sense of. @type {Record<string, string[]>} */
const CHOICES = { theme: ['dark', 'light'], stacked: ['site', 'context', 'heap'], against: ['after', 'before'] };

/**
 * @param {State} state
 * @returns {string} with the `#`
 */
export function write(state) {
  const query = new URLSearchParams();
  const put = (/** @type {keyof State} */ name, /** @type {string} */ text) => {
    if (JSON.stringify(state[name]) !== JSON.stringify(USUAL[name])) query.set(name, text);
  };
  for (const name of STRETCHES) put(name, /** @type {Stretch | null} */ (state[name])?.join('-') ?? '');
  for (const name of [...NUMBERS, ...TEXTS]) put(name, String(state[name] ?? ''));
  for (const name of [...WORDS, ...NUMBER_LISTS]) put(name, /** @type {unknown[]} */ (state[name]).join(','));
  for (const name of FLAGS) put(name, '1');
  const text = query.toString().replaceAll('%2C', ',');
  return text === '' ? `#${state.view}` : `#${state.view}?${text}`;
}

/**
 * Reads what `write` wrote. What is not understood is as usual: the address is typed by anybody.
 * @param {string} fragment
 * @returns {State}
 */
export function read(fragment) {
  const [view, rest = ''] = fragment.replace(/^#/, '').split(/\?(.*)/s);
  const query = new URLSearchParams(rest);
  /** @type {Record<string, unknown>} */
  const state = { ...USUAL, view: VIEWS.find((known) => known === view) ?? USUAL.view };
  for (const [name, text] of query) {
    const key = /** @type {keyof State} */ (name);
    if (STRETCHES.includes(key)) state[name] = stretch(text);
    else if (NUMBERS.includes(key)) state[name] = whole(text);
    else if (WORDS.includes(key)) state[name] = text.split(',').filter((word) => word !== '');
    else if (NUMBER_LISTS.includes(key)) state[name] = text.split(',').map(whole).filter((number) => number !== null);
    else if (FLAGS.includes(key)) state[name] = text === '1';
    else if (TEXTS.includes(key)) state[name] = text;
  }
  for (const [name, values] of Object.entries(CHOICES)) if (!values.includes(String(state[name]))) state[name] = USUAL[/** @type {keyof State} */ (name)];
  if (state.address === '') state.address = null;
  state.pins = /** @type {string[]} */ (state.pins).filter((pin) => PIN.test(pin));
  return /** @type {State} */ (/** @type {unknown} */ (state));
}

/** @param {string} text */
function whole(text) {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/**
 * @param {string} text
 * @returns {Stretch | null}
 */
function stretch(text) {
  const [from, to] = text.split('-').map(whole);
  return from !== null && to !== null && from < to ? [from, to] : null;
}
