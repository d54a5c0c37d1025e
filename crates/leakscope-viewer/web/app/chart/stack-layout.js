// Who holds how much, one above the other. Pure: nothing is drawn here.

/** @typedef {import('leakscope/data/types.js').Shares} Shares */

/**
 * The bands with what lies below each, in bytes by column; the last one is all others.
 * @param {Pick<Shares, 'width' | 'bands' | 'others'>} shares
 * @returns {{ below: number[], above: number[] }[]}
 */
export function stackBands({ width, bands, others }) {
  let below = Array(width).fill(0);
  return [...bands, others].map(({ last }) => {
    const above = below.map((bytes, column) => bytes + last[column]);
    const band = { below, above };
    below = above;
    return band;
  });
}

/** The column that a moment lies in; null: in none. @param {Shares} shares @param {number} ticks */
export function columnOf({ from, to, width }, ticks) {
  return ticks < from || ticks > to ? null : Math.min(Math.floor(((ticks - from) / (to - from)) * width), width - 1);
}
