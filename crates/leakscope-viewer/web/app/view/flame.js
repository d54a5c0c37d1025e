// Flame graph: who allocated what is outstanding, or lived at the peak, or was allocated, or was only
// temporary; as an icicle, from the callers down.
import { drawIcicle, boxAt, ROW, STANDINGS } from 'leakscope/chart/icicle.js';
import { ancestors, follow, largestDifference, matchedValue, place, tree, UNLISTED, WEIGHTS } from 'leakscope/chart/icicle-layout.js';
import { listen } from 'leakscope/chart/gestures.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Latest } from 'leakscope/data/latest.js';
import { bytes, count, counted, percent } from 'leakscope/format/units.js';
import { limitWords } from 'leakscope/page/limits.js';
import { frameWhere } from 'leakscope/page/stack.js';
import { badgeRow } from 'leakscope/part/badges.js';
import { choice, element, fill, searchField, toggle } from 'leakscope/part/element.js';
import { numbers } from 'leakscope/part/numbers.js';
import { against, tasksRoot } from 'leakscope/view/against.js';
import { callersPicture } from 'leakscope/view/callers.js';
import { splitAmongTasks } from 'leakscope/view/of-tasks.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/chart/icicle-layout.js').Node} Node */
/** @typedef {import('leakscope/chart/icicle-layout.js').Box} Box */

/** Between the names of functions in the address. */
const SEPARATOR = ' › ';

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function flameView(page) {
  /** @type {import('leakscope/data/types.js').Sites | null} */
  let sites = null;
  let root = tree({ sites: /** @type {import('leakscope/data/types.js').Site[]} */ ([]), frames: [] }, page.state);
  let [zoomed, focused] = [root, root];
  /** @type {Node | null} */
  let hovered = null;
  /** @type {Box[]} */
  let boxes = [];
  let made = '';

  /** What a caller of the function has, that the pointer is at; and the function itself. @type {{ node: Node, whole: number } | null} */
  let caller = null;
  const callers = callersPicture(page, (node, whole) => {
    caller = node === null ? null : { node, whole };
    tell();
  });
  const compared = against(page, () => {
    made = '';
    make();
  });
  const amount = (/** @type {number} */ value) => {
    const { weight } = page.state;
    if (weight === 'growth_bytes_per_second') return `${bytes(Math.round(value))}/s`;
    return weight.includes('bytes') ? bytes(value) : counted(value, 'block');
  };
  const signedAmount = (/** @type {number} */ value) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${amount(Math.abs(value))}`;
  const difference = (/** @type {Node} */ node) => {
    const [before, after] = compared.both(node);
    return after - before;
  };
  /** Callers stand above the function whose callers they are, and what it calls below. */
  const isUpward = () => page.state.upward && page.state.around === '';
  const tasksOf = (/** @type {import('leakscope/data/types.js').Site} */ site) => tasksRoot(site.contexts.map((context) => page.overview.contexts[context]?.name ?? '–'));
  const picture = new Picture('Flame graph', (pen, width, height) => {
    const { search, verdicts } = page.state;
    const differences = compared.isOn() ? { of: difference, largest: largestDifference(root), words: signedAmount } : null;
    drawIcicle(pen, boxes, width, height, { search, upward: isUpward(), verdicts, differences, focused, hovered, zoomed });
  }, { focusable: true, resized: () => arrange() });
  const nothing = element('p', { class: 'list-nothing' });
  const scroller = element('div', { class: 'flame-scroller' }, callers.element, picture.element, nothing);
  const badges = badgeRow();
  const line = element('div', { class: 'flame-line', 'aria-live': 'polite' });
  const text = numbers('functions of the flame graph', () => ({
    rows: nodesOf(zoomed),
    columns: [
      { name: 'Function', class: 'fixed words', cell: ({ node, depth }) => `${'\u00a0\u00a0'.repeat(depth)}${node.label}` },
      { name: 'Where', class: 'fixed words', cell: ({ node }) => node.frame ? frameWhere(node.frame) : '' },
      { name: 'Amount', class: 'number', cell: ({ node }) => amount(node.value) },
      { name: 'Part', class: 'number', cell: ({ node }) => percent(node.value, root.value) },
      ...!compared.isOn() ? [] : [
        { name: 'Before', class: 'number', cell: (/** @type {{ node: Node }} */ { node }) => amount(compared.both(node)[0]) },
        { name: 'Difference', class: 'number', cell: (/** @type {{ node: Node }} */ { node }) => signedAmount(difference(node)), order: (/** @type {{ node: Node }} */ { node }) => difference(node) },
      ],
    ],
  }));

  const search = searchField('Search functions and files', (text) => page.go({ search: text }));
  const weight = choice('What is shown', page.overview.dump === null ? WEIGHTS : WEIGHTS.filter(([name]) => /^(outstanding|leaked|alloca)/.test(name)), (weight) => page.go({ weight }));
  const inverted = toggle('Inverted', (on) => page.go({ inverted: on }), 'The allocating functions first, their callers below');
  const upward = toggle('Upward', (on) => page.go({ upward: on }), 'Flames rather than icicles');
  const allocator = toggle('Allocator frames', (on) => page.go({ allocator: on }), 'With the allocator’s own functions');
  const lines = toggle('Lines', (on) => page.go({ lines: on }), 'A cell for each line that calls, rather than for each function');
  const byTask = toggle('By task', (on) => page.go({ by: on ? 'task' : '' }), 'The tasks that allocate at the root; what is told of several tasks only together stands below all their names');
  const verdicts = toggle('Verdicts', (on) => page.go({ verdicts: on }), 'Colours say what the worst call site below is');
  const keys = element('div', { class: 'memory-legend' }, ...Object.entries({ leak: 'Leak', unknown: 'Not known', fine: 'Fine, or known' }).map(([standing, words]) =>
    element('span', {}, element('span', { class: `swatch ${STANDINGS[/** @type {'leak'} */ (standing)]}`, 'aria-hidden': 'true' }), words)));
  const reset = element('button', { type: 'button', title: 'Zoom out (0)', click: () => zoom(root) }, 'Reset zoom');
  const rest = element('span', { class: 'rest' });

  const latest = new Latest(page.source, 'sites', (answer) => {
    sites = answer;
    made = '';
    make();
  }, (message) => {
    nothing.hidden = false;
    nothing.textContent = message;
  });

  const make = () => {
    if (sites === null) return;
    const { weight, inverted, allocator, lines, by, around, against } = page.state;
    const wanted = JSON.stringify([weight, inverted, allocator, lines, by, around, against]);
    if (wanted !== made) {
      made = wanted;
      callers.show(sites);
      caller = null;
      const given = by === 'task' && !compared.isOn() ? splitAmongTasks(sites, weight) : sites;
      root = compared.tree(given, around === '' ? page.state : { ...page.state, inverted: false }, by === 'task' ? tasksOf : null);
      zoomed = root;
      hovered = null;
    }
    const begin = around !== '' && by === '' ? root.children[0] ?? root : root;
    const wantedZoom = page.state.zoom === '' ? begin : follow(root, page.state.zoom.split(SEPARATOR));
    if (wantedZoom !== zoomed || !isWithin(focused, root)) focused = wantedZoom;
    zoomed = wantedZoom;
    arrange();
  };
  const arrange = () => {
    // Of a function's sandwich, everything is the function itself.
    const own = page.state.around === '' ? 0 : 1;
    boxes = place(zoomed, 0.4 / Math.max(picture.width, 1)).filter(({ depth }) => depth >= own).map((box) => ({ ...box, depth: box.depth - own }));
    const depth = boxes.reduce((most, box) => Math.max(most, box.depth), 0) + 1;
    picture.element.style.height = `${depth * ROW + 4}px`;
    const { search } = page.state;
    nothing.hidden = root.value > 0;
    fill(nothing, ...(sites === null ? ['Reading …'] : emptyWords(page)));
    picture.element.hidden = root.value <= 0;
    reset.disabled = page.state.zoom === '';
    rest.textContent = [
      search !== '' && `found: ${percent(matchedValue(root, search), root.value)}`, amount(root.value),
      sites !== null && limitWords(page, sites), sites !== null && unlistedWords(sites),
      sites?.limited && page.state.weight === 'growth_bytes_per_second' && 'how fast it grows is of the whole trace',
    ].filter(Boolean).join(', ');
    picture.describe(`Flame graph of ${amount(root.value)}; its numbers are in the table below`);
    picture.fit();
    text.renew();
    tell();
  };
  const tell = () => {
    const node = caller?.node ?? hovered ?? focused;
    const name = node.frame?.function ?? null;
    const whole = caller?.whole ?? root.value;
    const [before, after] = compared.both(node);
    fill(line, element('b', { class: 'fixed' }, node.label), element('span', { class: 'fixed quiet' }, node.frame && node.places.size <= 1 ? frameWhere(node.frame) : ''),
      caller === null && compared.isOn() ? element('span', {}, `${amount(before)} → ${amount(after)}`)
        : element('span', {}, `${amount(node.value)}, ${percent(node.value, whole)}${caller === null ? '' : ' of the function'}`),
      ...compared.caveats().map((words) => element('span', { class: 'quiet' }, words)),
      // What only the other recording has is none of this one's.
      node.sites.size > 0 && element('span', { class: 'quiet' },
        counted(node.sites.size, 'call site') + (node.children.some(({ key }) => key === UNLISTED) ? ' and those that are not listed' : '')),
      node.places.size > 1 && element('span', { class: 'quiet', title: [...node.places].join('\n') }, `together: ${placesWords(node)}`),
      node === focused && name !== null && name !== page.state.around && element('button', { type: 'button', class: 'link', click: () => page.go({ around: name, zoom: '' }) }, 'Its callers and callees'),
      node === focused && node.sites.size === 1 && element('button', { type: 'button', class: 'link', click: () => openSite(node) }, 'Show the call site'));
  };
  const zoom = (/** @type {Node} */ node) => {
    const path = [...ancestors(node), node].slice(1).map(({ key }) => key);
    page.go({ zoom: path.join(SEPARATOR) });
  };
  const openSite = (/** @type {Node} */ node) => {
    if (node.sites.size === 1) page.go({ view: 'sites', site: [...node.sites][0] });
    else if (node.sites.size > 1) page.go({ view: 'sites', search: node.label });
  };
  const at = (/** @type {number} */ x, /** @type {number} */ y) => boxAt(boxes, x / picture.width, y, picture.height, isUpward())?.node ?? null;
  listen(picture.element, {
    select: () => {},
    click: (x, y) => {
      const node = at(x, y);
      if (node !== null) zoom(node);
    },
    doubleClick: (x, y) => {
      const node = at(x, y);
      if (node !== null) openSite(node);
    },
    hover: (x, y) => {
      hovered = x === null ? null : at(x, y);
      picture.draw();
      tell();
    },
  });

  return {
    element: element('div', { class: 'view whole' },
      element('div', { class: 'tools' }, weight, compared.chooser, element('div', { class: 'group' }, inverted, upward, allocator), element('div', { class: 'group' }, lines, byTask, verdicts), reset, search, rest),
      badges, scroller, keys, line, element('div', { class: 'flame-numbers' }, text)),
    search,
    first: picture.element,
    show(state) {
      search.show(state.search);
      weight.value = state.weight;
      inverted.show(state.inverted);
      upward.show(state.upward);
      allocator.show(state.allocator);
      lines.show(state.lines);
      byTask.show(state.by === 'task');
      verdicts.show(state.verdicts);
      keys.hidden = !state.verdicts;
      compared.show();
      inverted.disabled = upward.disabled = state.around !== '';
      badges.show(state.around === '' ? [] : [{ label: `Callers and callees of ${state.around}`, remove: () => page.go({ around: '', zoom: '' }) }]);
      scroller.classList.toggle('upward', isUpward());
      latest.ask({ ...page.limits, partial: 1 }, page.version);
      make();
    },
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return false;
      const next = step(focused, event.key, isUpward());
      if (event.key === '0') zoom(root);
      else if (event.key === 'Enter' && document.activeElement === picture.element) zoom(focused);
      else if (next !== null) {
        focused = next;
        hovered = null;
        if (!isWithin(next, zoomed)) zoom(next);
        arrange();
      } else return false;
      return true;
    },
    close() {
      latest.stop();
      compared.close();
    },
  };
}

/** The lines that are together in a cell. @param {Node} node */
function placesWords({ places }) {
  const some = [...places].sort().slice(0, 6);
  return some.join(', ') + (places.size > some.length ? `, and ${places.size - some.length} more` : '');
}

/** Which call sites are not told apart. @param {import('leakscope/data/types.js').Sites} sites */
function unlistedWords({ total, others }) {
  return others.sites > 0 && `${count(others.sites)} of ${counted(total, 'call site')} not listed`;
}

/** Why there is no picture, and where there is one. @param {Page} page */
function emptyWords(page) {
  const { weight, range } = page.state;
  const label = WEIGHTS.find(([name]) => name === weight)?.[1] ?? weight;
  const where = range === null ? page.overview.dump === null ? 'in the whole trace' : 'in the dump' : 'in the range';
  return weight === 'allocated_bytes' ? [`No allocation ${where}.`] : [
    `There is nothing ${where} to show as “${label}”. `,
    element('button', { type: 'button', class: 'link', click: () => page.go({ weight: 'allocated_bytes' }) }, 'Show all that was allocated'),
  ];
}

/** @param {Node} node @param {string} key @param {boolean} upward */
function step(node, key, upward) {
  const siblings = node.parent?.children ?? [];
  const [out, into] = upward ? ['ArrowDown', 'ArrowUp'] : ['ArrowUp', 'ArrowDown'];
  switch (key) {
    case out: return node.parent;
    case into: return node.children[0] ?? null;
    case 'ArrowLeft': return siblings[siblings.indexOf(node) - 1] ?? null;
    case 'ArrowRight': return siblings[siblings.indexOf(node) + 1] ?? null;
    default: return null;
  }
}

/** @param {Node} node @param {Node} above */
function isWithin(node, above) {
  return node === above || ancestors(node).includes(above) || ancestors(above).includes(node);
}

/** @param {Node} root @returns {{ node: Node, depth: number }[]} */
function nodesOf(root, depth = 0) {
  return [{ node: root, depth }, ...root.children.flatMap((child) => nodesOf(child, depth + 1))];
}
