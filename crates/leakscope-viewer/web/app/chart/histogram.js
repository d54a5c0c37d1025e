// Small histograms over powers of two: bars with their counts, as elements rather than a picture, so that
// they are read aloud as they stand.
import { copyButton } from 'leakscope/part/copy.js';
import { element } from 'leakscope/part/element.js';
import { count } from 'leakscope/format/units.js';

/** @typedef {import('leakscope/data/types.js').Bucket} Bucket */

/**
 * @param {string} title
 * @param {Bucket[]} buckets
 * @param {(from: number, to: number) => string} label
 * @param {string} nothing what is said if there are none
 */
export function histogram(title, buckets, label, nothing) {
  const most = buckets.reduce((most, bucket) => Math.max(most, bucket.count), 1);
  const lines = buckets.map((bucket) => {
    const bar = element('span', { class: 'histogram-bar', 'aria-hidden': 'true' });
    bar.style.width = `${Math.max((bucket.count / most) * 100, 1)}%`;
    return element('tr', {},
      element('th', { scope: 'row' }, label(bucket.from, bucket.to)),
      element('td', { class: 'number' }, count(bucket.count)),
      element('td', { class: 'histogram-room' }, bar));
  });
  return element('div', { class: 'histogram' },
    element('h3', {}, title, ' ', lines.length > 0 && copyButton(title, [
      { name: title, cell: (/** @type {Bucket} */ { from, to }) => label(from, to) }, { name: 'Blocks', class: 'number', cell: ({ count }) => count, order: ({ count }) => count },
    ], () => buckets)),
    lines.length === 0 ? element('p', { class: 'quiet' }, nothing) : element('table', {}, element('tbody', {}, ...lines)));
}
