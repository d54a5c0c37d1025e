// The numbers of a picture as a table that opens below it: for those who cannot see the picture, and for
// those who want to copy it. The table is made when it is opened.
import { element, fill } from 'leakscope/part/element.js';
import { table } from 'leakscope/part/table.js';

/**
 * @template T
 * @param {string} caption
 * @param {() => { columns: import('leakscope/part/table.js').Column<T>[], rows: T[] }} make
 */
export function numbers(caption, make) {
  const inside = element('div', { class: 'numbers-table' });
  const show = () => fill(inside, table({ caption, ...make(), limit: 100 }));
  const details = element('details', { class: 'numbers', toggle: () => details.open && show() },
    element('summary', {}, `Numbers: ${caption}`), inside);
  return Object.assign(details, {
    /** The picture shows something else now. */
    renew: () => {
      if (details.open) show();
    },
  });
}
