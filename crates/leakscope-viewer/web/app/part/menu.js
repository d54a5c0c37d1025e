// A menu at the pointer, as a right-click or the menu key opens it.
import { element } from 'leakscope/part/element.js';

/** @typedef {{ label: string, checked?: boolean, action: () => void } | null} Item null: a line between */

/**
 * @param {string} label
 * @param {Item[]} items
 * @param {{ x: number, y: number }} place in the window
 */
export function openMenu(label, items, { x, y }) {
  const before = document.activeElement;
  const close = () => {
    menu.remove();
    document.removeEventListener('pointerdown', outside, true);
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  };
  const outside = (/** @type {Event} */ event) => {
    if (!(event.target instanceof Node && menu.contains(event.target))) close();
  };
  const buttons = items.map((item) => item === null ? element('hr') : element('button', {
    type: 'button', role: item.checked === undefined ? 'menuitem' : 'menuitemcheckbox', 'aria-checked': item.checked === undefined ? null : String(item.checked), tabindex: -1,
    click: () => {
      close();
      item.action();
    },
  }, element('span', { class: 'check', 'aria-hidden': 'true' }, item.checked ? '✓' : ''), item.label));
  const choices = buttons.filter((button) => button instanceof HTMLButtonElement);
  const menu = element('div', {
    class: 'menu', role: 'menu', 'aria-label': label,
    keydown: (/** @type {KeyboardEvent} */ event) => {
      const at = choices.findIndex((choice) => choice === document.activeElement);
      const last = choices.length - 1;
      const next = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
      if (next !== undefined) choices[next].focus();
      else if (event.key === 'Escape' || event.key === 'Tab') close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  }, ...buttons);
  document.body.append(menu);
  // Kept inside the window.
  menu.style.left = `${Math.max(Math.min(x, innerWidth - menu.offsetWidth - 4), 0)}px`;
  menu.style.top = `${Math.max(Math.min(y, innerHeight - menu.offsetHeight - 4), 0)}px`;
  document.addEventListener('pointerdown', outside, true);
  choices[0]?.focus();
}
