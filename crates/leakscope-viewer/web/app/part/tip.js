// A few words beside the pointer.
import { element } from 'leakscope/part/element.js';

export function tip() {
  const box = element('div', { class: 'tip', role: 'tooltip', hidden: true });
  document.body.append(box);
  return {
    /** @param {string | null} text null: away @param {{ x: number, y: number }} [place] in the window */
    show(text, { x, y } = { x: 0, y: 0 }) {
      box.hidden = text === null || text === '';
      if (text === null || box.hidden) return;
      box.textContent = text;
      const left = x + 14 + box.offsetWidth > innerWidth ? x - 10 - box.offsetWidth : x + 14;
      const top = y + 16 + box.offsetHeight > innerHeight ? y - 10 - box.offsetHeight : y + 16;
      box.style.left = `${Math.max(left, 2)}px`;
      box.style.top = `${Math.max(top, 2)}px`;
    },
    close: () => box.remove(),
  };
}
