// A call stack as a list, the innermost function first, with what was inlined marked, and what is not certain.
import { breakable, element } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/data/types.js').Frame} Frame */

/** @param {Frame} frame */
export function frameName(frame) {
  return frame.function ?? frame.address;
}

/** @param {Frame} frame */
export function frameWhere(frame) {
  if (frame.file === null) return frame.function === null ? '' : frame.address;
  return frame.line === null ? frame.file : `${frame.file}:${frame.line}`;
}

/**
 * @param {{ frames: Frame[], stack: number[], allocator: number[] }} stack
 * @param {boolean} withAllocator
 */
export function stackList({ frames, stack, allocator }, withAllocator) {
  const lines = [
    ...(withAllocator ? allocator.map((index) => ({ frame: frames[index], ofAllocator: true })) : []),
    ...stack.map((index) => ({ frame: frames[index], ofAllocator: false })),
  ].filter(({ frame }) => frame !== undefined);
  if (lines.length === 0) return element('p', { class: 'quiet' }, 'The trace has no call stack of it.');
  return element('ol', { class: 'stack', 'aria-label': 'Call stack, innermost function first' },
    ...lines.map(({ frame, ofAllocator }) => element('li', {},
      element('span', { class: 'function', title: frameName(frame) }, ...breakable(frameName(frame))),
      element('span', { class: 'where' }, ...breakable(frameWhere(frame))),
      frame.inlined && element('span', { class: 'inlined' }, 'inlined'),
      frame.certainty && element('span', { class: 'inlined' }, frame.certainty),
      ofAllocator && element('span', { class: 'of-allocator' }, 'allocator'))));
}
