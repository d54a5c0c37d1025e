// Which rows of a long list are to be seen, and where its scroll bar stands. Browsers do not make
// elements taller than some 30 million pixels: of longer lists the scroll bar stands for shares of the
// list, and wheel and keys move by rows. Pure.

export const TALLEST = 8_000_000; // pixels

/** @typedef {{ total: number, rowHeight: number, height: number }} List */

/**
 * How tall the scrolled element is.
 * @param {List} list
 */
export function scrolledHeight({ total, rowHeight, height }) {
  return Math.max(Math.min(total * rowHeight, TALLEST), height);
}

/**
 * The last place that the list's first row to be seen can have; whole rows and parts.
 * @param {List} list
 */
export function lastTop({ total, rowHeight, height }) {
  return Math.max(total - height / rowHeight, 0);
}

/**
 * @param {List} list
 * @param {number} scrollTop pixels
 * @returns {number} the first row to be seen
 */
export function topOfScroll(list, scrollTop) {
  const room = scrolledHeight(list) - list.height;
  return room <= 0 ? 0 : Math.min(scrollTop / room, 1) * lastTop(list);
}

/**
 * The opposite of `topOfScroll`.
 * @param {List} list
 * @param {number} top
 */
export function scrollOfTop(list, top) {
  const last = lastTop(list);
  return last <= 0 ? 0 : (Math.min(Math.max(top, 0), last) / last) * (scrolledHeight(list) - list.height);
}

/**
 * The rows to be seen, and a few around them.
 * @param {List} list
 * @param {number} top
 * @returns {[number, number]} the first, and the one after the last
 */
export function visibleRows({ total, rowHeight, height }, top) {
  const first = Math.max(Math.floor(top), 0);
  return [first, Math.min(first + Math.ceil(height / rowHeight) + 1, total)];
}

/**
 * The top that shows `row`, moved as little as can be.
 * @param {List} list
 * @param {number} top
 * @param {number} row
 */
export function reveal(list, top, row) {
  const rows = list.height / list.rowHeight;
  const moved = row < top ? row : row + 1 > top + rows ? row + 1 - rows : top;
  return Math.min(Math.max(moved, 0), lastTop(list));
}

/**
 * The top that shows `row` in the middle, unless it is to be seen already.
 * @param {List} list
 * @param {number} top
 * @param {number} row
 */
export function revealInMiddle(list, top, row) {
  const rows = list.height / list.rowHeight;
  const seen = row >= top && row + 1 <= top + rows;
  return seen ? top : Math.min(Math.max(row - rows / 2, 0), lastTop(list));
}
