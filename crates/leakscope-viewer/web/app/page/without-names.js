// What is said where functions are only addresses, and how that is mended.
import { element } from 'leakscope/part/element.js';

/** @param {import('leakscope/page/page.js').Page} page @returns {HTMLElement | null} null: they have names */
export function withoutNames(page) {
  const { symbols, totals } = page.overview;
  if (symbols || totals.allocations === 0) return null;
  return element('span', { class: 'quiet' }, 'Functions are addresses, because no ELF file was named: with ',
    element('code', {}, '--elf build/app.elf'), ' they have names and lines, and the allocator’s own are left away.');
}
