// Where addresses are in a map of memory: rows of equal length, one below the other, the stretches of an image each
// with a heading. Pure: nothing is drawn here.

/** @typedef {import('leakscope/data/types.js').Memory} Memory */
/**
 * A stretch of addresses, with where each of its parts begins.
 * @typedef {{ address: bigint, bytes: number, starts: number[], parts: number[] }} Region
 */
/** A region's rows, below the row of its heading. `lead`: bytes of its first row before it begins.
 *  @typedef {{ region: Region, top: number, rows: number, lead: number }} Placed */
/** @typedef {{ rowBytes: number, rows: number, placed: Placed[] }} AddressLayout */
/** Bytes of a region: from and to, by their offset. @typedef {{ region: Region, from: number, to: number }} Stretch */

export const LEAST_ROW_BYTES = 32;

/** @param {Memory['regions']} regions @returns {Region[]} */
export function regionsOf(regions) {
  return regions.map(({ address, lengths, parts }) => {
    let bytes = 0;
    const starts = lengths.map((length) => {
      const start = bytes;
      bytes += length;
      return start;
    });
    return { address: BigInt(address), bytes, starts, parts };
  });
}

/**
 * @param {Region[]} regions
 * @param {number} rowBytes a power of two: rows begin at its multiples
 * @returns {AddressLayout}
 */
export function layOut(regions, rowBytes) {
  let rows = 0;
  const placed = regions.map((region) => {
    const lead = Number(region.address % BigInt(rowBytes));
    const place = { region, top: rows + 1, rows: Math.ceil((lead + region.bytes) / rowBytes), lead };
    rows = place.top + place.rows;
    return place;
  });
  return { rowBytes, rows, placed };
}

/**
 * The shortest rows with which no more than so many are needed.
 * @param {Region[]} regions
 * @param {number} most
 */
export function fittingRowBytes(regions, most) {
  let rowBytes = LEAST_ROW_BYTES;
  while (rowBytes < 2 ** 50 && layOut(regions, rowBytes).rows > Math.max(most, 2 * regions.length)) rowBytes *= 2;
  return rowBytes;
}

/**
 * What a row shows: bytes of a region, or its heading.
 * @param {AddressLayout} layout
 * @param {number} row
 * @returns {{ placed: Placed, stretch: Stretch | null } | null}
 */
export function rowAt({ placed, rowBytes }, row) {
  const place = placed.findLast(({ top }) => top - 1 <= row);
  if (place === undefined || row >= place.top + place.rows) return null;
  if (row < place.top) return { placed: place, stretch: null };
  const from = (row - place.top) * rowBytes - place.lead;
  const stretch = { region: place.region, from: Math.max(from, 0), to: Math.min(from + rowBytes, place.region.bytes) };
  return { placed: place, stretch };
}

/**
 * Where a byte of a region is: its row, and how far along it, as a share of its length.
 * @param {AddressLayout} layout
 * @param {Region} region
 * @param {number} offset
 */
export function placeOf({ placed, rowBytes }, region, offset) {
  const place = /** @type {Placed} */ (placed.find((place) => place.region === region));
  const at = offset + place.lead;
  return { row: place.top + Math.floor(at / rowBytes), along: (at % rowBytes) / rowBytes };
}

/** The part that a byte belongs to: its place in the region. @param {Region} region @param {number} offset */
export function partAt({ starts }, offset) {
  let [first, last] = [0, starts.length - 1];
  while (first < last) {
    const middle = Math.ceil((first + last) / 2);
    if (starts[middle] <= offset) first = middle;
    else last = middle - 1;
  }
  return first;
}

/**
 * What is seen in each pixel of a row: of the parts in it, the one that stands out most and, of equal ones, that has the
 * most room in it. Runs of one part are one.
 * @param {Stretch} stretch
 * @param {{ x: number, width: number }} place of the stretch, in pixels
 * @param {(part: number) => number} rank how much a part stands out
 * @returns {{ x: number, width: number, part: number }[]}
 */
export function pixels({ region, from, to }, { x, width }, rank) {
  const scale = width / (to - from);
  const first = Math.floor(x);
  /** @type {{ part: number, rank: number, room: number }[]} */
  const cells = Array.from({ length: Math.max(Math.ceil(x + width) - first, 1) }, () => ({ part: -4, rank: -1, room: 0 }));
  for (let at = partAt(region, from); at < region.starts.length && region.starts[at] < to; at += 1) {
    const begin = x + (Math.max(region.starts[at], from) - from) * scale - first;
    const end = x + (Math.min(region.starts[at + 1] ?? region.bytes, to) - from) * scale - first;
    const part = region.parts[at];
    const own = rank(part);
    for (let cell = Math.floor(begin); cell < end && cell < cells.length; cell += 1) {
      const room = Math.min(end, cell + 1) - Math.max(begin, cell);
      const seen = cells[cell];
      if (own > seen.rank || (own === seen.rank && room > seen.room)) cells[cell] = { part, rank: own, room };
    }
  }
  /** @type {{ x: number, width: number, part: number }[]} */
  const runs = [];
  cells.forEach(({ part }, cell) => {
    const last = runs.at(-1);
    if (last?.part === part) last.width += 1;
    else runs.push({ x: first + cell, width: 1, part });
  });
  return runs;
}
