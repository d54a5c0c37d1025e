// Wheel, drag, click and hover on pictures with a time axis: wheel zooms, Shift and wheel pans, drag
// selects, Shift and drag pans, a click sets the cursor.

/**
 * @typedef {object} Gestures
 * @property {(at: number, factor: number) => void} [zoom] at: pixels from the left
 * @property {(pixels: number) => void} [pan]
 * @property {(from: number, to: number, ended: boolean) => void} select pixels
 * @property {(x: number, y: number) => void} click
 * @property {(x: number, y: number) => void} [doubleClick]
 * @property {(x: number | null, y: number) => void} [hover] null: the pointer left
 */

/** Pixels that a pointer may move in a click. */
const CLICK = 3;

/**
 * @param {HTMLElement} element
 * @param {Gestures} gestures
 */
export function listen(element, gestures) {
  /** @type {{ x: number, last: number, moved: boolean, panning: boolean } | null} */
  let drag = null;
  const place = (/** @type {MouseEvent} */ event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener('wheel', (event) => {
    const { x } = place(event);
    const pixels = event.deltaMode === 0 ? 1 : 20;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      if (!gestures.pan) return;
      gestures.pan((event.deltaX || event.deltaY) * pixels);
    } else {
      if (!gestures.zoom) return;
      gestures.zoom(x, 1.0018 ** (event.deltaY * pixels));
    }
    event.preventDefault();
  }, { passive: false });

  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const { x } = place(event);
    drag = { x, last: x, moved: false, panning: event.shiftKey };
    element.setPointerCapture(event.pointerId);
  });

  element.addEventListener('pointermove', (event) => {
    const { x, y } = place(event);
    gestures.hover?.(x, y);
    if (drag === null) return;
    drag.moved ||= Math.abs(x - drag.x) > CLICK;
    if (!drag.moved) return;
    if (drag.panning) gestures.pan?.(drag.last - x);
    else gestures.select(Math.min(drag.x, x), Math.max(drag.x, x), false);
    drag.last = x;
  });

  element.addEventListener('pointerup', (event) => {
    if (drag === null) return;
    const { x, y } = place(event);
    if (!drag.moved) gestures.click(x, y);
    else if (!drag.panning) gestures.select(Math.min(drag.x, x), Math.max(drag.x, x), true);
    drag = null;
  });

  element.addEventListener('pointercancel', () => { drag = null; });
  element.addEventListener('pointerleave', () => gestures.hover?.(null, 0));
  element.addEventListener('dblclick', (event) => {
    const { x, y } = place(event);
    gestures.doubleClick?.(x, y);
  });
}
