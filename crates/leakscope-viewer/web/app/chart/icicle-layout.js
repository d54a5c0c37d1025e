// Puts call stacks together to a tree, and places the tree as an icicle. Pure: nothing is drawn here.
import { counted } from 'leakscope/format/units.js';
import { frameWhere } from 'leakscope/page/stack.js';

/** @typedef {import('leakscope/data/types.js').Sites} Sites */
/** @typedef {import('leakscope/data/types.js').Site} Site */
/** @typedef {import('leakscope/data/types.js').Frame} Frame */
/** @typedef {import('leakscope/data/types.js').Others} Others */

/**
 * A function that was called from those above it.
 * @typedef {object} Node
 * @property {string} key its name among its siblings
 * @property {Frame | null} frame null: the root, call sites that have no row, or call sites without a call stack
 * @property {string} label
 * @property {number} value of all call sites below
 * @property {number} other what these have on the other side, if two recordings are compared
 * @property {Node[]} children the largest first
 * @property {Node | null} parent
 * @property {Set<number>} sites below
 * @property {Set<string>} places the lines of the function that are together in it
 * @property {'leak' | 'unknown' | 'fine'} worst of the standings of the call sites below; one that is known or suppressed counts as fine
 */
/** `rest`: what of the node no function below it has a box for, in words; x and width are shares of the whole.
 *  @typedef {{ node: Node, x: number, width: number, depth: number, rest?: string }} Box */

export const WEIGHTS = /** @type {const} */ ([
  ['outstanding_bytes', 'Outstanding, bytes'], ['outstanding_blocks', 'Outstanding, blocks'],
  ['leaked_bytes', 'Leaked, bytes'], ['leaked_blocks', 'Leaked, blocks'], ['growth_bytes_per_second', 'Leaks, bytes per second'],
  ['bytes_at_peak', 'At the peak, bytes'],
  ['allocated_bytes', 'Allocated, bytes'], ['allocations', 'Allocated, blocks'],
  ['temporary_bytes', 'Temporary, bytes'], ['temporary', 'Temporary, blocks'],
]);

/** Call sites that have no row. */
export const UNLISTED = '(not listed)';

/** What a tree needs of a call site. @typedef {Pick<Site, 'stack' | 'allocator' | 'standing'> & Partial<Site>} Counted */
/** @typedef {{ weight: string, inverted: boolean, allocator: boolean, lines?: boolean, around?: string }} Options
 *  `lines`: a cell for each line of a function; `around`: from the outermost call of this function on or, inverted, from the innermost */

/** What a call site counts for. @param {Counted} site @param {string} weight */
function valueOf(site, weight) {
  const isLeak = site.standing === 'leak';
  switch (weight) {
    case 'leaked_bytes': return isLeak ? site.outstanding_bytes ?? 0 : 0;
    case 'leaked_blocks': return isLeak ? site.outstanding_blocks ?? 0 : 0;
    case 'growth_bytes_per_second': return isLeak ? site.growth_bytes_per_second ?? 0 : 0;
    default: return Number(site[/** @type {keyof Site} */ (weight)] ?? 0);
  }
}

/**
 * @template {Counted} S
 * @param {{ sites: S[], frames: Frame[], others?: Others }} sites
 * @param {Options} options
 * @param {((site: S) => string) | null} [rootOf] what call sites stand below, such as their tasks
 * @returns {Node} the root
 */
export function tree(sites, options, rootOf = null) {
  const root = node('', null, 'all', null);
  for (const at of unlisted(root, sites.others, options)) {
    at.value += unlistedValue(sites.others, options);
    at.worst = (sites.others?.leaked_blocks ?? 0) > 0 ? 'leak' : 'unknown';
  }
  walk(root, sites, options, rootOf, (at, site, value, where) => {
    if (where !== '') at.places.add(where);
    add(at, site, value);
  });
  order(root);
  return root;
}

/**
 * Adds what another recording says. Functions that only that one has come to stand in the tree without a value.
 * @template {Counted} S
 * @param {Node} root
 * @param {{ sites: S[], frames: Frame[], others?: Others }} others
 * @param {Options} options
 * @param {((site: S) => string) | null} rootOf
 */
export function addOther(root, others, options, rootOf) {
  for (const at of unlisted(root, others.others, options)) at.other += unlistedValue(others.others, options);
  walk(root, others, options, rootOf, (at, _, value) => { at.other += value; });
}

/** The largest difference of a node and all below. @param {Node} node @returns {number} */
export function largestDifference({ value, other, children }) {
  return children.reduce((most, child) => Math.max(most, largestDifference(child)), Math.abs(value - other));
}

/**
 * Goes down the tree by each call site's stack, and makes the nodes that are not there.
 * @template {Counted} S
 * @param {Node} root
 * @param {{ sites: S[], frames: Frame[] }} sites
 * @param {Options} options
 * @param {((site: S) => string) | null} rootOf
 * @param {(at: Node, site: S, value: number, where: string) => void} visit
 */
function walk(root, { sites, frames }, { weight, inverted, allocator, lines = false, around = '' }, rootOf, visit) {
  for (const site of sites) {
    const value = valueOf(site, weight);
    if (value <= 0) continue;
    const stack = allocator ? [...site.allocator, ...site.stack] : site.stack;
    const whole = inverted ? stack : stack.toReversed();
    const begin = around === '' ? 0 : whole.findIndex((index) => frames[index]?.function === around);
    if (begin < 0) continue;
    const path = whole.slice(begin);
    let at = root;
    visit(at, site, value, '');
    if (rootOf !== null) {
      const name = rootOf(site);
      at = below(at, name, null, name);
      visit(at, site, value, '');
    }
    for (const index of path.length > 0 ? path : [-1]) {
      at = child(at, frames[index] ?? null, lines);
      visit(at, site, value, at.frame === null ? '' : frameWhere(frames[index]));
    }
  }
}

/**
 * What call sites without a row count for. Nobody knows how much of that a function has.
 * @param {Others | undefined} others
 * @param {Options} options
 */
function unlistedValue(others, { weight, around = '' }) {
  return around !== '' ? 0 : others?.[/** @type {keyof Others} */ (weight)] ?? 0;
}

/**
 * The root, and the node below it of call sites without a row, if they count for something.
 * @param {Node} root
 * @param {Others | undefined} others
 * @param {Options} options
 */
function unlisted(root, others, options) {
  return unlistedValue(others, options) === 0 ? [] : [root, below(root, UNLISTED, null, 'call sites that are not listed')];
}

/** @param {Node} parent @param {Frame | null} frame @param {boolean} lines */
function child(parent, frame, lines) {
  const line = lines && frame?.line != null ? `:${frame.line}` : '';
  const key = frame === null ? '?' : `${frame.function ?? frame.address}${line}`;
  return below(parent, key, frame, frame === null ? 'no call stack' : key);
}

/** @param {Node} parent @param {string} key @param {Frame | null} frame @param {string} label */
function below(parent, key, frame, label) {
  let found = parent.children.find((node) => node.key === key);
  if (found === undefined) {
    found = node(key, frame, label, parent);
    parent.children.push(found);
  }
  return found;
}

/**
 * @param {string} key @param {Frame | null} frame @param {string} label @param {Node | null} parent
 * @returns {Node}
 */
function node(key, frame, label, parent) {
  return { key, frame, label, value: 0, other: 0, children: [], parent, sites: new Set(), places: new Set(), worst: 'fine' };
}

/** @param {Node} node @param {Counted} site @param {number} value */
function add(node, site, value) {
  node.value += value;
  if (site.site !== undefined) node.sites.add(site.site);
  if (site.standing === 'leak') node.worst = 'leak';
  else if (site.standing === 'unknown' && node.worst === 'fine') node.worst = 'unknown';
}

/** @param {Node} node */
function order(node) {
  node.children.sort((a, b) => b.value - a.value || (a.key < b.key ? -1 : 1));
  node.children.forEach(order);
}

/**
 * Boxes from the root of the picture down. Where `zoomed` is, it takes all the width, and so do those
 * that lead to it.
 * @param {Node} zoomed
 * @param {number} least share of the width that is worth a box
 * @returns {Box[]}
 */
export function place(zoomed, least) {
  /** @type {Box[]} */
  const boxes = [];
  const above = ancestors(zoomed);
  above.forEach((node, depth) => boxes.push({ node, x: 0, width: 1, depth }));
  const descend = (/** @type {Node} */ node, /** @type {number} */ x, /** @type {number} */ width, /** @type {number} */ depth) => {
    boxes.push({ node, x, width, depth });
    let left = x;
    let narrow = 0;
    for (const next of node.children) {
      const share = (next.value / node.value) * width;
      if (share < least) {
        narrow += 1;
        continue;
      }
      descend(next, left, share, depth + 1);
      left += share;
    }
    // Below a node with children nothing stays empty without a word: the narrowest of them, and what the function itself
    // allocates.
    const [own, rest] = [ownValue(node), x + width - left];
    if (node.children.length === 0 || rest <= Math.max(least, 1e-9)) return;
    const words = [own > 0 && 'itself', narrow > 0 && `${counted(narrow, 'function')} too narrow to show`].filter(Boolean).join(', ');
    boxes.push({ node, x: left, width: rest, depth: depth + 1, rest: words });
  };
  if (zoomed.value > 0) descend(zoomed, 0, 1, above.length);
  return boxes;
}

/** What is in none of the functions below. @param {Node} node */
function ownValue(node) {
  return node.value - node.children.reduce((sum, child) => sum + child.value, 0);
}

/**
 * What a cell stands for, where it is more than one line, or more than one call site whose stacks end in it.
 * @param {Node} node
 * @returns {string} empty if it is one
 */
export function mergedWords(node) {
  if (node.places.size > 1) return counted(node.places.size, 'line');
  return node.children.length === 0 && node.sites.size > 1 ? counted(node.sites.size, 'call site') : '';
}

/**
 * From the root to the node's parent.
 * @param {Node} node
 */
export function ancestors(node) {
  const above = [];
  for (let at = node.parent; at !== null; at = at.parent) above.unshift(at);
  return above;
}

/**
 * The node that was at this place in another tree, or the nearest above it.
 * @param {Node} root
 * @param {string[]} keys
 */
export function follow(root, keys) {
  let at = root;
  for (const key of keys) {
    const next = at.children.find((node) => node.key === key);
    if (next === undefined) break;
    at = next;
  }
  return at;
}

/**
 * @param {Node} node
 * @param {string} search
 */
export function matches(node, search) {
  if (search === '' || node.key === UNLISTED) return false;
  const text = `${node.label} ${node.frame?.file ?? ''}`.toLowerCase();
  return search.toLowerCase().split(',').some((word) => word.trim() !== '' && text.includes(word.trim()));
}

/**
 * How much of the tree lies under nodes that match, none counted twice.
 * @param {Node} node
 * @param {string} search
 * @returns {number}
 */
export function matchedValue(node, search) {
  return matches(node, search) ? node.value : node.children.reduce((sum, child) => sum + matchedValue(child, search), 0);
}
