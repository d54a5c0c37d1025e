// Draws a tree of call stacks as an icicle, or upside down as flames.
import { matches, mergedWords } from 'leakscope/chart/icicle-layout.js';
import { colour, fillOf } from 'leakscope/chart/palette.js';
import { cutText } from 'leakscope/chart/text.js';

export const ROW = 20;

/** What standings look like. */
export const STANDINGS = /** @type {const} */ ({ leak: 'definite', unknown: 'possible', fine: 'reachable' });

/** @typedef {import('leakscope/chart/icicle-layout.js').Box} Box */
/** @typedef {import('leakscope/chart/icicle-layout.js').Node} Node */

/**
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {Box[]} boxes
 * @param {number} width
 * @param {number} height
 * @param {{ search: string, upward: boolean, verdicts: boolean, differences?: Differences | null, focused: Node | null, hovered: Node | null, zoomed: Node }} options
 *   `verdicts`: colours say what the worst call site below is; `differences`: what is different from another recording
 */
export function drawIcicle(pen, boxes, width, height, { search, upward, verdicts, differences = null, focused, hovered, zoomed }) {
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  for (const box of boxes) {
    const { node } = box;
    const x = box.x * width;
    const y = top(box, height, upward);
    const room = Math.max(box.width * width - 1, 0.5);
    if (box.rest !== undefined) {
      drawRest(pen, box.rest, x, y, room);
      continue;
    }
    const hit = matches(node, search);
    const isAbove = node !== zoomed && isAncestor(node, zoomed);
    pen.globalAlpha = isAbove || (search !== '' && !hit) ? 0.55 : 1;
    if (differences !== null && !hit) {
      drawDifference(pen, differences, box, { x, y, room });
      drawFrame(pen, node, { focused, hovered }, { x, y, room });
      continue;
    }
    const fill = verdicts ? STANDINGS[node.worst] : fillOf(node.frame?.file ?? node.key);
    pen.fillStyle = colour(hit ? 'hit' : node.parent === null ? 'raised' : fill);
    pen.fillRect(x, y, room, ROW - 1);
    if (verdicts && node.worst === 'leak' && node.parent !== null) {
      // A bar, for those who do not see the colour.
      pen.fillStyle = colour('on-fill');
      pen.fillRect(x, y + ROW - 3, room, 2);
    }
    pen.globalAlpha = 1;
    const merged = mergedWords(node);
    const text = cutText(pen, merged === '' ? node.label : `${node.label} · ${merged}`, room - 8);
    if (text !== '') {
      pen.fillStyle = colour(hit ? 'on-hit' : node.parent === null ? 'text' : isAbove || (search !== '' && !hit) ? 'text' : 'on-fill');
      pen.fillText(text, x + 4, y + ROW / 2);
    }
    drawFrame(pen, node, { focused, hovered }, { x, y, room });
  }
}

/** How much more each function has than in the other recording, the largest difference of all, and in words.
 *  @typedef {{ of: (node: Node) => number, largest: number, words: (difference: number) => string }} Differences */
/** @typedef {{ x: number, y: number, room: number }} Place */

/** @param {import('leakscope/chart/picture.js').Pen} pen @param {Node} node @param {{ focused: Node | null, hovered: Node | null }} marked @param {Place} place */
function drawFrame(pen, node, { focused, hovered }, { x, y, room }) {
  if (node !== focused && node !== hovered) return;
  pen.strokeStyle = colour(node === focused ? 'focus' : 'text');
  pen.lineWidth = node === focused ? 2 : 1;
  pen.strokeRect(x + 1, y + 1, Math.max(room - 2, 1), ROW - 3);
}

/**
 * Red is more and blue is less, the fuller the larger the difference; the number says it too.
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {Differences} differences
 * @param {Box} box
 * @param {Place} place
 */
function drawDifference(pen, { of, largest, words }, { node }, { x, y, room }) {
  const difference = of(node);
  pen.fillStyle = colour('raised');
  pen.fillRect(x, y, room, ROW - 1);
  if (difference !== 0) {
    pen.globalAlpha = 0.2 + 0.5 * Math.min(Math.abs(difference) / Math.max(largest, 1e-9), 1);
    pen.fillStyle = colour(difference > 0 ? 'more' : 'less');
    pen.fillRect(x, y, room, ROW - 1);
    pen.globalAlpha = 1;
  }
  pen.fillStyle = colour('text');
  pen.fillText(cutText(pen, difference === 0 ? node.label : `${node.label} ${words(difference)}`, room - 8), x + 4, y + ROW / 2);
}

/**
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {number} room
 */
function drawRest(pen, words, x, y, room) {
  pen.fillStyle = colour('raised');
  pen.fillRect(x, y, room, ROW - 1);
  pen.fillStyle = colour('muted');
  pen.fillText(cutText(pen, words, room - 8), x + 4, y + ROW / 2);
}

/**
 * @param {Box[]} boxes
 * @param {number} x as a share of the width
 * @param {number} y in pixels
 * @param {number} height
 * @param {boolean} upward
 */
export function boxAt(boxes, x, y, height, upward) {
  return boxes.find((box) => {
    const edge = top(box, height, upward);
    return y >= edge && y < edge + ROW && x >= box.x && x < box.x + box.width;
  }) ?? null;
}

/** @param {Box} box @param {number} height @param {boolean} upward */
function top(box, height, upward) {
  return upward ? height - (box.depth + 1) * ROW : box.depth * ROW;
}

/** @param {Node} node @param {Node} below */
function isAncestor(node, below) {
  for (let at = below.parent; at !== null; at = at.parent) if (at === node) return true;
  return false;
}
