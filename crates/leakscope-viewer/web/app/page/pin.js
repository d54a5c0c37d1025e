// The button that puts a track of a call site, a task or a heap into the timeline, or takes it away.
import { element } from 'leakscope/part/element.js';

/** @param {import('leakscope/page/page.js').Page} page @param {string} pin */
export function pinButton(page, pin) {
  const button = element('button', {
    type: 'button', class: 'link pin', 'data-pin': pin,
    click: () => page.go({ pins: withOrWithout(page.state.pins, pin) }),
  });
  showPin(button, page.state.pins);
  return button;
}

/** The buttons in a place say what they do now. @param {Element} place @param {string[]} pins */
export function showPins(place, pins) {
  for (const button of place.querySelectorAll('.pin')) showPin(button, pins);
}

/** @param {Element} button @param {string[]} pins */
function showPin(button, pins) {
  button.textContent = pins.includes(button.getAttribute('data-pin') ?? '') ? 'Unpin' : 'Pin';
}

/** @param {string[]} pins @param {string} pin */
function withOrWithout(pins, pin) {
  return pins.includes(pin) ? pins.filter((other) => other !== pin) : [...pins, pin];
}
