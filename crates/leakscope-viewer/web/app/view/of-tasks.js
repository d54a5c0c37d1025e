// Call sites whose blocks belong to several tasks, split among these.

/** @typedef {import('leakscope/data/types.js').Sites} Sites */

/** What is told of each task by itself; of all else, only what they have together. */
const TOLD = ['outstanding_bytes', 'outstanding_blocks', 'leaked_bytes', 'leaked_blocks', 'allocated_bytes', 'allocations', 'temporary_bytes', 'temporary'];

/**
 * One row for each task of a call site, if that is told.
 * @param {Sites} sites
 * @param {string} weight
 * @returns {Sites}
 */
export function splitAmongTasks(sites, weight) {
  if (!TOLD.includes(weight)) return sites;
  return {
    ...sites,
    sites: sites.sites.flatMap((site) => site.by_context.length === 0 ? [site]
      : site.by_context.map((own) => ({ ...site, ...own, contexts: [own.context], by_context: [] }))),
  };
}
