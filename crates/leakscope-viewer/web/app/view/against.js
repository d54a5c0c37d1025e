// A flame graph against a recording made before a change: whose widths it has, and what is different.
import { addOther, tree } from 'leakscope/chart/icicle-layout.js';
import { Latest } from 'leakscope/data/latest.js';
import { shownName } from 'leakscope/format/names.js';
import { counted } from 'leakscope/format/units.js';
import { choice } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/chart/icicle-layout.js').Node} Node */
/** @typedef {import('leakscope/chart/icicle-layout.js').Options} Options */
/** @typedef {import('leakscope/data/types.js').Before} Before */
/** @typedef {import('leakscope/data/types.js').Sites} Sites */

const SIDES = /** @type {const} */ ([['', 'This recording alone'], ['after', 'Against before: wide as now'], ['before', 'Against before: wide as then']]);
/** What a recording before does not tell. */
const UNKNOWN = ['temporary', 'temporary_bytes'];

/** What call sites of these tasks stand below: of several, their shares of it are not told apart. @param {string[]} tasks */
export function tasksRoot(tasks) {
  return tasks.length > 1 ? `together: ${tasks.map(shownName).join(', ')}` : tasks.map(shownName)[0] ?? 'no task';
}

/**
 * @param {import('leakscope/page/page.js').Page} page
 * @param {() => void} learned the other recording is there
 */
export function against(page, learned) {
  /** @type {Before | null} */
  let before = null;
  const chooser = choice('Against a recording before', SIDES, (against) => page.go({ against }));
  chooser.hidden = true;
  const latest = new Latest(page.source, 'before', (answer) => {
    before = answer.inputs.length > 0 ? answer : null;
    chooser.hidden = before === null;
    chooser.title = answer.inputs.join(', ');
    learned();
  }, () => {});
  void latest.ask({});
  /** Compared with the other side. */
  const isOn = () => before !== null && page.state.against !== '' && !UNKNOWN.includes(page.state.weight);
  return {
    chooser,
    show() {
      chooser.value = page.state.against;
    },
    isOn,
    /**
     * The tree of both recordings, or of this one alone.
     * @param {Sites} sites
     * @param {Options} options
     * @param {((site: Sites['sites'][number]) => string) | null} rootOf
     */
    tree(sites, options, rootOf) {
      if (before === null || !isOn()) return tree(sites, options, rootOf);
      const rootBefore = rootOf === null ? null : (/** @type {Before['sites'][number]} */ { tasks }) => tasksRoot(tasks);
      if (page.state.against === 'after') {
        const root = tree(sites, options, rootOf);
        addOther(root, before, options, rootBefore);
        return root;
      }
      const root = tree(before, options, rootBefore);
      addOther(root, sites, options, rootOf);
      return root;
    },
    /** Why what it was and what it is are not of the same: sentences without full stops. */
    caveats() {
      if (before === null || !isOn()) return [];
      const now = page.overview.unrecorded;
      const blocks = (/** @type {string | null} */ told) => told === null ? 'all blocks are recorded' : `the device left out ${told}`;
      return [
        before.others.sites > 0 && `before, ${counted(before.others.sites, 'call site')} not listed: what functions have of these is not told`,
        page.state.range !== null && 'what is before is of the whole recording, not of a range',
        before.unrecorded !== now && `these are not the same blocks: before, ${blocks(before.unrecorded)}; now, ${blocks(now)}`,
      ].filter((words) => words !== false);
    },
    /** What it was and what it is. @param {Node} node @returns {[before: number, after: number]} */
    both: ({ value, other }) => page.state.against === 'after' ? [other, value] : [value, other],
    close: () => latest.stop(),
  };
}
