// Answers from the document in the single file, by the same routes as the server's.
import { find, page, select } from 'leakscope/data/event-filter.js';
import { cutTimeline } from 'leakscope/data/cut.js';
import { contextLives, limitSites, limitTasks, siteLives } from 'leakscope/data/lives.js';

/** @typedef {import('leakscope/data/types.js').Embedded} Embedded */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */
/** @typedef {import('leakscope/data/types.js').Source} Source */

/**
 * @param {Embedded} document
 * @returns {Source}
 */
export function embedded(document) {
  const { overview, sites, timeline, events, tasks, system, memory, heap } = document;
  const contexts = overview.contexts.map((context) => context.name);
  /** @type {Map<number, [number | null, number | null]>} */
  const halves = new Map();
  for (const pair of document.blocks) for (const index of pair) if (index !== null) halves.set(index, pair);

  const { lives } = document;
  // Made when a range is asked for first.
  const ofSites = once(() => lives.sites === null ? [] : siteLives(lives.sites));
  const ofContexts = once(() => lives.contexts === null ? [] : contextLives(lives.contexts));

  /** @type {Record<string, (parameters: Parameters) => unknown>} */
  const routes = {
    overview: () => overview,
    sites: (parameters) => {
      const range = rangeOf(parameters);
      return range === null || lives.sites === null ? sites : limitSites(sites, ofSites(), lives.sites.resolution, range);
    },
    tasks: (parameters) => {
      const range = rangeOf(parameters);
      return range === null || lives.contexts === null ? tasks : limitTasks(tasks, ofContexts(), lives.contexts.resolution, range, timeline);
    },
    system: () => system,
    memory: () => memory,
    heap: () => heap,
    frees: ({ site }) => {
      const known = document.frees[String(site)];
      if (known === undefined) throw new Error('This file knows who frees only of the first call sites.');
      return known;
    },
    downloads: () => [],
    timeline: (parameters) => cutTimeline(timeline, ...windowOf(parameters, timeline)),
    events: (parameters) => page(select(events.rows, parameters, contexts), parameters),
    find: (parameters) => find(select(events.rows, parameters, contexts), parameters),
    site: (parameters) => siteOf(document, Number(parameters.id)),
    block: (parameters) => blockOf(document, halves, Number(parameters.index)),
  };
  return {
    served: false,
    get: /** @type {Source['get']} */ (async (route, parameters = {}) => routes[route](parameters)),
    follow: (listener) => listener.news({
      state: 'complete', events: overview.totals.events, end: overview.clock.end,
      read_bytes: overview.reading.read_bytes, total_bytes: overview.reading.total_bytes, version: 0,
    }),
  };
}

/** @template T @param {() => T} make @returns {() => T} */
function once(make) {
  /** @type {T | undefined} */
  let made;
  return () => made ??= make();
}

/** @param {Parameters} parameters @returns {{ from: number, to: number } | null} null: the whole trace */
function rangeOf({ from, to }) {
  return from === undefined || to === undefined ? null : { from: Number(from), to: Number(to) };
}

/**
 * @param {Parameters} parameters
 * @param {{ from: number, to: number }} whole
 * @returns {[number, number, number]} from, to and width
 */
function windowOf(parameters, whole) {
  const from = Math.max(Number(parameters.from ?? whole.from), whole.from);
  const to = Math.min(Number(parameters.to ?? whole.to), whole.to);
  return [from, Math.max(to, from + 1), Number(parameters.width ?? 1000)];
}

/**
 * @param {Embedded} document
 * @param {number} id
 */
function siteOf(document, id) {
  const site = document.sites.sites.find((site) => site.site === id);
  if (site === undefined) throw new Error('this call site is not in the file');
  const rest = document.site[id];
  const { from, to } = document.sites;
  const nothing = { curve: { from, to, times: [], max: [], last: [] }, sizes: [], lifetimes: [], blocks: [], failures: [] };
  return { site, frames: document.sites.frames, ...(rest ?? nothing) };
}

/**
 * @param {Embedded} document
 * @param {Map<number, [number | null, number | null]>} halves
 * @param {number} index
 * @returns {import('leakscope/data/types.js').BlockLife}
 */
function blockOf(document, halves, index) {
  const pair = halves.get(index);
  if (pair === undefined) throw new Error('the other half of this event is not in the file');
  const rows = pair.map((half) => document.events.rows.find((row) => row.index === half) ?? null);
  const [allocation, free] = rows;
  const known = allocation ?? free;
  if (known === null) throw new Error('this block is not in the file');
  return {
    allocation, free, address: known.address ?? '', size: allocation?.size ?? known.size ?? 0, site: known.site,
    lifetime: allocation && free ? free.time - allocation.time : null,
  };
}
