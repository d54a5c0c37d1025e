// Answers from the document in the single file, by the same routes as the server's.
import { find, page, select } from 'leakscope/data/event-filter.js';
import { cutShares, cutTimeline } from 'leakscope/data/cut.js';
import { isSameOwner, ownerOf } from 'leakscope/data/owner.js';
import { heapOfCurve, trackOfMarks } from 'leakscope/data/track.js';
import { contextLives, limitSites, limitTasks, livingAt, siteLives } from 'leakscope/data/lives.js';

/** @typedef {import('leakscope/data/types.js').Embedded} Embedded */
/** @typedef {import('leakscope/data/types.js').Halves} Halves */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */
/** @typedef {import('leakscope/data/types.js').Source} Source */

/**
 * @param {Embedded} document
 * @returns {Source}
 */
export function embedded(document) {
  const { overview, sites, timeline, events, tasks, system, memory, heap } = document;
  const contexts = overview.contexts.map((context) => context.name);
  const held = { rows: events.rows, events: events.total, logGap: document.log_gap };
  /** @type {Map<number, Halves>} */
  const halves = new Map();
  for (const known of document.blocks) for (const index of known.slice(0, 2)) if (typeof index === 'number') halves.set(index, known);

  const { lives } = document;
  // Made when a range is asked for first.
  const ofSites = once(() => lives.sites === null ? [] : siteLives(lives.sites));
  const ofContexts = once(() => lives.contexts === null ? [] : contextLives(lives.contexts));

  /** What lives at the end of a window of one tick, if the lives are known to the tick. @param {number} from @param {number} to */
  const livingIn = (from, to) => to - from > 1 || lives.sites?.resolution !== 1 ? null : livingAt(ofSites(), from, ({ site }) => site);
  const livingBy = (/** @type {Parameters} */ { by }, /** @type {number} */ from, /** @type {number} */ to) => {
    if (by === 'site') return livingIn(from, to);
    if (by !== 'context' || to - from > 1 || lives.contexts?.resolution !== 1) return null;
    return livingAt(ofContexts(), from, ({ allocatedBy }) => allocatedBy);
  };

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
    contexts: () => document.contexts,
    frees: ({ site }) => {
      const known = document.frees[String(site)];
      if (known === undefined) throw new Error('This file knows who frees only of the first call sites.');
      return known;
    },
    downloads: () => [],
    timeline: (parameters) => {
      const window = windowOf(parameters, timeline);
      const living = livingIn(window[0], window[1]);
      const cut = cutTimeline(timeline, ...window);
      return living === null ? cut : { ...cut, heap: heapOfMoment(window[0], [...living.values()]) };
    },
    track: (parameters) => trackOf(document, parameters, ...windowOf(parameters, timeline)),
    shares: (parameters) => {
      const window = windowOf(parameters, timeline);
      const living = livingBy(parameters, window[0], window[1]);
      return living === null ? cutShares(document.shares[['site', 'context', 'heap'].indexOf(String(parameters.by))], ...window)
        : sharesOfMoment(window[0], String(parameters.by), living);
    },
    before: () => document.before,
    events: (parameters) => page(select(held, parameters, contexts), parameters),
    find: (parameters) => find(select(held, parameters, contexts), parameters),
    site: (parameters) => siteOf(document, Number(parameters.id)),
    block: (parameters) => blockOf(document, halves, Number(parameters.index)),
  };
  return {
    served: false,
    held: events.rows.length < events.total ? { listed: events.rows.length, of: events.total } : null,
    get: /** @type {Source['get']} */ (async (route, parameters = {}) => routes[route](parameters)),
    follow: (listener) => listener.news({
      state: 'complete', events: overview.totals.events, end: overview.clock.end,
      read_bytes: overview.reading.read_bytes, total_bytes: overview.reading.total_bytes, version: 0,
    }),
  };
}

/** @param {number} from @param {{ blocks: number, bytes: number }[]} living @returns {import('leakscope/data/types.js').Heap} */
function heapOfMoment(from, living) {
  const [bytes, blocks] = [living.reduce((sum, { bytes }) => sum + bytes, 0), living.reduce((sum, { blocks }) => sum + blocks, 0)];
  return { from, to: from + 1, width: 1, min: [bytes], max: [bytes], last: [bytes], blocks: [blocks], allocations: [0], frees: [0], allocated_bytes: [0], failed: [0] };
}

/**
 * @param {number} from
 * @param {string} by
 * @param {Map<number, { bytes: number }>} living
 * @returns {import('leakscope/data/types.js').Shares}
 */
function sharesOfMoment(from, by, living) {
  const bands = [...living].map(([owner, { bytes }]) => ({ ...ownerOf(by === 'site' ? String(owner) : `task-${owner}`), title: '', last: [bytes] }));
  return { from, to: from + 1, width: 1, exact: true, bands, others: { owners: 0, last: [0] } };
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
 * @returns {import('leakscope/data/types.js').SiteDetail}
 */
function siteOf(document, id) {
  const site = document.sites.sites.find((site) => site.site === id);
  if (site === undefined) throw new Error('this call site is not in the file');
  return { site, frames: document.sites.frames, ...(document.site[id] ?? { curve: null }) };
}

/**
 * @param {Embedded} document
 * @param {Parameters} parameters
 * @param {number} from
 * @param {number} to
 * @param {number} width
 */
function trackOf(document, { site, context, heap }, from, to, width) {
  if (site !== undefined) return trackOfSite(document, Number(site), from, to, width);
  const owner = { site: -1, context: Number(context ?? -1), of_heap: heap === undefined ? null : String(heap) };
  const known = document.owners.find((other) => isSameOwner(other, owner));
  if (known === undefined) throw new Error('None of its blocks is in this file.');
  return inSums(owner, known.curve, from, to);
}

/**
 * @param {Embedded} document
 * @param {number} site
 * @param {number} from
 * @param {number} to
 * @param {number} width
 */
function trackOfSite(document, site, from, to, width) {
  const { events, blocks } = document;
  const owner = ownerOf(String(site));
  const { curve } = siteOf(document, site);
  const own = blocks.filter(([allocation, free]) => events.rows[allocation ?? free ?? 0]?.site === site);
  const areAll = events.rows.length === events.total;
  if (!areAll) {
    if (curve === null) throw new Error('This file has curves only of the first call sites.');
    return inSums(owner, curve, from, to);
  }
  const failures = events.rows.flatMap(({ index, time, size, context, core, flag, site: of }) =>
    flag !== 'failed' || of !== site ? [] : [{ index, time, kind: /** @type {const} */ ('failed'), size: size ?? 0, since: null, site, context, core }]);
  const changes = own.flatMap(([allocation, free, , gone = null]) => {
    if (allocation === null) return [];
    const block = events.rows[allocation];
    const mark = (/** @type {number | null} */ index, /** @type {'allocation' | 'free' | 'gone'} */ kind) => {
      if (index === null) return [];
      const { time, context, core } = events.rows[index];
      return [{ index, time, kind, size: block.size ?? 0, since: kind === 'free' ? block.time : null, site, context, core }];
    };
    return [...mark(allocation, 'allocation'), ...mark(free, 'free'), ...mark(gone, 'gone')];
  });
  return trackOfMarks(owner, [...changes, ...failures].sort((a, b) => a.index - b.index), from, to, width);
}

/**
 * @param {import('leakscope/data/owner.js').Owner} owner
 * @param {import('leakscope/data/types.js').Curve} curve
 * @param {number} from
 * @param {number} to
 */
function inSums(owner, curve, from, to) {
  return { ...owner, exact: false, heap: heapOfCurve(curve, from, to), marks: null };
}

/**
 * @param {Embedded} document
 * @param {Map<number, Halves>} halves
 * @param {number} index
 * @returns {import('leakscope/data/types.js').BlockLife}
 */
function blockOf(document, halves, index) {
  const first = document.again.find(([again]) => again === index)?.[1];
  const kept = document.kept.find(([event]) => event === index)?.[1];
  const pair = halves.get(first ?? kept ?? index);
  if (pair === undefined) throw new Error('this event has no other half');
  const rowOf = (/** @type {number | null} */ index) => document.events.rows.find((row) => row.index === index) ?? null;
  const [allocation, free] = [rowOf(pair[0]), rowOf(pair[1])];
  const known = allocation ?? free;
  if (known === null) throw new Error('this block is not in the file');
  return {
    allocation, free, again: first === undefined ? null : rowOf(index), address: known.address ?? '', size: allocation?.size ?? known.size, site: known.site,
    lifetime: allocation && free ? free.time - allocation.time : null, missing: pair[2] ?? null,
  };
}
