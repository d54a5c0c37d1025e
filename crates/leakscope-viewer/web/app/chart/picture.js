// A canvas as large as its place, sharp on any screen, drawn anew when size or colours change.
import { element } from 'leakscope/part/element.js';

/** @typedef {CanvasRenderingContext2D} Pen */

/** @type {Set<WeakRef<Picture>>} */
const pictures = new Set();

export class Picture {
  /**
   * @param {string} label what is to be seen, for those who cannot see it
   * @param {(pen: Pen, width: number, height: number) => void} draw in CSS pixels
   * @param {{ class?: string, focusable?: boolean, resized?: (width: number) => void }} [options]
   */
  constructor(label, draw, options = {}) {
    this.paint = draw;
    this.canvas = element('canvas', { role: 'img', 'aria-label': label });
    this.element = element('div', {
      class: `picture ${options.class ?? ''}`, tabindex: options.focusable ? 0 : null,
      role: options.focusable ? 'group' : null, 'aria-label': options.focusable ? label : null,
    }, this.canvas);
    this.width = 0;
    this.height = 0;
    this.asked = 0;
    this.resized = options.resized;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.element);
    pictures.add(new WeakRef(this));
  }

  /** @param {string} label */
  describe(label) {
    this.canvas.setAttribute('aria-label', label);
  }

  fit() {
    const width = this.element.clientWidth;
    const height = this.element.clientHeight;
    if (width === 0 || height === 0) return;
    const sharpness = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * sharpness);
    this.canvas.height = Math.round(height * sharpness);
    const changed = width !== this.width;
    this.width = width;
    this.height = height;
    if (changed) this.resized?.(width);
    this.drawNow();
  }

  /** At the next frame. */
  draw() {
    if (this.asked === 0) this.asked = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    const pen = this.canvas.getContext('2d');
    if (pen === null || this.width === 0) return;
    const sharpness = this.canvas.width / this.width;
    pen.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = `12px ${getComputedStyle(document.documentElement).getPropertyValue('--font')}`;
    this.paint(pen, this.width, this.height);
  }
}

/** The colours of the page have changed. */
export function drawAll() {
  for (const reference of pictures) {
    const picture = reference.deref();
    if (picture === undefined) pictures.delete(reference);
    else picture.draw();
  }
}
