// The pointer over a curve shows its moment in all others, and a click sets the cursor.
import { listen } from 'leakscope/chart/gestures.js';
import { Scale } from 'leakscope/chart/scale.js';

/**
 * @param {import('leakscope/page/page.js').Page} page
 * @param {import('leakscope/chart/picture.js').Picture} picture
 * @param {() => import('leakscope/state/fragment.js').Stretch} shown
 */
export function hoverIn(page, picture, shown) {
  const ticks = (/** @type {number} */ x) => Math.round(new Scale(shown(), picture.width).ticks(x));
  listen(picture.element, {
    select: () => {},
    click: (x) => page.go({ cursor: ticks(x) }),
    hover: (x) => page.hover(x === null ? null : ticks(x)),
  });
}
