// Where things are in the heap's map over time: regions one below the other, addresses downward, time to the right. Pure:
// nothing is drawn here.

/** @typedef {import('leakscope/data/types.js').HeapOverTime} HeapOverTime */
/** @typedef {HeapOverTime['regions'][number]} Region */
/** Rows of a column that look alike. @typedef {{ from: number, to: number, site: number, percent: number, oldest: number }} Run */
/** A region in the picture, below its heading. @typedef {{ region: Region, columns: number[][], top: number, height: number }} Placed */

export const HEADING = 18;
const LEAST_HEIGHT = 12;

/**
 * Regions of a picture, as high as their rows ask for.
 * @param {HeapOverTime} heap
 * @param {number} height of the picture
 * @returns {Placed[]}
 */
export function placeRegions({ regions }, height) {
  const room = Math.max(height - HEADING * regions.length, 0);
  const all = regions.reduce((sum, { rows }) => sum + rows, 0);
  const wanted = regions.map(({ rows }) => Math.max((room * rows) / Math.max(all, 1), LEAST_HEIGHT));
  // What the small ones get more, all give.
  const scale = room / Math.max(wanted.reduce((sum, height) => sum + height, 0), 1);
  let top = 0;
  return regions.map((region, place) => {
    top += HEADING;
    const placed = { region, columns: filled(region.columns), top, height: wanted[place] * scale };
    top += placed.height;
    return placed;
  });
}

/** Columns that are as the one before them are that one. @param {Region['columns']} columns */
export function filled(columns) {
  /** @type {number[]} */
  let last = [];
  return columns.map((column) => last = column ?? last);
}

/** @param {number[]} column @returns {Run[]} */
export function runsOf(column) {
  const runs = [];
  let from = 0;
  for (let at = 0; at < column.length; at += 4) {
    const [rows, site, percent, oldest] = column.slice(at, at + 4);
    runs.push({ from, to: from + rows, site, percent, oldest });
    from += rows;
  }
  return runs;
}

/** The column of a moment. @param {HeapOverTime} heap @param {number} ticks */
export function columnAt({ from, column_ticks: width, regions }, ticks) {
  const last = (regions[0]?.free.length ?? 1) - 1;
  return Math.min(Math.max(Math.floor((ticks - from) / width), 0), last);
}

/** The first address of a row. @param {Region} region @param {number} row */
export function addressOf({ start, bytes, rows }, row) {
  return BigInt(start) + (BigInt(bytes) * BigInt(row)) / BigInt(Math.max(rows, 1));
}

/**
 * The region and the row at a place in the picture.
 * @param {Placed[]} placed
 * @param {number} y
 */
export function rowAt(placed, y) {
  const place = placed.findIndex(({ top, height }) => y >= top && y < top + height);
  if (place < 0) return null;
  const { region, top, height } = placed[place];
  return { place, row: Math.min(Math.floor(((y - top) / height) * region.rows), region.rows - 1) };
}
