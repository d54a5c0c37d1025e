// Of how much time it is known what ran: not of gaps, nor of what passed while the recording was stopped.

/** @typedef {import('leakscope/page/page.js').Page} Page */

/** @param {Page} page @param {number} context */
export function isUnknown(page, context) {
  return page.overview.contexts[context]?.kind === 'unknown';
}

/**
 * The ticks of each core of which it is known what ran.
 * @param {Page} page
 * @param {{ core: number, context: number, ran: number }[]} lanes
 */
export function knownTime(page, lanes) {
  /** @type {Map<number, number>} */
  const known = new Map();
  for (const { core, context, ran } of lanes) {
    if (!isUnknown(page, context)) known.set(core, (known.get(core) ?? 0) + ran);
  }
  return (/** @type {number} */ core) => Math.max(known.get(core) ?? 0, 1);
}
