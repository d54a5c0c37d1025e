// An image of memory at the end of the recording: a map of it with each block, and beside that who holds them.
import { fittingRowBytes, LEAST_ROW_BYTES, layOut, partAt, placeOf, regionsOf, rowAt } from 'leakscope/chart/address-layout.js';
import { listen } from 'leakscope/chart/gestures.js';
import { COLOURINGS, KINDS, legend, OTHERS, partColours } from 'leakscope/chart/memory-colours.js';
import { drawMemoryMap, GUTTER, hex, ROW } from 'leakscope/chart/memory-map.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Latest } from 'leakscope/data/latest.js';
import { bytes, counted, shortBytes } from 'leakscope/format/units.js';
import { choice, element, fill } from 'leakscope/part/element.js';
import { tip } from 'leakscope/part/tip.js';
import { memoryTables } from 'leakscope/view/memory-tables.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Memory} Memory */
/** A part of a region: which, and its place in it. @typedef {{ region: import('leakscope/chart/address-layout.js').Region, at: number }} Spot */

/** Browsers do not make elements much taller, in pixels. */
const TALLEST = 8_000_000;

/**
 * @param {Page} page
 * @param {HTMLElement | null} chooser of the maps that there are
 * @returns {import('leakscope/page/page.js').View}
 */
export function imageView(page, chooser) {
  /** @type {Memory | null} */
  let memory = null;
  let layout = layOut([], LEAST_ROW_BYTES);
  /** Every spot that is a block, in order of addresses. @type {Spot[]} */
  let blocks = [];
  /** @type {Spot | null} */
  let focused = null;
  /** @type {Spot | null} */
  let hovered = null;
  /** The step of a way whose blocks stand out. @type {number | null} */
  let step = null;

  const regions = () => layout.placed.map(({ region }) => region);
  const partOf = (/** @type {Spot} */ { region, at }) => region.parts[at];
  const stretchOf = (/** @type {Spot} */ { region, at }) => ({ region, from: region.starts[at], to: region.starts[at + 1] ?? region.bytes });
  const isLost = (/** @type {number} */ part) => part >= 0 && (memory?.blocks.kinds[part] ?? 2) < 2;
  const titleOf = (/** @type {number} */ part) => {
    const number = memory?.blocks.sites[part];
    return memory?.sites.find(({ site }) => site === number)?.title ?? 'block';
  };

  const picture = new Picture('Map of memory', (pen, width, height) => {
    if (memory === null) return;
    const { site, colouring } = page.state;
    const { blocks: { holders, sites } } = memory;
    const isChosen = step !== null ? (/** @type {number} */ part) => holders[part] === step
      : site !== null && sites.includes(site) ? (/** @type {number} */ part) => sites[part] === site : null;
    drawMemoryMap(pen, layout, { top: scroller.scrollTop, width, height },
      { fill: partColours(memory, colouring), isLost, label: titleOf, isChosen }, focused && stretchOf(focused));
  }, { focusable: true, class: 'memory-picture', resized: () => sized() });
  const room = element('div', { class: 'memory-room' }, picture.element);
  const scroller = element('div', { class: 'memory-scroller', scroll: () => picture.draw() }, room);
  const nothing = element('p', { class: 'list-nothing' }, 'Reading …');
  const line = element('div', { class: 'flame-line', 'aria-live': 'polite' });
  const tables = memoryTables(page, (chosen) => {
    step = chosen === step ? null : chosen;
    tables.choose(step);
    if (step !== null) page.go({ site: null });
    picture.draw();
  });
  const keys = element('div', { class: 'memory-legend' });
  const pointer = tip();

  const colouring = choice('Colours', COLOURINGS, (colouring) => page.go({ colouring }));
  const closer = element('button', { type: 'button', title: 'Zoom in (+)', 'aria-label': 'Zoom in', click: () => zoom(0.5) }, '+');
  const farther = element('button', { type: 'button', title: 'Zoom out (−)', 'aria-label': 'Zoom out', click: () => zoom(2) }, '−');
  const whole = element('button', { type: 'button', title: 'All of it (0)', click: () => fit() }, 'All');
  const rest = element('span', { class: 'rest' });
  const split = element('div', { class: 'split memory open' }, element('div', { class: 'memory-left', tabindex: 0, role: 'region', 'aria-label': 'Map of memory' }, scroller, nothing, line, keys), tables.element);

  const latest = new Latest(page.source, 'memory', (answer) => {
    memory = answer;
    layout = layOut(regionsOf(answer.regions), LEAST_ROW_BYTES);
    blocks = regions().flatMap((region) => region.parts.flatMap((part, at) => part >= 0 ? [{ region, at }] : []));
    focused = blocks.find((spot) => isLost(partOf(spot))) ?? blocks[0] ?? null;
    const hasMap = answer.regions.length > 0;
    scroller.hidden = !hasMap;
    nothing.hidden = hasMap;
    fill(nothing, ...(answer.image === null ? withoutImage() : ['The map of memory is too large for this file: leakscope view shows it.']));
    tables.fill(answer);
    fit();
  }, (message) => fill(nothing, message));

  /** @param {number} rowBytes @param {Spot | null} kept the spot that stays where it is, if it can */
  const setRowBytes = (rowBytes, kept) => {
    const before = kept === null ? 0 : placeOf(layout, kept.region, kept.region.starts[kept.at]).row * ROW - scroller.scrollTop;
    layout = layOut(regions(), rowBytes);
    room.style.height = `${Math.max(layout.rows * ROW, scroller.clientHeight)}px`;
    if (kept !== null) scroller.scrollTop = placeOf(layout, kept.region, kept.region.starts[kept.at]).row * ROW - before;
    closer.disabled = !canHave(rowBytes / 2);
    farther.disabled = rowBytes >= fitting();
    rest.textContent = memory?.image ? `${shortBytes(memory.image.bytes)}, ${shortBytes(rowBytes)} in a row` : '';
    picture.draw();
    tell();
  };
  const fitting = () => fittingRowBytes(regions(), Math.floor(scroller.clientHeight / ROW));
  const fit = () => setRowBytes(fitting(), null);
  const canHave = (/** @type {number} */ rowBytes) => rowBytes >= LEAST_ROW_BYTES && layOut(regions(), rowBytes).rows * ROW < TALLEST;
  const zoom = (/** @type {number} */ factor, kept = hovered ?? focused) => {
    const rowBytes = Math.min(layout.rowBytes * factor, fitting());
    if (canHave(rowBytes)) setRowBytes(rowBytes, kept);
  };
  const sized = () => {
    picture.element.style.height = `${scroller.clientHeight}px`;
    if (memory !== null) setRowBytes(Math.min(layout.rowBytes, fitting()), focused);
  };
  const observer = new ResizeObserver(() => sized());
  observer.observe(scroller);

  /** @param {number} x @param {number} y @returns {Spot | null} */
  const at = (x, y) => {
    const row = rowAt(layout, Math.floor((y + scroller.scrollTop) / ROW));
    if (row === null || row.stretch === null || x < GUTTER) return null;
    const { placed: { region, lead }, stretch } = row;
    const rowStart = Math.floor((stretch.from + lead) / layout.rowBytes) * layout.rowBytes - lead;
    const offset = Math.floor(rowStart + ((x - GUTTER) / (picture.width - GUTTER)) * layout.rowBytes);
    if (offset < stretch.from || offset >= stretch.to) return null;
    const pixel = layout.rowBytes / (picture.width - GUTTER);
    // Of the parts in this pixel, a block that is lost, or any.
    const near = [offset, offset + Math.floor(pixel) - 1].map((offset) => partAt(region, Math.min(Math.max(offset, stretch.from), stretch.to - 1)));
    const seen = Array.from({ length: Math.max(near[1] - near[0], 0) + 1 }, (_, index) => near[0] + index);
    const best = seen.find((at) => isLost(region.parts[at])) ?? seen.find((at) => region.parts[at] >= 0) ?? near[0];
    return { region, at: best };
  };
  /** What there is to say of a spot. @param {Spot} spot @returns {string[]} */
  const words = (spot) => {
    const { region, from, to } = stretchOf(spot);
    const part = partOf(spot);
    const place = `${hex(region.address + BigInt(from))}, ${bytes(to - from)}`;
    if (memory === null || part < 0) return [OTHERS[-1 - part]?.[1] ?? '', place];
    const { kinds, holders, words: pointers } = memory.blocks;
    const way = memory.image?.holders[holders[part]]?.way;
    return [titleOf(part), `${place}, ${KINDS[kinds[part]]}`, way === undefined ? 'nothing that can be reached points at it' : `held by ${way}`,
      pointers[part] > 1 ? `${counted(pointers[part], 'word')} point at it` : ''].filter((text) => text !== '');
  };
  const tell = () => {
    const spot = hovered ?? focused;
    if (memory === null || spot === null) return fill(line);
    const [title, ...others] = words(spot);
    const site = memory.blocks.sites[partOf(spot)] ?? -1;
    fill(line, element('b', { class: 'fixed' }, title), ...others.map((text) => element('span', {}, text)),
      spot === focused && site >= 0 && element('button', { type: 'button', class: 'link', click: () => page.go({ view: 'sites', site }) }, 'Show the call site'));
  };
  /** @param {Spot} spot */
  const focus = (spot) => {
    focused = spot;
    hovered = null;
    const y = placeOf(layout, spot.region, spot.region.starts[spot.at]).row * ROW;
    if (y < scroller.scrollTop || y + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = y - scroller.clientHeight / 2;
    picture.draw();
    tell();
  };
  /** The site of a block stands out, and no step of a way. @param {Spot} spot */
  const choose = (spot) => {
    const part = partOf(spot);
    step = null;
    tables.choose(null);
    const site = memory?.blocks.sites[part] ?? -1;
    page.go({ site: part >= 0 && site >= 0 && site !== page.state.site ? site : null });
  };
  listen(picture.element, {
    select: () => {},
    click: (x, y) => {
      const spot = at(x, y);
      if (spot === null) return;
      if (partOf(spot) >= 0) focus(spot);
      choose(spot);
    },
    doubleClick: (x, y) => zoom(0.25, at(x, y)),
    hover: (x, y) => {
      hovered = x === null ? null : at(x, y);
      const box = picture.element.getBoundingClientRect();
      pointer.show(hovered && words(hovered).join('\n'), { x: box.left + (x ?? 0), y: box.top + y });
      tell();
    },
  });
  scroller.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.5 : 2);
  }, { passive: false });

  const near = (/** @type {number} */ distance, /** @type {(spot: Spot) => boolean} */ isWanted = () => true) => {
    const here = blocks.findIndex((spot) => spot.region === focused?.region && spot.at === focused?.at);
    const found = distance > 0 ? blocks.findIndex((spot, index) => index > here && isWanted(spot))
      : blocks.findLastIndex((spot, index) => index < here && isWanted(spot));
    return blocks[found] ?? null;
  };
  /** The block above or below. @param {number} rows */
  const beside = (rows) => {
    if (focused === null) return null;
    const row = (/** @type {Spot} */ spot) => placeOf(layout, spot.region, spot.region.starts[spot.at]).row;
    const here = row(focused);
    return near(rows, (spot) => rows > 0 ? row(spot) > here : row(spot) < here);
  };
  return {
    element: element('div', { class: 'view whole' },
      element('div', { class: 'tools' }, chooser, colouring, element('div', { class: 'group' }, farther, closer, whole), rest), split),
    first: picture.element,
    show(state) {
      colouring.value = COLOURINGS.some(([name]) => name === state.colouring) ? state.colouring : 'kind';
      const colours = [...legend(colouring.value), ...OTHERS];
      fill(keys, ...colours.map(([name, words]) => element('span', {}, element('span', { class: `swatch ${name}`, 'aria-hidden': 'true' }), words)));
      latest.ask({}, page.version);
      tables.show(state);
      picture.draw();
    },
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey || memory === null) return false;
      const isLostSpot = (/** @type {Spot} */ spot) => isLost(partOf(spot));
      const isOnMap = document.activeElement === picture.element;
      const moves = /** @type {Record<string, () => Spot | null>} */ ({
        n: () => near(1, isLostSpot), p: () => near(-1, isLostSpot),
        ...isOnMap ? {
          ArrowRight: () => near(1), ArrowLeft: () => near(-1), ArrowDown: () => beside(1), ArrowUp: () => beside(-1),
          Home: () => blocks[0] ?? null, End: () => blocks.at(-1) ?? null,
        } : {},
      });
      if (event.key in moves) {
        const spot = moves[event.key]();
        if (spot !== null) focus(spot);
      } else if (event.key === '+') zoom(0.5);
      else if (event.key === '-') zoom(2);
      else if (event.key === '0') fit();
      else if (event.key === 'Enter' && isOnMap && focused !== null) choose(focused);
      else return false;
      return true;
    },
    close() {
      latest.stop();
      observer.disconnect();
      pointer.close();
    },
  };
}

function withoutImage() {
  return ['There is no image of memory beside this recording. ', element('code', {}, 'leakscope record --image'),
    ' makes one, and ', element('code', {}, 'leakscope view TRACE --image FILE'), ' shows who points at which block.'];
}
