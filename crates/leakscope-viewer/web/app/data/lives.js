// What a range holds, counted from the lives of all blocks, for the single file: what was allocated in it, and
// what of that is still live at its end.
import { cutStretches } from 'leakscope/data/cut.js';

/** @typedef {import('leakscope/data/types.js').LifeColumns} LifeColumns */
/** @typedef {import('leakscope/data/types.js').Lives} Lives */
/** @typedef {import('leakscope/data/types.js').Sites} Sites */
/** @typedef {import('leakscope/data/types.js').Tasks} Tasks */
/** @typedef {import('leakscope/data/types.js').Timeline} Timeline */

/** Blocks that were allocated in one stretch and ended in one. `died` is Infinity if they live.
 *  @typedef {{ born: number, died: number, blocks: number, bytes: number }} Life */
/** @typedef {Life & { site: number, isFreed: boolean, isTemporary: boolean }} SiteLife */
/** `freedBy` is -1 if nobody is known to have freed them, `allocatedBy` if they are freed, and no more is known of them.
 *  @typedef {Life & { allocatedBy: number, freedBy: number }} ContextLife */

/**
 * @template {object} K
 * @param {LifeColumns} columns
 * @param {(at: number) => K} rest
 * @returns {(Life & K)[]}
 */
function livesOf({ born, lived, blocks, bytes }, rest) {
  let stretch = 0;
  return born.map((later, at) => {
    stretch += later;
    return { born: stretch, died: lived[at] < 0 ? Infinity : stretch + lived[at], blocks: blocks[at], bytes: bytes[at], ...rest(at) };
  });
}

/** @param {NonNullable<Lives['sites']>} columns @returns {SiteLife[]} */
export function siteLives(columns) {
  const { sites, ends } = columns;
  return livesOf(columns, (at) => ({ site: sites[at], isFreed: ends[at] === 1 || ends[at] === 2, isTemporary: ends[at] === 2 }));
}

/** @param {NonNullable<Lives['contexts']>} columns @returns {ContextLife[]} */
export function contextLives(columns) {
  const { allocated_by, freed_by } = columns;
  return livesOf(columns, (at) => ({ allocatedBy: allocated_by[at], freedBy: freed_by[at] }));
}

/**
 * A range as the lives can tell it: whole stretches, one at least.
 * @param {number} resolution
 * @param {number} from
 * @param {number} to
 * @returns {[number, number]} the first stretch, and the first one behind
 */
function stretchesOf(resolution, from, to) {
  const first = Math.round(from / resolution);
  return [first, Math.max(Math.round(to / resolution), first + 1)];
}

/**
 * The range in ticks that `limitSites` and `limitTasks` answer about.
 * @param {number} resolution
 * @param {{ from: number, to: number }} range
 * @param {number} end of the trace
 */
function ticksOf(resolution, { from, to }, end) {
  const [first, after] = stretchesOf(resolution, from, to);
  return { from: Math.min(first * resolution, end - 1), to: Math.min(after * resolution, end) };
}

/**
 * @param {Sites} whole
 * @param {SiteLife[]} lives
 * @param {number} resolution
 * @param {{ from: number, to: number }} range
 * @returns {Sites}
 */
export function limitSites(whole, lives, resolution, range) {
  const [first, after] = stretchesOf(resolution, range.from, range.to);
  const inside = lives.filter(({ born }) => born >= first && born < after);
  const known = new Set(whole.sites.map(({ site }) => site));
  const peaks = peaksOf(inside, after);
  /** @type {Map<number, ReturnType<typeof nothing>>} */
  const sums = new Map();
  for (const life of inside) {
    const lives = life.died >= after;
    const sum = sums.get(life.site) ?? nothing(peaks, life, resolution);
    sums.set(life.site, sum);
    sum.allocations += life.blocks;
    sum.allocated_bytes += life.bytes;
    if (lives) {
      sum.outstanding_blocks += life.blocks;
      sum.outstanding_bytes += life.bytes;
    } else if (life.isFreed) {
      sum.frees += life.blocks;
      if (life.isTemporary) {
        sum.temporary += life.blocks;
        sum.temporary_bytes += life.bytes;
      }
    }
    sum.last = Math.min((life.born + 1) * resolution, whole.to) - 1;
  }
  const sites = whole.sites.flatMap((site) => {
    const sum = sums.get(site.site);
    return sum === undefined ? [] : [{ ...site, ...sum, by_context: [] }];
  }).sort((a, b) => b.outstanding_bytes - a.outstanding_bytes);
  const others = [...sums].flatMap(([site, sum]) => known.has(site) ? [] : [sum]);
  return {
    ...whole, ...ticksOf(resolution, range, whole.to), limited: true, total: sums.size, sites, others: othersOf(others, whole.others),
  };
}

/**
 * What is in no row of a range.
 * @param {ReturnType<typeof nothing>[]} sums of each call site without one
 * @param {import('leakscope/data/types.js').Others} whole of the whole trace: which of them leak, is only known if none does
 * @returns {import('leakscope/data/types.js').Others}
 */
function othersOf(sums, whole) {
  const total = (/** @type {Exclude<keyof ReturnType<typeof nothing>, 'first' | 'last'>} */ name) => sums.reduce((sum, one) => sum + one[name], 0);
  const ofLeaks = whole.leaked_blocks === 0 ? 0 : null;
  return {
    sites: sums.length, outstanding_sites: sums.filter(({ outstanding_blocks: blocks }) => blocks > 0).length,
    outstanding_bytes: total('outstanding_bytes'), outstanding_blocks: total('outstanding_blocks'), bytes_at_peak: total('bytes_at_peak'),
    allocated_bytes: total('allocated_bytes'), allocations: total('allocations'), temporary_bytes: total('temporary_bytes'), temporary: total('temporary'),
    leaked_bytes: ofLeaks, leaked_blocks: ofLeaks, growth_bytes_per_second: ofLeaks,
  };
}

/**
 * @param {Tasks} whole
 * @param {ContextLife[]} lives
 * @param {number} resolution
 * @param {{ from: number, to: number }} range
 * @param {Timeline} timeline of the whole trace
 * @returns {Tasks}
 */
export function limitTasks(whole, lives, resolution, range, timeline) {
  const [first, after] = stretchesOf(resolution, range.from, range.to);
  const { from, to } = ticksOf(resolution, range, whole.to);
  const nothing = () => ({ allocations: 0, allocated_bytes: 0, frees: 0, freed_bytes: 0, outstanding_bytes: 0 });
  /** @type {Map<number, ReturnType<typeof nothing>>} */
  const sums = new Map();
  const of = (/** @type {number} */ context) => {
    const sum = sums.get(context) ?? nothing();
    sums.set(context, sum);
    return sum;
  };
  /** @type {Map<string, Tasks['matrix'][number]>} */
  const pairs = new Map();
  for (const { born, died, allocatedBy, freedBy, blocks, bytes } of lives) {
    const isBorn = allocatedBy >= 0 && born >= first && born < after;
    const isFreed = freedBy >= 0 && died >= first && died < after;
    if (isBorn) {
      const sum = of(allocatedBy);
      sum.allocations += blocks;
      sum.allocated_bytes += bytes;
      if (died >= after) sum.outstanding_bytes += bytes;
    }
    if (isFreed) {
      const sum = of(freedBy);
      sum.frees += blocks;
      sum.freed_bytes += bytes;
    }
    if (isFreed && allocatedBy >= 0) {
      const pair = pairs.get(`${allocatedBy} ${freedBy}`) ?? { allocated_by: allocatedBy, freed_by: freedBy, blocks: 0, bytes: 0 };
      pairs.set(`${allocatedBy} ${freedBy}`, pair);
      pair.blocks += blocks;
      pair.bytes += bytes;
    }
  }
  const unknown = new Set(whole.tasks.filter(({ kind }) => kind === 'unknown').map(({ context }) => context));
  const ran = timeline.lanes.map(({ core, context, run }) => ({ core, context, ticks: ticksIn(run, from, to) }));
  const known = (/** @type {number} */ core) => ran.reduce((sum, lane) => sum + (lane.core === core && !unknown.has(lane.context) ? lane.ticks : 0), 0);
  const tasks = whole.tasks.map((task) => {
    const sum = sums.get(task.context) ?? nothing();
    const run = ran.filter(({ context, ticks }) => context === task.context && ticks > 0)
      .map(({ core, ticks }) => ({ core, ticks, share: unknown.has(task.context) ? null : ticks / known(core), switches: null }));
    return { ...task, ...sum, run, net_bytes: sum.allocated_bytes - sum.freed_bytes, peak_bytes: null };
  });
  return {
    from, to, limited: true, tasks,
    matrix: [...pairs.values()].sort((a, b) => a.allocated_by - b.allocated_by || a.freed_by - b.freed_by),
    unknown_ticks: ran.filter(({ context, ticks }) => unknown.has(context) && ticks > 0).map(({ core, ticks }) => ({ core, ticks })),
  };
}

/**
 * What lives at the end of a tick: blocks and bytes, by whoever `owner` names.
 * @template {Life} L
 * @param {L[]} lives of a resolution of one tick
 * @param {number} tick
 * @param {(life: L) => number} owner
 * @returns {Map<number, { blocks: number, bytes: number }>}
 */
export function livingAt(lives, tick, owner) {
  /** @type {Map<number, { blocks: number, bytes: number }>} */
  const living = new Map();
  for (const life of lives) {
    if (life.born > tick || life.died <= tick) continue;
    const sum = living.get(owner(life)) ?? { blocks: 0, bytes: 0 };
    living.set(owner(life), { blocks: sum.blocks + life.blocks, bytes: sum.bytes + life.bytes });
  }
  return living;
}

/** @param {number[]} triples @param {number} from @param {number} to */
function ticksIn(triples, from, to) {
  const cut = cutStretches(triples, from, to);
  let ticks = 0;
  for (let at = 0; at < cut.length; at += 3) ticks += (cut[at + 1] - cut[at]) * cut[at + 2];
  return Math.round(ticks);
}

/**
 * The most of each call site that lived at once, and what of it lived when all that the range allocated was most:
 * by the levels at the ends of stretches.
 * @param {SiteLife[]} inside lives that began in the range
 * @param {number} after the first stretch behind it
 */
function peaksOf(inside, after) {
  const changes = inside.flatMap(({ born, died, site, bytes }) => died === born ? [] : [
    { at: born, site, bytes }, ...(died < after ? [{ at: died, site, bytes: -bytes }] : []),
  ]).sort((a, b) => a.at - b.at);
  /** @type {Map<number, number>} by call site */
  const levels = new Map();
  /** @type {Map<number, number>} */
  const most = new Map();
  let [level, highest, highestAt] = [0, 0, -1];
  let begin = 0;
  changes.forEach(({ at, site, bytes }, place) => {
    level += bytes;
    levels.set(site, (levels.get(site) ?? 0) + bytes);
    // All of a stretch counts before its end's level is looked at.
    if (changes[place + 1]?.at === at) return;
    for (const { site } of changes.slice(begin, place + 1)) most.set(site, Math.max(most.get(site) ?? 0, levels.get(site) ?? 0));
    begin = place + 1;
    if (level > highest) [highest, highestAt] = [level, at];
  });
  /** @type {Map<number, number>} */
  const atMost = new Map();
  for (const { born, died, site, bytes } of inside) {
    if (born <= highestAt && died > highestAt) atMost.set(site, (atMost.get(site) ?? 0) + bytes);
  }
  return { most, atMost };
}

/** A call site before anything is counted. @param {ReturnType<typeof peaksOf>} peaks @param {SiteLife} first @param {number} resolution */
function nothing(peaks, { site, born }, resolution) {
  return {
    outstanding_bytes: 0, outstanding_blocks: 0, allocations: 0, allocated_bytes: 0, frees: 0, temporary: 0, temporary_bytes: 0,
    peak_bytes: peaks.most.get(site) ?? 0, bytes_at_peak: peaks.atMost.get(site) ?? 0, first: born * resolution, last: born * resolution,
  };
}
