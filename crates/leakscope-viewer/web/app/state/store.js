// Holds what is shown, tells who wants to know, and keeps the address's fragment and the browser's
// history in step: a change of view, selection or filter can be undone with Back, a movement of the
// timeline's window or of the cursor only changes the address.
import { read, write } from 'leakscope/state/fragment.js';

/** @typedef {import('leakscope/state/fragment.js').State} State */
/** @typedef {(state: State, before: State) => void} Listener */
/** The browser's part: reading and writing the fragment.
 *  @typedef {{ fragment(): string, push(fragment: string): void, replace(fragment: string): void,
 *   later(action: () => void): void }} Address */

/** Changes of these alone make no new entry in the history. */
const PASSING = ['window', 'cursor', 'text', 'search', 'log', 'colouring', 'shade', 'theme'];

export class Store {
  /** @param {Address} address */
  constructor(address) {
    this.address = address;
    this.state = read(address.fragment());
    /** @type {Listener[]} */
    this.listeners = [];
    this.pending = false;
  }

  /** @param {Listener} listener is told of each change */
  subscribe(listener) {
    this.listeners.push(listener);
  }

  /** @param {Partial<State>} changes */
  change(changes) {
    const before = this.state;
    const changed = Object.entries(changes).filter(([name, value]) =>
      JSON.stringify(before[/** @type {keyof State} */ (name)]) !== JSON.stringify(value));
    if (changed.length === 0) return;
    this.state = { ...before, ...changes };
    if (changed.every(([name]) => PASSING.includes(name))) {
      this.replaceLater();
    } else {
      // What passed before this change belongs to the entry that Back returns to.
      if (this.pending) this.address.replace(write(before));
      this.pending = false;
      this.address.push(write(this.state));
    }
    for (const listener of this.listeners) listener(this.state, before);
  }

  /** The browser went to another entry of its history, or somebody typed an address. */
  moved() {
    const before = this.state;
    this.pending = false;
    const state = read(this.address.fragment());
    // A theme chosen since then stays.
    this.state = state.theme === 'system' ? { ...state, theme: before.theme } : state;
    if (this.state !== state) this.replaceLater();
    for (const listener of this.listeners) listener(this.state, before);
  }

  /** Browsers allow only so many changes of the address in a second. */
  replaceLater() {
    if (this.pending) return;
    this.pending = true;
    this.address.later(() => {
      if (this.pending) this.address.replace(write(this.state));
      this.pending = false;
    });
  }
}

/** @returns {Address} of this window */
export function browserAddress() {
  return {
    fragment: () => location.hash,
    push: (fragment) => history.pushState(null, '', fragment),
    replace: (fragment) => history.replaceState(null, '', fragment),
    later: (action) => void setTimeout(action, 300),
  };
}
