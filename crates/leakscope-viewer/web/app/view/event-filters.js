// The filters of the list of events: what they ask for, their buttons, and their badges.
import { choice, element, fill, searchField, toggle } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/state/fragment.js').State} State */
/** @typedef {import('leakscope/data/types.js').Parameters} Parameters */

/** @type {[label: string, kinds: string[], title: string][]} */
const GROUPS = [
  ['Heap', ['heap'], 'Allocations, frees, reallocations'],
  ['Logs', ['log', 'warning', 'error'], 'Messages'],
  ['Interrupts', ['isr'], 'Interrupts: enter and leave'],
  ['Tasks', ['task'], 'Switches and states of tasks'],
  ['Modules', ['module'], 'Events of modules'],
  ['Marks', ['mark'], 'Markers of the application'],
  ['System', ['system'], 'What else SystemView sends'],
  ['Damage', ['gap', 'damaged'], 'Lost and damaged data'],
];

/** @type {Partial<State>} */
export const NO_FILTER = { kinds: [], contexts: [], core: null, at: null, address: null, text: '', range: null };

/**
 * @param {State} state
 * @param {Parameters} limits the range
 * @returns {Parameters}
 */
export function eventFilter(state, limits) {
  return {
    kinds: state.kinds.join(','), context: state.contexts.join(','), core: state.core, site: state.at,
    address: state.address, text: state.text, ...limits,
  };
}

/** @param {Page} page @param {HTMLElement} rest */
export function filterTools(page, rest) {
  const apis = toggle('Show APIs only', (on) => page.go({ kinds: on ? ['api'] : [] }), 'Calls of the operating system and nothing else, as in SystemView (Shift+A, or right-click a row)');
  const groups = GROUPS.map(([label, kinds, title]) => ({
    kinds,
    button: toggle(label, (on) => {
      const others = page.state.kinds.filter((kind) => !kinds.includes(kind));
      page.go({ kinds: on ? [...others, ...kinds] : others });
    }, `${title}: only these, and what else is chosen`),
  }));
  const context = choice('Task or interrupt', [['', 'All contexts']], (value) => page.go({ contexts: value === '' ? [] : [Number(value)] }));
  const core = choice('Core', [['', 'All cores'], ...page.overview.target.cores.map((core) => /** @type {const} */ ([String(core), `Core ${core}`]))],
    (value) => page.go({ core: value === '' ? null : Number(value) }));
  core.hidden = page.overview.target.cores.length < 2;
  const search = searchField('Filter by text', (text) => page.go({ text }));
  let known = -1;
  return {
    element: element('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Filters' }, apis,
      element('div', { class: 'group' }, ...groups.map(({ button }) => button)), context, core, search, rest),
    search,
    /** @param {State} state */
    show(state) {
      const { contexts } = page.overview;
      if (contexts.length !== known) {
        known = contexts.length;
        fill(context, element('option', { value: '' }, 'All contexts'),
          ...contexts.map(({ name }, place) => element('option', { value: place }, name)));
      }
      apis.show(state.kinds.join() === 'api');
      for (const { kinds, button } of groups) button.show(kinds.every((kind) => state.kinds.includes(kind)));
      context.value = state.contexts.length === 1 ? String(state.contexts[0]) : '';
      core.value = state.core === null ? '' : String(state.core);
      search.show(state.text);
    },
  };
}

/**
 * @param {Page} page
 * @param {State} state
 * @returns {import('leakscope/part/badges.js').Badge[]}
 */
export function filterBadges(page, state) {
  const badges = [];
  const left = new Set(state.kinds);
  for (const [label, kinds] of /** @type {[string, string[]][]} */ ([['APIs', ['api']], ...GROUPS])) {
    if (!kinds.every((kind) => left.has(kind))) continue;
    kinds.forEach((kind) => left.delete(kind));
    badges.push({ label, remove: () => page.go({ kinds: page.state.kinds.filter((kind) => !kinds.includes(kind)) }) });
  }
  for (const kind of left) badges.push({ label: kind, remove: () => page.go({ kinds: page.state.kinds.filter((other) => other !== kind) }) });
  for (const context of state.contexts) {
    badges.push({ label: page.contextName(context), remove: () => page.go({ contexts: page.state.contexts.filter((other) => other !== context) }) });
  }
  if (state.core !== null) badges.push({ label: `core ${state.core}`, remove: () => page.go({ core: null }) });
  if (state.at !== null) badges.push({ label: siteLabel(page, state.at), remove: () => page.go({ at: null }) });
  if (state.address !== null) badges.push({ label: `block ${state.address}`, remove: () => page.go({ address: null }) });
  if (state.text !== '') badges.push({ label: `“${state.text}”`, remove: () => page.go({ text: '' }) });
  if (state.range !== null) badges.push(rangeBadge(page, state.range));
  return badges;
}

/** @param {Page} page @param {import('leakscope/state/fragment.js').Stretch} range */
export function rangeBadge(page, range) {
  return { label: page.clock.stretch(...range), remove: () => page.go({ range: null }) };
}

/** @param {Page} page @param {number} site */
function siteLabel(page, site) {
  const known = page.overview.findings.find((finding) => finding.site === site);
  return `call site ${known?.title ?? site}`;
}
