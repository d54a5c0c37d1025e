// A table as text or as CSV, for other programs, and the button that copies it.
import { element } from 'leakscope/part/element.js';
import { openMenu } from 'leakscope/part/menu.js';

/** @typedef {import('leakscope/part/element.js').Content} Content */
/** @template T @typedef {import('leakscope/part/table.js').Column<T>} Column */

/**
 * As it is shown: columns of equal width, numbers at their right.
 * @template T
 * @param {Column<T>[]} columns
 * @param {T[]} rows
 */
export function asText(columns, rows) {
  columns = columns.filter(isCopied);
  const cells = [columns.map(({ name, note }) => note === undefined ? name : `${name} ${note}`), ...rows.map((row) => columns.map((column) => copied(column, row)))];
  const widths = columns.map((_, place) => Math.max(...cells.map((line) => line[place].length)));
  const lines = cells.map((line) => line.map((text, place) => isNumber(columns[place]) ? text.padStart(widths[place]) : text.padEnd(widths[place])).join('  ').trimEnd());
  return `${lines.join('\n')}\n`;
}

/**
 * With numbers as they are, bytes and ticks, where the table knows them.
 * @template T
 * @param {Column<T>[]} columns
 * @param {T[]} rows
 */
export function asCsv(columns, rows) {
  columns = columns.filter(isCopied).flatMap((column) => column.beside === undefined ? [column] : [column, { ...column.beside, class: 'number', cell: () => '' }]);
  const value = (/** @type {Column<T>} */ column, /** @type {T} */ row) => {
    const order = isNumber(column) ? column.order?.(row) : undefined;
    return quoted(typeof order === 'number' ? String(order) : copied(column, row));
  };
  const head = (/** @type {Column<T>} */ { name, note, unit }) => [name, note, unit && `[${unit}]`].filter(Boolean).join(' ');
  const lines = [columns.map((column) => quoted(head(column))), ...rows.map((row) => columns.map((column) => value(column, row)))];
  return `${lines.map((line) => line.join(',')).join('\r\n')}\r\n`;
}

/** @param {Column<any>} column */
function isCopied({ isCopied = true }) {
  return isCopied;
}

/** @template T @param {Column<T>} column @param {T} row */
function copied(column, row) {
  return column.copied?.(row) ?? textOf(column.cell(row));
}

/** A spreadsheet takes no text of a device for a formula. @param {string} text */
function quoted(text) {
  const harmless = /^[=+@\t]|^-(?![\d.]+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** @param {Content} content */
function textOf(content) {
  if (content === null || content === undefined || content === false) return '';
  return (typeof content === 'object' ? content.textContent ?? '' : String(content)).replaceAll(/\s+/g, ' ').trim();
}

/** @param {Column<any>} column */
function isNumber(column) {
  return column.class?.includes('number') ?? false;
}

/**
 * @template T
 * @param {string} caption
 * @param {Column<T>[]} columns
 * @param {() => T[] | Promise<T[]>} rows
 */
export function copyButton(caption, columns, rows) {
  const copy = async (/** @type {typeof asText} */ form) => {
    await navigator.clipboard.writeText(form(columns, await rows()));
    button.textContent = '✓';
    setTimeout(() => { button.textContent = '❐'; }, 1500);
  };
  const button = element('button', {
    type: 'button', class: 'copy', title: 'Copy as text or CSV', 'aria-label': `Copy the table: ${caption}`, 'aria-haspopup': 'menu',
    click: (/** @type {Event} */ event) => {
      event.stopPropagation();
      const { right, bottom } = button.getBoundingClientRect();
      openMenu('Copy', [
        { label: 'Copy as text', action: () => void copy(asText) },
        { label: 'Copy as CSV', action: () => void copy(asCsv) },
      ], { x: right - 236, y: bottom });
    },
  }, '❐');
  return button;
}
