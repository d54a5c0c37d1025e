// A list of any length: only the rows that are to be seen exist, and they are fetched a page at a time.
import { element } from 'leakscope/part/element.js';
import { lastTop, reveal, revealInMiddle, scrolledHeight, scrollOfTop, topOfScroll, visibleRows } from 'leakscope/part/list-window.js';

/** @typedef {import('leakscope/data/types.js').EventRow} EventRow */

const ROW_HEIGHT = 22; // pixels, as in style/
const PAGE = 200; // rows fetched at once
const KEPT_PAGES = 50;

/**
 * @typedef {object} Options
 * @property {string} label
 * @property {HTMLElement} head the columns' names
 * @property {(row: EventRow, cell: HTMLElement) => void} draw fills a row
 * @property {(offset: number, limit: number) => Promise<EventRow[]>} fetch
 * @property {(row: EventRow, way: 'click' | 'open' | 'move') => void} chosen
 * @property {(row: EventRow, place: { x: number, y: number }) => void} menu
 */

export class VirtualList {
  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    this.total = 0;
    this.top = 0;
    /** @type {number | null} the row that is selected */
    this.selected = null;
    /** @type {Map<number, EventRow[] | null>} by page; null: asked for */
    this.pages = new Map();
    this.generation = 0;
    /** @type {HTMLElement[]} */
    this.lines = [];
    this.drawing = 0;
    this.height = 0;

    this.room = element('div', { class: 'list-room' });
    this.rows = element('div', { class: 'list-rows', role: 'rowgroup' });
    this.scroller = element('div', {
      class: 'list-scroller', tabindex: 0, role: 'grid', 'aria-label': options.label, 'aria-readonly': 'true',
      scroll: () => this.scrolled(),
      wheel: (/** @type {WheelEvent} */ event) => this.wheel(event),
      keydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      click: (/** @type {MouseEvent} */ event) => this.click(event, 'click'),
      dblclick: (/** @type {MouseEvent} */ event) => this.click(event, 'open'),
      contextmenu: (/** @type {MouseEvent} */ event) => this.menu(event),
    }, options.head, this.rows, this.room);
    this.element = this.scroller;
    new ResizeObserver(() => this.resized()).observe(this.scroller);
  }

  get list() {
    const height = this.scroller.clientHeight - this.options.head.offsetHeight;
    return { total: this.total, rowHeight: ROW_HEIGHT, height: Math.max(height, ROW_HEIGHT) };
  }

  /** Everything is to be fetched anew. @param {number} total rows; what is to be seen stays if it can */
  renew(total) {
    this.generation += 1;
    this.pages.clear();
    this.setTotal(total);
  }

  /** There are so many rows now. @param {number} total */
  setTotal(total) {
    // The last page may have been fetched when it was not full.
    if (total !== this.total) this.pages.delete(Math.floor(this.total / PAGE));
    // Who looks at the end of a list that grows wants to go on doing so.
    const follows = this.selected === null && this.top > 0 && this.top >= lastTop(this.list) - 1;
    this.total = total;
    this.scroller.setAttribute('aria-rowcount', String(total + 1));
    this.move(follows ? lastTop(this.list) : Math.min(this.top, lastTop(this.list)));
  }

  /** @param {number} top the first row to be seen */
  move(top) {
    this.top = top;
    // First the room, or else the browser does not scroll so far.
    this.room.style.height = `${scrolledHeight(this.list)}px`;
    this.scroller.scrollTop = scrollOfTop(this.list, top);
    this.drawSoon();
  }

  /** @param {number | null} row @param {boolean} [middle] */
  select(row, middle = false) {
    this.selected = row;
    if (row !== null) this.move((middle ? revealInMiddle : reveal)(this.list, this.top, row));
    else this.drawSoon();
  }

  /** @param {number} row @returns {EventRow | null} if it was fetched */
  at(row) {
    return this.pages.get(Math.floor(row / PAGE))?.[row % PAGE] ?? null;
  }

  /** What is selected stays to be seen when the list becomes lower. */
  resized() {
    const { list, selected } = this;
    const isSeen = selected !== null && selected >= this.top - 1 && selected < this.top + this.height / ROW_HEIGHT;
    this.height = list.height;
    this.move(isSeen ? reveal(list, this.top, selected) : this.top);
    this.draw();
  }

  drawSoon() {
    if (this.drawing === 0) this.drawing = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    const list = this.list;
    const [first, after] = visibleRows(list, this.top);
    while (this.lines.length < after - first) this.lines.push(this.newLine());
    this.lines.forEach((line, place) => this.drawLine(line, first + place, first + place < after));
    this.rows.style.transform = `translateY(${-(this.top - first) * ROW_HEIGHT}px)`;
    const active = this.lines.find((line) => line.getAttribute('aria-selected') === 'true' && !line.hidden);
    if (active) this.scroller.setAttribute('aria-activedescendant', active.id);
    else this.scroller.removeAttribute('aria-activedescendant');
  }

  newLine() {
    const line = element('div', { class: 'list-row', role: 'row', id: `row-${this.options.label.replaceAll(' ', '-')}-${this.lines.length}` });
    this.rows.append(line);
    return line;
  }

  /** @param {HTMLElement} line @param {number} row @param {boolean} seen */
  drawLine(line, row, seen) {
    line.hidden = !seen;
    if (!seen) return;
    const known = this.at(row);
    line.dataset.row = String(row);
    line.setAttribute('aria-rowindex', String(row + 2));
    line.setAttribute('aria-selected', String(row === this.selected));
    if (known === null) this.fetchPage(Math.floor(row / PAGE));
    const state = `${this.generation} ${row} ${known !== null}`;
    if (line.dataset.state === state) return;
    line.dataset.state = state;
    line.className = 'list-row';
    if (known === null) {
      line.replaceChildren(element('span', { class: 'waiting', role: 'gridcell' }, '…'));
    } else {
      this.options.draw(known, line);
    }
  }

  /** Draws all rows anew, because what is in them depends on something else too. */
  redraw() {
    for (const line of this.lines) delete line.dataset.state;
    this.drawSoon();
  }

  /** @param {number} page */
  async fetchPage(page) {
    if (this.pages.has(page)) return;
    this.pages.set(page, null);
    const generation = this.generation;
    const rows = await this.options.fetch(page * PAGE, PAGE).catch(() => null);
    if (generation !== this.generation) return;
    if (rows === null) {
      // Asked for again when there is another reason to draw.
      this.pages.delete(page);
      return;
    }
    this.pages.set(page, rows);
    for (const old of this.pages.keys()) if (this.pages.size > KEPT_PAGES && old !== page) this.pages.delete(old);
    this.drawSoon();
  }

  scrolled() {
    const list = this.list;
    // What `move` has set comes back here, rounded to pixels.
    if (Math.abs(scrollOfTop(list, this.top) - this.scroller.scrollTop) > 1) {
      this.top = topOfScroll(list, this.scroller.scrollTop);
      this.drawSoon();
    }
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (event.ctrlKey || event.deltaY === 0 || event.shiftKey) return;
    event.preventDefault();
    const rows = event.deltaMode === 0 ? event.deltaY / ROW_HEIGHT : event.deltaY;
    this.move(Math.min(Math.max(this.top + rows, 0), lastTop(this.list)));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.metaKey) return;
    const page = Math.max(Math.floor(this.list.height / ROW_HEIGHT) - 1, 1);
    const at = this.selected ?? Math.ceil(this.top) - 1;
    const next = {
      ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.total - 1,
    }[event.key];
    const row = this.selected === null ? null : this.at(this.selected);
    if (next !== undefined && this.total > 0) this.selectAndTell(Math.min(Math.max(next, 0), this.total - 1));
    else if (event.key === 'Enter' && row) this.options.chosen(row, 'open');
    else if ((event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) && row) this.menuOf(row);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} row */
  async selectAndTell(row) {
    this.select(row);
    await this.fetchPage(Math.floor(row / PAGE));
    const known = this.at(row);
    if (known && this.selected === row) this.options.chosen(known, 'move');
  }

  /** @param {Event} event @returns {EventRow | null} */
  rowOf(event) {
    const line = event.target instanceof Element ? event.target.closest('.list-row') : null;
    return line instanceof HTMLElement ? this.at(Number(line.dataset.row)) : null;
  }

  /** @param {MouseEvent} event @param {'click' | 'open'} way */
  click(event, way) {
    const row = this.rowOf(event);
    if (row === null) return;
    this.select(row.row);
    this.options.chosen(row, way);
  }

  /** @param {MouseEvent} event */
  menu(event) {
    const row = this.rowOf(event);
    if (row === null) return;
    event.preventDefault();
    this.select(row.row);
    this.options.menu(row, { x: event.clientX, y: event.clientY });
  }

  /** @param {EventRow} row */
  menuOf(row) {
    const line = this.lines.find((line) => line.dataset.row === String(row.row));
    const box = (line ?? this.scroller).getBoundingClientRect();
    this.options.menu(row, { x: box.left + 120, y: box.bottom });
  }
}
