// Filters as badges: each says what it keeps, and goes away by a click.
import { element, fill } from 'leakscope/part/element.js';

/** @typedef {{ label: string, remove: () => void }} Badge */

export function badgeRow() {
  const row = element('div', { class: 'badges', role: 'group', 'aria-label': 'Filters' });
  return Object.assign(row, {
    /** @param {Badge[]} badges */
    show: (badges) => {
      row.hidden = badges.length === 0;
      fill(row, ...badges.map(({ label, remove }) => element('button', {
        type: 'button', class: 'badge', title: 'Remove this filter', 'aria-label': `Remove the filter ${label}`, click: remove,
      }, label, element('span', { class: 'cross', 'aria-hidden': 'true' }, '×'))));
    },
  });
}
