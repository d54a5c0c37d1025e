// What the parts of memory look like: blocks by what became of them, by their call site's verdict, or by their call
// site; and what is no block.
import { fillOf } from 'leakscope/chart/palette.js';

/** @typedef {import('leakscope/data/types.js').Memory} Memory */
/** @typedef {import('leakscope/data/types.js').Standing} Standing */

/** From the worst to the best, as the report counts them. */
export const KINDS = /** @type {const} */ (['definite', 'indirect', 'possible', 'reachable']);

/** What parts are that are no block, by their numbers below zero. */
export const OTHERS = /** @type {const} */ ([
  ['static', 'Variables and other memory'], ['stack', 'Stacks, in use'],
  ['unknown', 'Heap of unknown use'], ['unused', 'Free, or not looked at'],
]);

export const COLOURINGS = /** @type {const} */ ([['kind', 'By who holds them'], ['verdict', 'By verdict'], ['site', 'By call site']]);

/**
 * The colour of each part.
 * @param {Memory} memory
 * @param {string} colouring
 * @returns {(part: number) => string}
 */
export function partColours({ blocks, sites }, colouring) {
  const known = new Map(sites.map((site) => [site.site, site]));
  return (part) => {
    if (part < 0) return OTHERS[-1 - part][0];
    const site = known.get(blocks.sites[part]);
    if (colouring === 'site') return site === undefined || site.site < 0 ? 'unknown' : fillOf(`${site.title} ${site.site}`);
    if (colouring === 'verdict') return standingColour(site?.standing ?? null);
    return KINDS[blocks.kinds[part]];
  };
}

/** @param {Standing | null} standing */
export function standingColour(standing) {
  if (standing === 'leak') return 'definite';
  if (standing === 'unknown') return 'possible';
  return standing === 'fine' ? 'reachable' : 'unknown';
}

/** What the colours of blocks mean; of call sites there are too many. @param {string} colouring @returns {[string, string][]} */
export function legend(colouring) {
  if (colouring === 'site') return [];
  if (colouring === 'verdict') return [['definite', 'Leak'], ['possible', 'Not known'], ['reachable', 'Fine'], ['unknown', 'Known already, or from before']];
  return KINDS.map((kind) => [kind, { definite: 'Definite: nothing points at it', indirect: 'Indirect: only lost blocks do', possible: 'Possible: into its middle', reachable: 'Reachable' }[kind]]);
}
