// Of a long trace the single file lists some events only. Where others are missing, its lists have a row that says how
// many: a list that went on without a word would be read as the whole.

/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/data/types.js').LogGap} LogGap */
/** What the file holds: its rows, how many events the trace has, and the log lines that are missing.
 *  @typedef {{ rows: EventRow[], events: number, logGap: LogGap | null }} Held */

const LOGS = ['log', 'warning', 'error'];

/**
 * The rows that pass a filter, with a row wherever events are missing that may pass it too.
 * @param {Held} held
 * @param {EventRow[]} selected those of its rows that pass
 * @param {{ kinds: string[], from: number | null, to: number | null }} filter as far as it says what cannot be missing
 * @returns {EventRow[]}
 */
export function withGaps(held, selected, { kinds, from, to }) {
  const { rows, events, logGap } = held;
  if (rows.length === events) return selected;
  const onlyLogs = kinds.length > 0 && kinds.every((kind) => LOGS.includes(kind));
  const before = from === null ? -1 : placeOf(rows, (row) => row.time >= from) - 1;
  const behind = to === null ? rows.length : placeOf(rows, (row) => row.time >= to);
  /** @type {EventRow[]} */
  const listed = [];
  const addGaps = (/** @type {number} */ first, /** @type {number} */ after) => {
    const gap = onlyLogs ? gapOfLogs(rows, first, after, logGap) : gapBetween(rows, first, after, events);
    if (gap !== null) listed.push(gap);
  };
  let last = before;
  for (const row of selected) {
    addGaps(last, row.row);
    listed.push(row);
    last = row.row;
  }
  addGaps(last, behind);
  return listed;
}

/**
 * @param {EventRow[]} rows
 * @param {(row: EventRow) => boolean} isBehind
 */
function placeOf(rows, isBehind) {
  const place = rows.findIndex(isBehind);
  return place < 0 ? rows.length : place;
}

/**
 * What is missing between two rows, -1 and the number of rows being the trace's ends.
 * @param {EventRow[]} rows
 * @param {number} last
 * @param {number} next
 * @param {number} events
 */
function gapBetween(rows, last, next, events) {
  let begin = last < 0 ? 0 : rows[last].index + 1;
  let end = next < rows.length ? rows[next].index : events;
  const missing = end - begin - (next - last - 1);
  if (missing === 0) return null;
  // Rows that do not pass the filter may stand at both ends.
  for (let place = last + 1; rows[place]?.index === begin; place += 1) begin += 1;
  for (let place = next - 1; rows[place]?.index === end - 1; place -= 1) end -= 1;
  return gap(rows, last, next, { begin, end, missing });
}

/**
 * @param {EventRow[]} rows
 * @param {number} last
 * @param {number} next
 * @param {LogGap | null} logGap
 */
function gapOfLogs(rows, last, next, logGap) {
  if (logGap === null) return null;
  const isWithin = (last < 0 || rows[last].index < logGap.from) && (next >= rows.length || rows[next].index >= logGap.to);
  return isWithin ? gap(rows, last, next, { begin: logGap.from, end: logGap.to, missing: logGap.lines }) : null;
}

/**
 * @param {EventRow[]} rows
 * @param {number} last
 * @param {number} next
 * @param {{ begin: number, end: number, missing: number }} gap
 * @returns {EventRow}
 */
function gap(rows, last, next, { begin, end, missing }) {
  return {
    row: last, index: begin, missing, end, until: rows[next]?.time ?? Infinity, time: rows[last]?.time ?? 0, core: -1, context: -1, kind: 'missing', id: -1,
    name: '', detail: '', site: -1, address: null, size: null, flag: null, input: 0, offset: 0,
  };
}
