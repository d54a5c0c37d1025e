// The views that a heap dump has nothing for say why, and where the same is to be had.
import { element } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/state/fragment.js').ViewName} ViewName */

/** @type {Partial<Record<ViewName, string>>} */
const WHY = {
  timeline: 'A dump has no times: it lists the blocks of one moment, and neither who ran nor when.',
  events: 'A dump has no events: it lists blocks, each with the call stack that allocated it.',
  terminal: 'The log lines around a dump have no times that belong to it; they are in the console’s own log.',
  tasks: 'A dump does not say which task allocated a block, nor how long tasks ran.',
};

/** Whether a view has something to show of a dump. @param {ViewName} view */
export function needsTimes(view) {
  return WHY[view] !== undefined;
}

/**
 * @param {Page} page
 * @param {ViewName} view
 * @returns {import('leakscope/page/page.js').View}
 */
export function withoutTimesView(page, view) {
  const link = (/** @type {string} */ label, /** @type {ViewName} */ to) =>
    element('button', { type: 'button', class: 'link', click: () => page.go({ view: to }) }, label);
  return {
    element: element('div', { class: 'view', tabindex: -1 }, element('div', { class: 'padded without-times' },
      element('p', {}, WHY[view] ?? ''),
      element('p', {}, 'What it does say is in ', link('Overview', 'overview'), ', ', link('Call sites', 'sites'), ' and ', link('Flame graph', 'flame'), '.'),
      element('p', { class: 'quiet' }, 'A trace has all of this: ', element('code', {}, 'leakscope record'), ', or heap tracing in host-based mode.'))),
    show() {},
  };
}
