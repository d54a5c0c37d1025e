// How tasks and interrupts run, as SystemView's window Contexts has it: how often, how long each time, and how long they
// waited while something else had their core.
import { laneColour } from 'leakscope/chart/palette.js';
import { Latest } from 'leakscope/data/latest.js';
import { count, percent } from 'leakscope/format/units.js';
import { isUnknown, knownTime } from 'leakscope/page/known-time.js';
import { element, fill, section } from 'leakscope/part/element.js';
import { table } from 'leakscope/part/table.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Contexts} Contexts */
/** @typedef {Contexts['contexts'][number]} Row */

/** @param {Page} page */
export function contextsSection(page) {
  const place = element('div', {});
  const latest = new Latest(page.source, 'contexts', (answer) => fill(place, contents(page, answer)),
    (message) => fill(place, section('Runs', element('p', { class: 'quiet' }, message))));
  return {
    element: place,
    show: () => void latest.ask({ ...page.limits, partial: 1 }, page.version),
    close: () => latest.stop(),
  };
}

/** @param {Page} page @param {Contexts} contexts */
function contents(page, { from, to, complete = true, counted_to: countedTo = to, contexts }) {
  const { range } = page.state;
  if (range !== null && !isWhole(page, ...range) && isWhole(page, from, to)) {
    return section('Runs', element('p', { class: 'quiet' }, 'This file does not tell how they ran in a range.'));
  }
  const known = knownTime(page, contexts.map(({ core, context, run }) => ({ core, context, ran: run.total })));
  const hz = page.overview.clock.hz ?? 0;
  const several = page.overview.target.cores.length > 1;
  const duration = (/** @type {number} */ ticks) => page.clock.duration(ticks);
  /** @param {string} name @param {(row: Row) => number} ticks @param {string} title @param {(row: Row) => number} of how many there are */
  const time = (name, ticks, title, of, look = 'number wide') => ({
    name, class: look, unit: 'ticks', title, order: ticks, cell: (/** @type {Row} */ row) => of(row) === 0 ? '' : duration(Math.round(ticks(row))),
  });
  const runs = (/** @type {Row} */ { run }) => run.count;
  const waits = (/** @type {Row} */ { blocked }) => blocked.count;
  /** @type {import('leakscope/part/table.js').Column<Row>[]} */
  const columns = [
    { name: 'Name', cell: ({ context }) => {
      const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' });
      swatch.style.background = `var(--${laneColour(page.overview.contexts, context)})`;
      return element('span', { class: 'run-name' }, swatch, page.contextName(context));
    } },
    ...several ? [{ name: 'Core', class: 'number', cell: (/** @type {Row} */ row) => row.core, order: (/** @type {Row} */ row) => row.core }] : [],
    { name: 'CPU load', class: 'number', unit: 'ticks', title: 'Its part of the core’s time of which it is known what ran', cell: ({ core, context, run }) => isUnknown(page, context) ? '–' : `${((run.total / known(core)) * 100).toFixed(1)} %`, order: ({ run }) => run.total },
    { name: 'Runs', class: 'number', title: 'How often it began to run', cell: ({ run }) => count(run.count), order: runs },
    ...hz > 0 ? [{ name: 'Per second', class: 'number wide', title: 'In a second of which it is known what ran', cell: (/** @type {Row} */ { core, context, run }) => isUnknown(page, context) ? '–' : rate((run.count * hz) / known(core)), order: (/** @type {Row} */ { core, run }) => (run.count * hz) / known(core) }] : [],
    time('Run, in all', ({ run }) => run.total, 'Without the time in which something else had the core', runs),
    time('Shortest', ({ run }) => run.shortest, 'The shortest run', runs),
    time('Mean', ({ run }) => run.total / Math.max(run.count, 1), 'Of all runs', runs),
    time('Longest', ({ run }) => run.longest, 'The longest run', runs, 'number'),
    time('Blocked', ({ blocked }) => blocked.total, 'Ready, while something else had the core', waits),
    time('Longest wait', ({ blocked }) => blocked.longest, 'The longest time for which it was ready and did not run', waits),
  ];
  return section('Runs', table({ caption: 'Runs', rows: contexts, columns, limit: 100, key: ({ core, context }) => `${core} ${context}` }),
    !complete && element('p', { class: 'quiet' }, `${percent(countedTo - from, Math.max(to - from, 1))} counted so far`));
}

/** @param {Page} page @param {number} from @param {number} to */
function isWhole(page, from, to) {
  return from === page.bounds[0] && to === page.bounds[1];
}

/** @param {number} perSecond */
function rate(perSecond) {
  return perSecond >= 100 ? count(Math.round(perSecond)) : perSecond.toPrecision(3).replace(/\.?0+$/, '');
}
