// Asks for an event's number or a time, and goes there.
import { readPlace } from 'leakscope/format/place.js';
import { element } from 'leakscope/part/element.js';

/** @param {import('leakscope/page/page.js').Page} page */
export function goToDialog(page) {
  const input = element('input', { class: 'search', 'aria-label': 'Event number or time', placeholder: '4711, 0.25, 12 ms, 50 %' });
  const wrong = element('p', { class: 'verdict doubt', role: 'alert' });
  const dialog = element('dialog', { 'aria-label': 'Go to' },
    element('form', {
      submit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const place = readPlace(input.value, { hz: page.clock.hz, end: page.overview.clock.end });
        if (place === null) {
          wrong.textContent = 'An event’s number, a time in seconds (0.25) or with its unit, or a part in %.';
          return;
        }
        dialog.close();
        page.go('index' in place ? { event: place.index } : { event: null, cursor: place.time });
      },
    }, element('h2', {}, 'Go to an event or a time'), input, ' ', element('button', {}, 'Go'), wrong));
  return {
    element: dialog,
    open() {
      wrong.textContent = '';
      dialog.showModal();
      input.select();
    },
  };
}
