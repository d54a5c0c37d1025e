// The button that lets the axes of bytes begin at the level after start-up: beside what a program allocates once, a small
// leak is not to be seen.
import { toggle } from 'leakscope/part/element.js';

/** @param {import('leakscope/page/page.js').Page} page */
export function closeToggle(page) {
  return toggle('From the level after start-up', (on) => page.go({ close: on }),
    'The axis of bytes begins at the lowest level after start-up, not at 0, so that little growth is to be seen');
}
