// Who frees the blocks of a call site: by call stack and task, with how long the blocks had lived.
import { Latest } from 'leakscope/data/latest.js';
import { bytes, count, counted, percent } from 'leakscope/format/units.js';
import { stackList } from 'leakscope/page/stack.js';
import { breakable, element, fill, section } from 'leakscope/part/element.js';
import { table } from 'leakscope/part/table.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Frees} Frees */

/** @param {Page} page @param {number} site */
export function freedBy(page, site) {
  const place = element('div', {});
  /** The row whose call stack is open. @type {string | null} */
  let open = null;
  /** @type {Frees | null} */
  let frees = null;
  const latest = new Latest(page.source, 'frees', (answer) => {
    frees = answer;
    draw();
  }, (message) => fill(place, section('Freed by', element('p', { class: 'quiet' }, message))));
  const keyOf = (/** @type {Frees['frees'][number]} */ row) => `${row.context} ${row.allocator} ${row.stack}`;
  const draw = () => {
    if (frees === null) return;
    const { frees: rows, complete = true, from, to, total, counted_to: countedTo = to } = frees;
    const opened = rows.find((row) => keyOf(row) === open);
    const isWhole = page.state.range === null || from < page.state.range[0] || to > page.state.range[1];
    const soFar = complete ? '' : `; ${percent(countedTo - from, to - from)} counted so far`;
    fill(place, section(page.state.range === null ? 'Freed by' : isWhole ? 'Freed by, in the whole trace' : 'Freed by, in the range',
      rows.length === 0 ? element('p', { class: 'quiet' }, `Nobody frees its blocks${soFar}.`) : table({
        caption: 'Freed by', rows, limit: 8, key: keyOf, isChosen: (row) => keyOf(row) === open,
        chosen: (row) => {
          open = keyOf(row) === open ? null : keyOf(row);
          draw();
        },
        columns: [
          { name: 'Blocks', class: 'number', cell: (row) => count(row.blocks), order: (row) => row.blocks },
          { name: 'Bytes', class: 'number', unit: 'bytes', cell: (row) => bytes(row.bytes), order: (row) => row.bytes },
          { name: 'From', class: 'site-title', cell: (row) => element('span', { title: row.title }, ...breakable(row.title)), copied: (row) => row.title },
          { name: 'By', class: 'words', cell: (row) => page.contextName(row.context) },
          { name: 'Lived', class: 'words', title: 'The shortest life, the mean, the longest', cell: (row) => lifetimes(page, row) },
        ],
      }),
      soFar !== '' && rows.length > 0 && element('p', { class: 'quiet' }, soFar.slice(2)),
      total > rows.length && element('p', { class: 'quiet' }, `and ${counted(total - rows.length, 'further pair')} of call stack and task`),
      opened !== undefined && stackList({ frames: frees.frames, stack: opened.stack, allocator: opened.allocator }, true)));
  };
  const show = () => void latest.ask({ site, ...page.limits, partial: 1 }, page.version);
  show();
  return { element: place, show, close: () => latest.stop() };
}

/** @param {Page} page @param {Frees['frees'][number]} row */
function lifetimes(page, { blocks, shortest, mean, longest }) {
  if (blocks === 1 || shortest === longest) return page.clock.duration(mean);
  return `${page.clock.duration(shortest)} to ${page.clock.duration(longest)}, ${page.clock.duration(mean)} in the mean`;
}
