// What every view is given: where answers come from, what is shown, and the words for both.
import { shownName } from 'leakscope/format/names.js';
import { Clock } from 'leakscope/format/units.js';
import { Levels } from 'leakscope/page/levels.js';

/** @typedef {import('leakscope/data/types.js').Source} Source */
/** @typedef {import('leakscope/data/types.js').Overview} Overview */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */
/** @typedef {import('leakscope/state/store.js').Store} Store */
/** @typedef {import('leakscope/state/fragment.js').State} State */
/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */

/**
 * A view: made when it is gone to, told of every change of the state and of the data.
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {(state: State) => void} show
 * @property {() => void} [close]
 * @property {HTMLElement} [search] the field that `/` goes to
 * @property {HTMLElement} [first] what has the keyboard when the view opens
 * @property {(event: KeyboardEvent) => boolean} [key] true: the key was meant for the view
 */

export class Page {
  /**
   * @param {Source} source
   * @param {Store} store
   * @param {Overview} overview
   */
  constructor(source, store, overview) {
    this.source = source;
    this.store = store;
    /** Is another number when answers may have changed. */
    this.version = 0;
    /** A moment that the pointer is at; not in the address. @type {number | null} */
    this.hovered = null;
    /** @type {((text: string) => void)} reads a sentence aloud */
    this.say = () => {};
    /** They draw anew what is said of the pointer's moment and of the cursor's. @type {((ticks: number | null) => void)[]} */
    this.hoverListeners = [];
    this.overview = overview;
    this.clock = new Clock(overview.clock.hz, overview.clock.end);
    /** How much lives at the cursor and at the pointer. */
    this.levels = new Levels(this, 'timeline', () => ({}), () => this.#tellListeners());
  }

  /** @param {Overview} overview */
  learn(overview) {
    this.overview = overview;
    this.clock = new Clock(overview.clock.hz, overview.clock.end);
  }

  /** @returns {State} */
  get state() {
    return this.store.state;
  }

  /** All of the trace. @returns {Stretch} */
  get bounds() {
    return [0, Math.max(this.overview.clock.end, 1)];
  }

  /** @param {Partial<State>} changes */
  go(changes) {
    this.store.change(changes);
  }

  /** What a context is called, as it is shown. @param {number} context */
  contextName(context) {
    const known = this.overview.contexts[context];
    return known === undefined ? '–' : shownName(known.name);
  }

  /** Where the axes of bytes begin: null at 0, else at the level after the start-up of a trace with this end. */
  get axisEnd() {
    return this.state.close ? this.overview.clock.end : null;
  }

  /** The window that a view is limited to, for a question. @returns {Parameters} */
  get limits() {
    const { range } = this.state;
    return range === null ? {} : { from: range[0], to: range[1] };
  }

  /** The pointer is at a moment. @param {number | null} ticks */
  hover(ticks) {
    if (this.hovered === ticks) return;
    this.hovered = ticks;
    if (this.hasLevels) this.levels.pointer(ticks);
    this.#tellListeners();
  }

  #tellListeners() {
    for (const listener of this.hoverListeners) listener(this.hovered);
  }

  /** Something is known of the heap, and of when. */
  get hasLevels() {
    return this.overview.dump === null && this.overview.totals.heap_events > 0;
  }

  /**
   * Selects an event where it is.
   * @param {{ index: number, time: number }} event
   * @param {Partial<State>} [more]
   */
  select(event, more = {}) {
    this.go({ event: event.index, cursor: event.time, ...more });
  }
}
