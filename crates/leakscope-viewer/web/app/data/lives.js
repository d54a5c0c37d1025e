// What a range holds, counted from the lives of all blocks, for the single file: what was allocated in it, and
// what of that is still live at its end.
import { cutStretches } from 'leakscope/data/cut.js';

/** @typedef {import('leakscope/data/types.js').Lives} Columns */
/** @typedef {import('leakscope/data/types.js').Sites} Sites */
/** @typedef {import('leakscope/data/types.js').Tasks} Tasks */
/** @typedef {import('leakscope/data/types.js').Timeline} Timeline */

/**
 * Blocks that were allocated in one stretch by the same, and freed in one by the same.
 * @typedef {object} Life
 * @property {number} born stretch
 * @property {number} died stretch; Infinity if they live
 * @property {number} site
 * @property {number} allocatedBy context
 * @property {number} freedBy context; -1 if nobody is known to have freed them
 * @property {boolean} temporary
 * @property {number} blocks
 * @property {number} bytes
 */

/** @param {Columns} columns @returns {Life[]} */
export function livesOf(columns) {
  let born = 0;
  return columns.born.map((later, at) => {
    born += later;
    const lived = columns.lived[at];
    return {
      born, died: lived < 0 ? Infinity : born + lived, site: columns.sites[at],
      allocatedBy: columns.allocated_by[at], freedBy: columns.freed_by[at], temporary: columns.temporary[at] === 1,
      blocks: columns.blocks[at], bytes: columns.bytes[at],
    };
  });
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
 * @param {Life[]} lives
 * @param {number} resolution
 * @param {{ from: number, to: number }} range
 * @returns {Sites}
 */
export function limitSites(whole, lives, resolution, range) {
  const [first, after] = stretchesOf(resolution, range.from, range.to);
  const inside = lives.filter(({ born }) => born >= first && born < after);
  const known = new Set(whole.sites.map(({ site }) => site));
  const others = { sites: new Set(), outstanding_bytes: 0, allocated_bytes: 0 };
  const peaks = peaksOf(inside, after);
  /** @type {Map<number, ReturnType<typeof nothing>>} */
  const sums = new Map();
  for (const life of inside) {
    const lives = life.died >= after;
    if (!known.has(life.site)) {
      others.sites.add(life.site);
      others.allocated_bytes += life.bytes;
      if (lives) others.outstanding_bytes += life.bytes;
      continue;
    }
    const sum = sums.get(life.site) ?? nothing(peaks, life, resolution);
    sums.set(life.site, sum);
    sum.allocations += life.blocks;
    sum.allocated_bytes += life.bytes;
    if (lives) {
      sum.outstanding_blocks += life.blocks;
      sum.outstanding_bytes += life.bytes;
    } else if (life.freedBy >= 0) {
      sum.frees += life.blocks;
      if (life.temporary) {
        sum.temporary += life.blocks;
        sum.temporary_bytes += life.bytes;
      }
    }
    sum.last = Math.min((life.born + 1) * resolution, whole.to) - 1;
    if (!sum.contexts.includes(life.allocatedBy)) sum.contexts.push(life.allocatedBy);
  }
  const sites = whole.sites.flatMap((site) => {
    const sum = sums.get(site.site);
    return sum === undefined ? [] : [{ ...site, ...sum }];
  }).sort((a, b) => b.outstanding_bytes - a.outstanding_bytes);
  return {
    ...whole, ...ticksOf(resolution, range, whole.to), limited: true, total: sites.length + others.sites.size, sites,
    others: { ...others, sites: others.sites.size },
  };
}

/**
 * @param {Tasks} whole
 * @param {Life[]} lives
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
    const isBorn = born >= first && born < after;
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
    if (isBorn && isFreed) {
      const pair = pairs.get(`${allocatedBy} ${freedBy}`) ?? { allocated_by: allocatedBy, freed_by: freedBy, blocks: 0, bytes: 0 };
      pairs.set(`${allocatedBy} ${freedBy}`, pair);
      pair.blocks += blocks;
      pair.bytes += bytes;
    }
  }
  const ran = timeline.lanes.map(({ core, context, run }) => ({ core, context, ticks: ticksIn(run, from, to) }));
  const tasks = whole.tasks.map((task) => {
    const sum = sums.get(task.context) ?? nothing();
    const run = ran.filter(({ context, ticks }) => context === task.context && ticks > 0)
      .map(({ core, ticks }) => ({ core, ticks, share: ticks / (to - from), switches: null }));
    return { ...task, ...sum, run, net_bytes: sum.allocated_bytes - sum.freed_bytes, peak_bytes: null };
  });
  const unknown = new Set(whole.tasks.filter(({ kind }) => kind === 'unknown').map(({ context }) => context));
  return {
    from, to, limited: true, tasks,
    matrix: [...pairs.values()].sort((a, b) => a.allocated_by - b.allocated_by || a.freed_by - b.freed_by),
    unknown_ticks: ran.filter(({ context, ticks }) => unknown.has(context) && ticks > 0).map(({ core, ticks }) => ({ core, ticks })),
  };
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
 * @param {Life[]} inside lives that began in the range
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

/** A call site before anything is counted. @param {ReturnType<typeof peaksOf>} peaks @param {Life} first @param {number} resolution */
function nothing(peaks, { site, born }, resolution) {
  return {
    outstanding_bytes: 0, outstanding_blocks: 0, allocations: 0, allocated_bytes: 0, frees: 0, temporary: 0, temporary_bytes: 0,
    peak_bytes: peaks.most.get(site) ?? 0, bytes_at_peak: peaks.atMost.get(site) ?? 0, first: born * resolution, last: born * resolution,
    contexts: /** @type {number[]} */ ([]),
  };
}
