// The edges of the screen's pixels. What begins between two of them is drawn paler in both, and columns beside each other that
// do so look like bands that are in no data.

/**
 * Moves places to the edges of pixels, as the pen is placed now.
 * @param {import('leakscope/chart/picture.js').Pen} pen
 * @returns {{ snap: (x: number) => number, pixel: number }} `pixel`: a pixel's width
 */
export function pixelEdges(pen) {
  const { a: sharpness, e: left } = pen.getTransform();
  return { snap: (x) => (Math.round(x * sharpness + left) - left) / sharpness, pixel: 1 / sharpness };
}
