// A table with named columns, numbers aligned at their right, that can be sorted by its headings.
import { copyButton } from 'leakscope/part/copy.js';
import { element, fill } from 'leakscope/part/element.js';
import { counted } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/part/element.js').Content} Content */
/**
 * @template T
 * @typedef {object} Column
 * @property {string} name
 * @property {string} [note] what it is about, if not what the table is about: stands below the name
 * @property {string} [unit] of `order`, for those who copy numbers
 * @property {string} [title] what it means, in a sentence
 * @property {(row: T) => Content} cell
 * @property {(row: T) => string} [copied] what is copied, if the cell shows less
 * @property {boolean} [isCopied] false if its cells are buttons
 * @property {{ name: string, order: (row: T) => number }} [beside] a second number in its cells: a column of its own where numbers are copied
 * @property {(row: T) => number | string | null} [order] what it is sorted by; numbers stand at the right
 * @property {string} [class]
 */

/** Rows that are made at once; thousands of them would take too long. */
const FIRST_ROWS = 300;

/**
 * @template T
 * @param {{ caption: string, columns: Column<T>[], rows: T[], sort?: string, sorted?: (sort: string) => void,
 *   chosen?: (row: T) => void, isChosen?: (row: T) => boolean, key?: (row: T) => string | number, limit?: number }} options
 *   `sort`: a column's name, with `-` before it for the largest first; `chosen`: rows can be clicked
 */
export function table({ caption, columns, rows, sort = '', sorted, chosen, isChosen, key, limit = FIRST_ROWS }) {
  const body = element('tbody');
  const head = element('tr', {}, ...columns.map((column) => heading(column, sort, sorted)));
  const made = element('table', { class: chosen ? 'table choosable' : 'table' },
    element('caption', { class: 'hidden' }, caption),
    element('thead', {}, head), body);
  const inOrder = sortRows(rows, columns, sort);
  const show = (/** @type {number} */ limit) => {
    const more = inOrder.length - limit;
    fill(body, ...inOrder.slice(0, limit).map(row), more > 0 && element('tr', { class: 'further' },
      element('td', { colspan: columns.length }, element('button', { type: 'button', click: () => show(Infinity) },
        `Show ${counted(more, 'further row')}`))));
  };
  const row = (/** @type {T} */ row) => {
    const cells = columns.map((column) => element('td', { class: classOf(column) }, column.cell(row)));
    if (!chosen) return element('tr', {}, ...cells);
    return element('tr', {
      tabindex: 0, 'aria-selected': String(isChosen?.(row) ?? false), 'data-key': key?.(row),
      click: (/** @type {MouseEvent} */ event) => {
        if (!(event.target instanceof Element && event.target.closest('a, button'))) chosen(row);
      },
      keydown: (/** @type {KeyboardEvent} */ event) => moveOrChoose(event, () => chosen(row)),
    }, ...cells);
  };
  show(limit);
  return tableBox(made, caption, rows.length > 0 && copyButton(caption, columns, () => inOrder));
}

/**
 * A table with a button beside it, never over it. Where there is no room for all of it, the keyboard can scroll it, and it fades out
 * at its right: a number that just ended there would be read as another.
 * @param {HTMLElement} made
 * @param {string} label
 * @param {HTMLElement | false} button
 */
export function tableBox(made, label, button) {
  const scroller = element('div', { class: 'table-scroll' }, made);
  const look = () => {
    // In a view that scrolls as a whole, it does not scroll by itself.
    const hidden = getComputedStyle(scroller).overflowX === 'visible' ? 0 : scroller.scrollWidth - scroller.clientWidth;
    for (const [name, value] of Object.entries({ tabindex: '0', role: 'region', 'aria-label': label })) {
      if (hidden > 1) scroller.setAttribute(name, value);
      else scroller.removeAttribute(name);
    }
    scroller.classList.toggle('more', hidden - scroller.scrollLeft > 1);
  };
  scroller.addEventListener('scroll', look);
  const observer = new ResizeObserver(look);
  for (const part of [scroller, made]) observer.observe(part);
  return element('div', { class: 'table-box' }, scroller, button);
}

/** Marks the row that is chosen now. @param {HTMLElement} place of the table @param {string | number | null} key */
export function markChosen(place, key) {
  for (const row of place.querySelectorAll('tr[data-key]')) {
    row.setAttribute('aria-selected', String(row.getAttribute('data-key') === String(key)));
  }
}

/**
 * @template T
 * @param {Column<T>} column
 * @param {string} sort
 * @param {((sort: string) => void) | undefined} sorted
 */
function heading(column, sort, sorted) {
  const isSorted = sort.replace(/^-/, '') === column.name;
  const falling = sort.startsWith('-');
  const attributes = {
    scope: 'col', class: classOf(column), title: column.title,
    'aria-sort': isSorted ? (falling ? 'descending' : 'ascending') : null,
  };
  const note = column.note !== undefined && element('span', { class: 'note' }, ` ${column.note}`);
  if (!sorted || !column.order) return element('th', attributes, column.name, note);
  // First click: names from A, numbers from the largest.
  const next = isSorted === falling && isSorted ? column.name : isSorted ? `-${column.name}` : isNumber(column) ? `-${column.name}` : column.name;
  return element('th', attributes, element('button', { type: 'button', class: 'heading', 'data-key': `heading ${column.name}`, click: () => sorted(next) },
    // Beside the name, where it moves no number out of its column.
    ...(isNumber(column) ? [arrow(isSorted, falling), column.name] : [column.name, arrow(isSorted, falling)])), note);
}

/** @param {boolean} isSorted @param {boolean} falling */
function arrow(isSorted, falling) {
  return element('span', { class: 'arrow', 'aria-hidden': 'true' }, isSorted ? (falling ? '▾' : '▴') : '');
}

/**
 * @template T
 * @param {Column<T>} column
 */
function isNumber(column) {
  return column.class?.includes('number') ?? false;
}

/**
 * @template T
 * @param {Column<T>} column
 */
function classOf(column) {
  return column.class ?? null;
}

/**
 * @template T
 * @param {T[]} rows
 * @param {Column<T>[]} columns
 * @param {string} sort
 */
export function sortRows(rows, columns, sort) {
  const order = columns.find((column) => column.name === sort.replace(/^-/, ''))?.order;
  if (order === undefined) return rows;
  const sign = sort.startsWith('-') ? -1 : 1;
  const compare = (/** @type {string | number | null} */ a, /** @type {string | number | null} */ b) => {
    if (a === b) return 0;
    // What is not known stands last, whatever the direction.
    if (a === null) return 1;
    if (b === null) return -1;
    return (a < b ? -1 : 1) * sign;
  };
  return rows.toSorted((a, b) => compare(order(a), order(b)));
}

/**
 * @param {KeyboardEvent} event
 * @param {() => void} choose
 */
function moveOrChoose(event, choose) {
  const row = /** @type {HTMLElement} */ (event.currentTarget);
  const next = event.key === 'ArrowDown' ? row.nextElementSibling : event.key === 'ArrowUp' ? row.previousElementSibling : null;
  if (event.target !== row) return;
  if (event.key === 'Enter' || event.key === ' ') choose();
  else if (next instanceof HTMLElement) next.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
