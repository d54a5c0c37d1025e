// What the colours and shapes of the timeline mean.
import { element } from 'leakscope/part/element.js';

/** @type {[colour: string, words: string][]} */
const MEANINGS = [
  ['lane-0', 'a task runs: each has a colour of its own; a lower bar on a pale one is its share of a stretch'],
  ['interrupt', 'an interrupt'], ['scheduler', 'the scheduler'], ['idle', 'idle, or not known'],
  ['ready', 'thin: ready to run, but something else runs'],
  ['heap-line', 'live bytes; the dark band is between the lowest and the highest of a column'],
  ['allocation', 'allocations, upward'], ['free', 'frees, downward'], ['leak', 'a cross: an allocation that failed, or a wrong free'],
  ['log', 'log lines; warnings and errors are larger, and have colours of their own'], ['gap-line', 'a band: data were lost, or the recording paused'], ['muted', 'a dashed line: a session begins, after a reset or a pause'],
  ['accent', 'in a track: an arrow from an allocation to the free of its block'], ['cursor', 'the cursor, and the pointer'],
];

export function timelineLegend() {
  return element('details', { class: 'legend' }, element('summary', {}, 'Legend'),
    element('ul', {}, ...MEANINGS.map(([colour, words]) => {
      const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' });
      swatch.style.background = `var(--${colour})`;
      return element('li', {}, swatch, words);
    })));
}
