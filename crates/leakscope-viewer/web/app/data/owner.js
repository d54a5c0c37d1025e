// Whose blocks are meant: a call site's, a task's or an interrupt's, a heap's; and how the address of the page names them.

/** @typedef {{ site: number, context: number, of_heap: string | null }} Owner one of the three; the others are -1 and null */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */

/** What a pin looks like: `4`, `task-2`, `heap-0x3ffb0000`. */
export const PIN = /^(\d{1,9}|task-\d{1,5}|heap-0x[0-9a-f]{1,16})$/;

/** @param {Partial<Owner>} owner */
export function pinOf({ site = -1, context = -1, of_heap: heap = null }) {
  if (site >= 0) return String(site);
  return context >= 0 ? `task-${context}` : `heap-${heap}`;
}

/** @param {string} pin @returns {Owner} */
export function ownerOf(pin) {
  const [kind, rest] = pin.split('-');
  if (kind === 'task') return { site: -1, context: Number(rest), of_heap: null };
  return kind === 'heap' ? { site: -1, context: -1, of_heap: rest } : { site: Number(kind), context: -1, of_heap: null };
}

/** What is asked for it. @param {Owner} owner @returns {Parameters} */
export function ownerParameters({ site, context, of_heap: heap }) {
  if (site >= 0) return { site };
  return context >= 0 ? { context } : { heap };
}

/** @param {Owner} a @param {Owner} b */
export function isSameOwner(a, b) {
  return a.site === b.site && a.context === b.context && a.of_heap === b.of_heap;
}
