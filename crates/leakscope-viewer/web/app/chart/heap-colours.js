// What blocks look like in the heap's map: by call site, by age, or by verdict.
import { standingColour } from 'leakscope/chart/memory-colours.js';
import { FILLS } from 'leakscope/chart/palette.js';

/** A call site, and its place among all. @typedef {import('leakscope/data/types.js').Site & { rank: number }} Ranked */

export const SHADES = /** @type {const} */ ([['site', 'By call site'], ['age', 'By age'], ['verdict', 'By verdict']]);

/** The parts of the trace's length from which on a block looks older. */
const AGES = [0, 0.01, 0.1, 0.5];

/**
 * @param {string} shade
 * @param {(site: number) => Ranked | undefined} siteOf
 * @param {number} length of the trace, in ticks
 * @returns {(site: number, age: number) => string}
 */
export function blockColours(shade, siteOf, length) {
  if (shade === 'age') return (_, age) => `age-${AGES.findLastIndex((share) => age >= share * length)}`;
  if (shade === 'verdict') {
    return (site) => {
      const colour = standingColour(siteOf(site)?.standing ?? null);
      // In this map, that is memory of which nothing is known.
      return colour === 'unknown' ? 'static' : colour;
    };
  }
  // Those that matter most have different ones.
  return (site) => `fill-${(siteOf(site)?.rank ?? site) % FILLS}`;
}

/**
 * @param {string} shade
 * @param {number} length of the trace, in ticks
 * @param {(ticks: number) => string} duration
 * @returns {[colour: string, words: string][]}
 */
export function shadeLegend(shade, length, duration) {
  if (shade === 'age') {
    return AGES.map((share, age) => [`age-${age}`, age === 0 ? `Blocks younger than ${duration(AGES[1] * length)}` : `from ${duration(share * length)} on`]);
  }
  return shade === 'verdict' ? [['definite', 'Leak'], ['possible', 'Not known'], ['reachable', 'Fine'], ['static', 'Known already']] : [];
}
