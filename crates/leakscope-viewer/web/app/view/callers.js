// The callers of one function, as flames above what it calls: the upper half of its sandwich view.
import { boxAt, drawIcicle, ROW } from 'leakscope/chart/icicle.js';
import { place, tree } from 'leakscope/chart/icicle-layout.js';
import { listen } from 'leakscope/chart/gestures.js';
import { Picture } from 'leakscope/chart/picture.js';
import { element } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/chart/icicle-layout.js').Node} Node */
/** @typedef {import('leakscope/data/types.js').Sites} Sites */

/** Rows that its tree has below those who call: everything, and the function itself. */
const OWN = 2;

/**
 * @param {import('leakscope/page/page.js').Page} page
 * @param {(node: Node | null, whole: number) => void} hovered a caller, and what the function has in all
 */
export function callersPicture(page, hovered) {
  let root = tree({ sites: /** @type {Sites['sites']} */ ([]), frames: [] }, page.state);
  /** @type {import('leakscope/chart/icicle-layout.js').Box[]} */
  let boxes = [];
  /** @type {Node | null} */
  let pointed = null;
  const picture = new Picture('Who calls the function', (pen, width, height) => {
    const { search, verdicts } = page.state;
    drawIcicle(pen, boxes, width, height, { search, verdicts, upward: true, focused: null, hovered: pointed, zoomed: root });
  }, { class: 'callers-picture', resized: () => arrange() });
  const nothing = element('p', { class: 'list-nothing' }, 'Nobody calls it: the stacks end there.');
  const arrange = () => {
    boxes = place(root, 0.4 / Math.max(picture.width, 1)).filter(({ depth }) => depth >= OWN).map((box) => ({ ...box, depth: box.depth - OWN }));
    const rows = boxes.reduce((most, { depth }) => Math.max(most, depth + 1), 0);
    nothing.hidden = rows > 0;
    picture.element.hidden = rows === 0;
    picture.element.style.height = `${rows * ROW}px`;
    picture.fit();
  };
  const at = (/** @type {number} */ x, /** @type {number} */ y) => boxAt(boxes, x / picture.width, y, picture.height, true)?.node ?? null;
  listen(picture.element, {
    select: () => {},
    click: (x, y) => {
      const name = at(x, y)?.frame?.function ?? null;
      if (name !== null) page.go({ around: name, zoom: '' });
    },
    hover: (x, y) => {
      pointed = x === null ? null : at(x, y);
      picture.draw();
      hovered(pointed, root.value);
    },
  });
  return {
    element: element('div', { class: 'flame-callers', hidden: true }, picture.element, nothing),
    /** @param {Sites} sites */
    show(sites) {
      const { around, weight, allocator, lines } = page.state;
      this.element.hidden = around === '';
      if (around === '') return;
      root = tree(sites, { weight, allocator, lines, around, inverted: true });
      pointed = null;
      arrange();
    },
  };
}
