// Beside the map of memory: what became of all blocks, who holds them as a tree, and the same by call site. The numbers
// are those of the report.
import { KINDS } from 'leakscope/chart/memory-colours.js';
import { bytes, count, counted } from 'leakscope/format/units.js';
import { verdictMark } from 'leakscope/page/verdict.js';
import { element, facts, fill, section } from 'leakscope/part/element.js';
import { markChosen, table } from 'leakscope/part/table.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Memory} Memory */
/** @typedef {import('leakscope/data/types.js').Way} Way */
/** @typedef {import('leakscope/data/types.js').Reached} Reached */

const MEANING = {
  definite: 'nothing points at them', indirect: 'only lost blocks point at them',
  possible: 'only pointers into the middle of blocks lead there', reachable: 'pointers lead there',
};
/** Roots that are shown at first. */
const ROOTS = 12;

/** @param {Page} page @param {(step: number) => void} chosen a step of a way, by its place in the list */
export function memoryTables(page, chosen) {
  const place = element('aside', { class: 'split-detail', 'aria-label': 'Who holds the blocks' });
  return {
    element: place,
    /** @param {Memory} memory */
    fill({ image, sites }) {
      place.hidden = image === null;
      if (image === null) return;
      fill(place, kindsTable(image.total), holderTree(image.holders, sites, chosen), sitesTable(page, sites), lookedAt(image));
    },
    /** The step that stands out. @param {number | null} step */
    choose(step) {
      for (const button of place.querySelectorAll('.way')) button.setAttribute('aria-pressed', String(button.getAttribute('data-step') === String(step)));
    },
    /** @param {import('leakscope/state/fragment.js').State} state */
    show: (state) => markChosen(place, state.site),
  };
}

/** @param {Reached} reached @param {typeof KINDS[number]} kind */
function blocksOf(reached, kind) {
  return reached[/** @type {'definite_blocks'} */ (`${kind}_blocks`)];
}

/** @param {Reached} reached @param {typeof KINDS[number]} kind */
function bytesOf(reached, kind) {
  return reached[/** @type {'definite_bytes'} */ (`${kind}_bytes`)];
}

/** @param {Reached} total */
function kindsTable(total) {
  return section('Who can reach the blocks', table({
    caption: 'Blocks by kind', rows: KINDS.filter((kind) => blocksOf(total, kind) > 0),
    columns: [
      { name: 'Blocks', class: 'number', cell: (kind) => count(blocksOf(total, kind)) },
      { name: 'Bytes', class: 'number', cell: (kind) => bytes(bytesOf(total, kind)) },
      { name: 'Kind', cell: (kind) => element('span', {}, element('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), kind) },
      { name: 'Meaning', class: 'words', cell: (kind) => MEANING[kind] },
    ],
  }));
}

/**
 * @param {Way[]} ways
 * @param {Memory['sites']} sites
 * @param {(step: number) => void} chosen
 */
function holderTree(ways, sites, chosen) {
  if (ways.length === 0) return null;
  /** @type {Map<number | null, number[]>} */
  const below = new Map();
  ways.forEach(({ parent }, step) => below.set(parent, [...below.get(parent) ?? [], step]));
  const titles = new Map(sites.map(({ site, title }) => [site, title]));
  // Of each step with all behind it, which come later in the list.
  const sums = ways.map(({ bytes }) => bytes);
  ways.forEach((_, back) => {
    const step = ways.length - 1 - back;
    const { parent } = ways[step];
    if (parent !== null) sums[parent] += sums[step];
  });
  const inOrder = (/** @type {number[]} */ steps) => steps.toSorted((a, b) => sums[b] - sums[a]);
  /** @type {(steps: number[]) => HTMLElement} */
  const list = (steps) => element('ul', {}, ...inOrder(steps).map((step) => element('li', {},
    element('button', { type: 'button', class: 'way', 'data-step': step, 'aria-pressed': 'false', title: ways[step].way, click: () => chosen(step) },
      `${count(ways[step].blocks)} × ${titles.get(ways[step].call_site ?? -1) ?? 'block'}`, element('span', { class: 'quiet' }, ` ${bytes(ways[step].bytes)}`)),
    below.has(step) && list(below.get(step) ?? []))));
  /** @type {Map<string, number[]>} */
  const roots = new Map();
  for (const step of below.get(null) ?? []) roots.set(ways[step].root, [...roots.get(ways[step].root) ?? [], step]);
  const sum = (/** @type {number[]} */ steps) => steps.reduce((sum, step) => sum + sums[step], 0);
  const items = [...roots].toSorted(([, a], [, b]) => sum(b) - sum(a)).map(([root, steps]) => element('li', {},
    element('span', { class: 'fixed' }, root), element('span', { class: 'quiet' }, ` ${bytes(sum(steps))}`), list(steps)));
  const tree = element('ul', { class: 'holders' }, ...items.slice(0, ROOTS));
  const more = items.length > ROOTS && element('button', {
    type: 'button', click: (/** @type {Event} */ event) => {
      tree.append(...items.slice(ROOTS));
      /** @type {HTMLElement} */ (event.target).remove();
    },
  }, `Show ${counted(items.length - ROOTS, 'further holder')}`);
  return section('Who holds them', tree, more);
}

/** @param {Page} page @param {Memory['sites']} sites */
function sitesTable(page, sites) {
  const number = (/** @type {typeof KINDS[number]} */ kind) => ({
    name: kind, class: 'number', cell: (/** @type {Reached} */ site) => count(blocksOf(site, kind)), order: (/** @type {Reached} */ site) => blocksOf(site, kind),
  });
  return section('Blocks by call site', table({
    caption: 'Blocks by call site', rows: sites, limit: 50, key: ({ site }) => site, isChosen: ({ site }) => site === page.state.site,
    chosen: ({ site }) => site >= 0 && page.go({ site: site === page.state.site ? null : site }),
    columns: [
      { name: 'Call site', class: 'site-title', cell: ({ title, verdict, standing, holder }) => element('span', {}, title,
        verdict !== null && standing !== null && element('div', {}, verdictMark({ verdict, standing })),
        holder !== null && element('div', { class: 'quiet' }, `held by ${holder}`)) },
      ...KINDS.map(number),
    ],
  }));
}

/** @param {NonNullable<Memory['image']>} image */
function lookedAt(image) {
  return section('What was looked at', facts([
    ['In the image', bytes(image.bytes)], ['Variables and other memory', bytes(image.static_bytes)], ['Stacks', bytes(image.stack_bytes)],
    ['Blocks', bytes(image.block_bytes)], ['Heap of unknown use', image.unknown_bytes > 0 ? `${bytes(image.unknown_bytes)}, taken to be in use` : null],
    ['Pointers at blocks', count(image.pointers)], ['Of them by chance', image.expected_by_chance === null ? null : `about ${image.expected_by_chance.toFixed(1)}`],
  ]), ...image.missing.map((text) => element('p', { class: 'problem' }, `${text}: what looks lost may be held there`)),
  ...image.problems.map((text) => element('p', { class: 'problem' }, text)));
}
