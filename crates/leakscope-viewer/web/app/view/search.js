// One search over everything: tasks, call sites, functions, log lines, addresses, events by number, moments. What is found is
// listed by kind while it is typed, and each line goes to where it is shown.
import { Latest } from 'leakscope/data/latest.js';
import { counted } from 'leakscope/format/units.js';
import { element, fill, searchField } from 'leakscope/part/element.js';
import { addressIn, functions, places, sitesFound, tasksFound } from 'leakscope/view/search-groups.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Events} Events */
/** What was found of one kind. `more`: not listed. @typedef {{ title: string, hits: Hit[], more?: string }} Group */
/** @typedef {{ label: string, detail?: string, go: () => void }} Hit */

const LOG_KINDS = 'log,warning,error';
/** Lines of each kind. */
export const LISTED = 6;

/** @param {Page} page */
export function searchDialog(page) {
  const place = element('div', { class: 'found', 'aria-live': 'polite' });
  const search = searchField('Tasks, functions, call sites, log lines, addresses, event numbers, times', (text) => show(text.trim()));
  const dialog = element('dialog', {
    class: 'search-all', 'aria-label': 'Search everything', close: () => [sites, logs, blocks].forEach((latest) => latest.stop()),
    keydown: (/** @type {KeyboardEvent} */ event) => move(event),
  }, element('div', { class: 'search-row' }, search, element('button', { type: 'button', 'aria-label': 'Close', click: () => dialog.close() }, '×')), place);
  document.body.append(dialog);

  let text = '';
  /** Groups that are waited for, by their titles. @type {Map<string, Group>} */
  let later = new Map();
  /** @type {import('leakscope/data/types.js').Sites | null} */
  let known = null;
  const sites = new Latest(page.source, 'sites', (answer) => {
    known = answer;
    draw();
  }, () => {});
  const logs = new Latest(page.source, 'events', (answer) => keep('Log lines', answer, 'terminal', { log: text, levels: [], loggers: [] }), () => {});
  const blocks = new Latest(page.source, 'events', (answer) => keep('Events of the address', answer, 'events', { address: addressIn(text), kinds: [], contexts: [], text: '' }), () => {});

  const keep = (/** @type {string} */ title, /** @type {Events} */ answer, /** @type {'terminal' | 'events'} */ view, /** @type {Partial<import('leakscope/state/fragment.js').State>} */ filter) => {
    const rows = answer.rows.filter(({ missing }) => missing === undefined);
    const all = { label: `All in the ${view === 'terminal' ? 'terminal' : 'list of events'}`, go: () => page.go({ view, ...filter, range: null }) };
    later.set(title, {
      title, hits: [...rows.slice(0, LISTED).map((row) => ({
        label: view === 'terminal' ? row.detail : `${row.name} ${row.detail}`, detail: `${page.clock.exact(row.time)}, ${page.contextName(row.context)}`,
        go: () => page.select(row, { view, ...filter }),
      })), ...rows.length > 0 ? [all] : []],
      more: answer.complete ? '' : `${counted(answer.total, 'line')} so far`,
    });
    draw();
  };
  const show = (/** @type {string} */ wanted) => {
    text = wanted;
    later = new Map();
    for (const latest of [logs, blocks]) latest.stop();
    draw();
    if (text === '') return;
    void sites.ask({}, page.version);
    if (page.overview.dump !== null) return;
    void logs.ask({ kinds: LOG_KINDS, text, offset: 0, limit: LISTED }, page.version);
    const address = addressIn(text);
    if (address !== null) void blocks.ask({ address, offset: 0, limit: LISTED }, page.version);
  };
  const draw = () => {
    const groups = text === '' ? [] : [
      places(page, text), tasksFound(page, text), ...known === null ? [] : [sitesFound(page, known, text), functions(page, known, text)], ...later.values(),
    ].filter(({ hits }) => hits.length > 0);
    const before = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.hit : undefined;
    fill(place, ...groups.map(group), text !== '' && groups.length === 0 && element('p', { class: 'quiet' }, known === null ? 'Searching …' : 'Nothing was found so far.'),
      text !== '' && known !== null && known.others.sites > 0 && element('p', { class: 'quiet' }, `Not searched: ${counted(known.others.sites, 'call site')} that are not listed.`));
    if (before !== undefined) buttons().find(({ dataset }) => dataset.hit === before)?.focus();
  };
  const group = (/** @type {Group} */ { title, hits, more = '' }) => element('section', {}, element('h2', {}, title, more && element('span', { class: 'quiet' }, ` ${more}`)),
    element('ul', {}, ...hits.map(({ label, detail, go }, rank) => element('li', {}, element('button', {
      type: 'button', class: 'hit', 'data-hit': `${title} ${rank}`,
      click: () => {
        dialog.close();
        go();
      },
    }, element('span', { class: 'hit-label' }, label), detail && element('span', { class: 'quiet' }, detail))))));
  const buttons = () => [...place.querySelectorAll('button')];
  /** Up and down go through what was found; Enter in the field takes the first. @param {KeyboardEvent} event */
  const move = (event) => {
    const all = buttons();
    const at = all.findIndex((button) => button === document.activeElement);
    if (event.key === 'ArrowDown') all[Math.min(at + 1, all.length - 1)]?.focus();
    else if (event.key === 'ArrowUp') (at <= 0 ? search : all[at - 1]).focus();
    else if (event.key === 'Enter' && at < 0 && event.target === search) all[0]?.click();
    else return;
    event.preventDefault();
  };
  return {
    open() {
      if (dialog.open) return;
      search.value = '';
      show('');
      dialog.showModal();
      search.focus();
    },
  };
}
