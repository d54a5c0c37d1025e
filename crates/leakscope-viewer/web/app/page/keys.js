// The keys that hold everywhere, and the list of all keys.
import { VIEWS } from 'leakscope/state/fragment.js';
import { element } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/page/page.js').View} View */

/** @type {[string, [string[], string][]][]} */
const KEYS = [
  ['Everywhere', [
    [['1', '…', '9'], 'go to a view'], [['/'], 'search in this view'], [['Ctrl', 'K'], 'search everything, or go to an event by its number, or to a time; also Ctrl G'], [['['], 'range begins at the cursor'],
    [[']'], 'range ends at the cursor'], [['<', '>'], 'move the cursor'], [['R'], 'select the range that the timeline shows'], [['Esc'], 'remove the range'],
    [['Alt', '←'], 'back'], [['Shift', 'A'], 'Show APIs only'], [['T'], 'theme: system, dark, light'], [['?'], 'this list'],
  ]],
  ['Clock strip', [
    [['drag'], 'select a range'], [['click'], 'set the cursor'], [['←', '→'], 'move the cursor'],
    [['Shift', '←', '→'], 'move it further'],
  ]],
  ['Timeline', [
    [['W', 'S'], 'zoom in, out; also +, −'], [['A', 'D'], 'earlier, later; also ←, →'], [['wheel'], 'zoom'],
    [['Shift', 'wheel'], 'earlier, later'], [['drag'], 'measure, and select a range'], [['Shift', 'drag'], 'move'],
    [['↑', '↓'], 'choose a lane'], [['.', ','], 'next, previous run in the lane'], [['N', 'P'], 'next, previous heap event'],
    [['F'], 'fit the range, or everything'],
  ]],
  ['Events, terminal', [
    [['↑', '↓'], 'next, previous row'], [['Page ↑', 'Page ↓'], 'a page'], [['Home', 'End'], 'first, last'],
    [['Enter'], 'from an allocation to its free, and back'], [['right click'], 'Show APIs only, and other filters'],
    [['Shift', 'F10'], 'the same menu'],
  ]],
  ['Flame graph', [
    [['↑', '↓'], 'caller, called'], [['←', '→'], 'neighbours'], [['Enter'], 'zoom to the function'], [['0'], 'zoom out'],
    [['click'], 'zoom'], [['double click'], 'its call site'],
  ]],
  ['Memory', [
    [['←', '→'], 'previous, next block'], [['↑', '↓'], 'a row up, down'], [['N', 'P'], 'next, previous lost block'],
    [['+', '−'], 'zoom in, out; also Ctrl and wheel'], [['0'], 'all of it'], [['Enter'], 'the blocks of its call site'],
  ]],
  ['Heap over time', [
    [['←', '→'], 'the cursor by a column'], [['↑', '↓'], 'the next block above, below'], [['N', 'P'], 'next, previous failed allocation'],
    [['+', '−'], 'zoom in, out; also the wheel'], [['0'], 'all of it'], [['Enter'], 'the blocks of its call site'],
  ]],
  ['Tables', [[['↑', '↓'], 'next, previous row'], [['Enter'], 'open the row'], [['Esc'], 'close the call site']]],
];

export function keysDialog() {
  const dialog = element('dialog', { 'aria-labelledby': 'keys-title' },
    element('h2', { id: 'keys-title' }, 'Keys'),
    element('div', { class: 'key-groups' }, ...KEYS.map(([title, keys]) => element('div', { class: 'key-group' },
      element('h3', {}, title),
      element('dl', {}, ...keys.flatMap(([names, meaning]) => [
        element('dt', {}, ...names.flatMap((name, place) => place > 0 ? [' ', element('kbd', {}, name)] : [element('kbd', {}, name)])),
        element('dd', {}, meaning),
      ]))))),
    element('form', { method: 'dialog' }, element('button', {}, 'Close')));
  document.body.append(dialog);
  return dialog;
}

/**
 * @param {Page} page
 * @param {() => View | null} view that is shown
 * @param {{ help: () => void, theme: () => void, search: () => void, moveCursor: (steps: number) => void }} actions
 */
export function listenForKeys(page, view, { help, theme, search, moveCursor }) {
  document.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.defaultPrevented || target.closest('dialog[open], .menu') !== null) return;
    if ((event.ctrlKey || event.metaKey) && ['k', 'g'].includes(event.key.toLowerCase())) {
      search();
      event.preventDefault();
      return;
    }
    const typing = target.closest('input, select, textarea') !== null;
    if (typing) {
      if (event.key === 'Escape' && target instanceof HTMLElement) target.blur();
      return;
    }
    if (view()?.key?.(event) || (!event.ctrlKey && !event.altKey && !event.metaKey && general(event.key))) event.preventDefault();
  });

  /** @param {string} key */
  const general = (key) => {
    const { state } = page;
    const at = state.cursor;
    if (/^[1-9]$/.test(key)) page.go({ view: VIEWS[Number(key) - 1] });
    else if (key === '?') help();
    else if (key === 't') theme();
    else if (key === '/') view()?.search?.focus();
    else if (['<', '>'].includes(key) && page.overview.dump === null) moveCursor(key === '<' ? -1 : 1);
    else if (key === '[' && at !== null) page.go({ range: [at, Math.max(state.range?.[1] ?? page.bounds[1], at + 1)] });
    else if (key === ']' && at !== null && at > 0) page.go({ range: [Math.min(state.range?.[0] ?? 0, at - 1), at] });
    else if (key === 'r' && state.window !== null) page.go({ range: state.window });
    else if (key === 'Escape' && state.range !== null) page.go({ range: null });
    else if (key === 'A') page.go({ view: 'events', kinds: state.kinds.join() === 'api' ? [] : ['api'] });
    else return false;
    return true;
  };
}
