// Filters, pages and searches a list of events, as the server's routes `events` and `find` do.
import { withGaps } from 'leakscope/data/left-out.js';

/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */

/**
 * The rows that pass the filter in `parameters`, and a row wherever some may be missing.
 * @param {import('leakscope/data/left-out.js').Held} held
 * @param {Parameters} parameters
 * @param {string[]} contexts their names
 */
export function select(held, parameters, contexts) {
  const kinds = listOf(parameters.kinds);
  const wanted = listOf(parameters.context).map(Number);
  const text = String(parameters.text ?? '').toLowerCase();
  const number = (/** @type {string} */ name) => isGiven(parameters[name]) ? Number(parameters[name]) : null;
  const [core, site, from, to] = ['core', 'site', 'from', 'to'].map(number);
  const selected = held.rows.filter((row) =>
    (kinds.length === 0 || kinds.includes(row.kind)) &&
    (wanted.length === 0 || wanted.includes(row.context)) &&
    (core === null || row.core === core) &&
    (site === null || row.site === site) &&
    (!isGiven(parameters.address) || [row.address, row.old_address].includes(String(parameters.address))) &&
    (from === null || row.time >= from) &&
    (to === null || row.time < to) &&
    (text === '' || [row.name, row.detail, contexts[row.context] ?? ''].some((part) => part.toLowerCase().includes(text))));
  return withGaps(held, selected, { kinds, from, to });
}

/**
 * @param {EventRow[]} rows the filtered ones
 * @param {Parameters} parameters
 * @returns {import('leakscope/data/types.js').Events}
 */
export function page(rows, parameters) {
  const offset = Number(parameters.offset ?? 0);
  const some = rows.slice(offset, offset + Number(parameters.limit ?? 100));
  return {
    offset, total: rows.length, listed: rows.filter((row) => row.missing === undefined).length, complete: true, searched_to: rows.at(-1)?.index ?? 0,
    rows: some.map((row, place) => ({ ...row, row: offset + place })),
  };
}

/**
 * @param {EventRow[]} rows the filtered ones
 * @param {Parameters} parameters
 * @returns {import('leakscope/data/types.js').Found}
 */
export function find(rows, parameters) {
  const [index, time] = [Number(parameters.index), Number(parameters.time ?? 0)];
  const isThere = isGiven(parameters.index)
    ? (/** @type {EventRow} */ row) => (row.end ?? row.index + 1) > index
    : (/** @type {EventRow} */ row) => (row.until ?? row.time) >= time;
  const row = rows.findIndex(isThere);
  const total = rows.length;
  if (row < 0) return { row: total, index: null, total, complete: true };
  return { row, index: rows[row].index, total, complete: true, ...(rows[row].missing !== undefined && { missing: true }) };
}

/** @param {unknown} value */
function isGiven(value) {
  return value !== undefined && value !== null && value !== '';
}

/** @param {unknown} value */
function listOf(value) {
  return isGiven(value) ? String(value).split(',') : [];
}
