// Memory: the heap's map over time, and the image of memory at the end of the recording; whichever of them is there.
import { element } from 'leakscope/part/element.js';
import { heapMapView } from 'leakscope/view/heap-map.js';
import { imageView } from 'leakscope/view/memory-image.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/page/page.js').View} View */

const MAPS = /** @type {const} */ ([['heap', 'Heap over time'], ['image', 'Image at the end']]);

/** The map that is to be shown. @param {Page} page */
function mapOf({ overview, state }) {
  if (!overview.image) return 'heap';
  return state.map === 'image' || !overview.heap_map ? 'image' : 'heap';
}

/** @param {Page} page @returns {View} */
export function memoryView(page) {
  const place = element('div', { class: 'view whole' });
  /** @type {{ map: string, view: View } | null} */
  let shown = null;
  const chooser = () => {
    const { heap_map: heapMap, image } = page.overview;
    if (!heapMap || !image) return null;
    return element('div', { class: 'group', role: 'group', 'aria-label': 'Map' }, ...MAPS.map(([map, words]) => element('button', {
      type: 'button', class: 'toggle', 'aria-pressed': String(map === mapOf(page)), click: () => page.go({ map }),
    }, words)));
  };
  return {
    element: place,
    show(state) {
      const map = mapOf(page);
      if (shown?.map !== map) {
        shown?.view.close?.();
        shown = { map, view: (map === 'heap' ? heapMapView : imageView)(page, chooser()) };
        place.replaceChildren(shown.view.element);
        shown.view.first?.focus({ preventScroll: true, ...{ focusVisible: false } });
      }
      shown.view.show(state);
    },
    key: (event) => shown?.view.key?.(event) ?? false,
    close: () => shown?.view.close?.(),
  };
}
