// The names of the timeline's lanes, beside them: buttons that choose a lane.
import { laneColour } from 'leakscope/chart/palette.js';
import { shortened } from 'leakscope/format/names.js';
import { element, fill } from 'leakscope/part/element.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/chart/lanes-layout.js').Heading} Heading */
/** @typedef {import('leakscope/chart/lanes-layout.js').Row} Row */

/**
 * @param {Page} page
 * @param {(row: Row) => void} chosen
 */
export function laneLabels(page, chosen) {
  const place = element('div', { class: 'lane-labels', role: 'group', 'aria-label': 'Lanes' });
  let made = '';
  /** @type {Map<string, HTMLElement>} */
  let buttons = new Map();
  const key = (/** @type {Row} */ row) => `${row.core} ${row.context}`;
  return {
    element: place,
    /** @param {(Heading | Row)[]} rows @param {Row | null} focused */
    show(rows, focused) {
      const wanted = rows.map((row) => row.kind === 'core' ? `core ${row.core}` : key(row)).join();
      if (wanted !== made) {
        made = wanted;
        buttons = new Map();
        fill(place, ...rows.map((row) => row.kind === 'core'
          ? element('div', { class: 'lane-heading' }, `Core ${row.core}`)
          : label(row)));
      }
      for (const [name, button] of buttons) {
        button.setAttribute('aria-pressed', String(focused !== null && name === key(focused)));
      }
    },
  };

  /** @param {Row} row */
  function label(row) {
    const context = page.overview.contexts[row.context];
    const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' });
    swatch.style.background = `var(--${laneColour(page.overview.contexts, row.context)})`;
    const name = page.contextName(row.context);
    const button = element('button', {
      type: 'button', class: 'lane-label', title: `${context?.name ?? name} (${context?.kind ?? 'unknown'}), core ${row.core}`, click: () => chosen(row),
    }, swatch, shortened(name, 20));
    buttons.set(key(row), button);
    return button;
  }
}
