// Filters, pages and searches a list of events, as the server's routes `events` and `find` do.

/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */

/**
 * The rows that pass the filter in `parameters`.
 * @param {EventRow[]} rows
 * @param {Parameters} parameters
 * @param {string[]} contexts their names
 */
export function select(rows, parameters, contexts) {
  const kinds = listOf(parameters.kinds);
  const wanted = listOf(parameters.context).map(Number);
  const text = String(parameters.text ?? '').toLowerCase();
  const number = (/** @type {string} */ name) => isGiven(parameters[name]) ? Number(parameters[name]) : null;
  const [core, site, from, to] = ['core', 'site', 'from', 'to'].map(number);
  return rows.filter((row) =>
    (kinds.length === 0 || kinds.includes(row.kind)) &&
    (wanted.length === 0 || wanted.includes(row.context)) &&
    (core === null || row.core === core) &&
    (site === null || row.site === site) &&
    (!isGiven(parameters.address) || row.address === parameters.address) &&
    (from === null || row.time >= from) &&
    (to === null || row.time < to) &&
    (text === '' || [row.name, row.detail, contexts[row.context] ?? ''].some((part) => part.toLowerCase().includes(text))));
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
    offset, total: rows.length, complete: true, searched_to: rows.at(-1)?.index ?? 0,
    rows: some.map((row, place) => ({ ...row, row: offset + place })),
  };
}

/**
 * @param {EventRow[]} rows the filtered ones
 * @param {Parameters} parameters
 * @returns {import('leakscope/data/types.js').Found}
 */
export function find(rows, parameters) {
  const [key, least] = isGiven(parameters.index)
    ? [/** @type {const} */ ('index'), Number(parameters.index)]
    : [/** @type {const} */ ('time'), Number(parameters.time ?? 0)];
  const row = rows.findIndex((row) => row[key] >= least);
  const total = rows.length;
  return row < 0 ? { row: total, index: null, total, complete: true } : { row, index: rows[row].index, total, complete: true };
}

/** @param {unknown} value */
function isGiven(value) {
  return value !== undefined && value !== null && value !== '';
}

/** @param {unknown} value */
function listOf(value) {
  return isGiven(value) ? String(value).split(',') : [];
}
