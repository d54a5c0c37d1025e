// Live bytes stacked: by call site, by task or by heap, in place of the curve of the heap; and below it who is who, with what
// each holds at the pointer or the cursor.
import { bandColour } from 'leakscope/chart/stack.js';
import { columnOf } from 'leakscope/chart/stack-layout.js';
import { Latest } from 'leakscope/data/latest.js';
import { isSameOwner, ownerOf, pinOf } from 'leakscope/data/owner.js';
import { shortenedTitle } from 'leakscope/format/names.js';
import { bytes, counted, percent } from 'leakscope/format/units.js';
import { Moments } from 'leakscope/page/moments.js';
import { pinButton, showPins } from 'leakscope/page/pin.js';
import { choice, element, fill } from 'leakscope/part/element.js';
import { goToOwner } from 'leakscope/view/timeline-tracks.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').Shares} Shares */

export const BY = /** @type {const} */ ([['', 'Live bytes, together'], ['site', 'Live bytes by call site'], ['context', 'Live bytes by task'], ['heap', 'Live bytes by heap']]);

/**
 * @param {Page} page
 * @param {() => import('leakscope/state/fragment.js').Stretch} shown what the timeline shows
 * @param {() => void} changed the picture is to be drawn
 */
export function stackedBytes(page, shown, changed) {
  /** @type {Shares | null} */
  let shares = null;
  const chooser = choice('What live bytes are told apart by', BY, (stacked) => page.go({ stacked }));
  const keys = element('ul', { class: 'stacked-keys', 'aria-label': 'Who holds the live bytes', hidden: true });
  const rest = element('span', { class: 'quiet' });
  /** Who holds how much at the moment itself: all of them, for others may hold most there. */
  const moments = new Moments(page, 'shares', () => ({ by: page.state.stacked, bands: page.overview.limits.sites }), () => tell());
  const latest = new Latest(page.source, 'shares', (answer) => {
    shares = answer;
    showKeys();
    changed();
  }, (message) => fill(keys, element('li', {}, message)));

  const showKeys = () => {
    if (shares === null) return;
    const { bands, others } = shares;
    const key = (/** @type {string} */ colour, /** @type {import('leakscope/part/element.js').Content[]} */ ...words) => {
      const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' });
      swatch.style.background = `var(--${colour})`;
      return element('li', {}, swatch, ...words);
    };
    const contexts = page.overview.contexts;
    fill(keys,
      ...bands.map((band, rank) => {
        const pin = pinOf(band);
        return key(bandColour(band, rank, contexts),
          element('button', { type: 'button', class: 'link', title: band.title, click: () => goToOwner(page, ownerOf(pin)) }, shortenedTitle(band.title, 44)),
          ' ', element('span', { class: 'amount' }), ' ', pinButton(page, pin));
      }),
      others.owners > 0 && key('idle', `${counted(others.owners, 'other')} `, element('span', { class: 'amount' })),
      bands.length === 0 && element('li', {}, 'Nothing lives here.'),
      element('li', {}, rest));
    tell();
  };
  const tell = () => {
    if (shares === null || keys.hidden) return;
    const at = page.hovered ?? page.state.cursor ?? shown()[1] - 1;
    const exact = amountsAt(moments.answers, shares, at);
    const all = exact ?? amountsNear(shares, at);
    const sum = all.reduce((sum, bytes) => sum + bytes, 0);
    const about = exact === null ? 'about ' : '';
    keys.querySelectorAll('.amount').forEach((amount, rank) => { amount.textContent = `${about}${bytes(all[rank])}, ${percent(all[rank], sum)}`; });
    rest.textContent = `${about}${bytes(sum)} at ${page.clock.moment(at)}`;
  };
  const hovered = (/** @type {number | null} */ ticks) => {
    if (page.state.stacked !== '') moments.pointer(ticks);
    tell();
  };
  page.hoverListeners.push(hovered);
  return {
    chooser, keys,
    /** To be drawn; null: the curve of the heap is. */
    get shares() {
      return page.state.stacked === '' ? null : shares;
    },
    /** @param {import('leakscope/state/fragment.js').State} state @param {number} width of the picture */
    show({ stacked, pins }, width) {
      chooser.value = stacked;
      keys.hidden = stacked === '';
      if (stacked === '') {
        latest.stop();
        moments.close();
        shares = null;
        return;
      }
      showPins(keys, pins);
      moments.cursor(page.state.cursor ?? shown()[1] - 1);
      tell();
      if (width === 0) return;
      const [from, to] = shown();
      void latest.ask({ by: stacked, from, to, width: Math.min(Math.max(Math.round(width), 1), 512) }, page.version);
    },
    close() {
      latest.stop();
      moments.close();
      page.hoverListeners.splice(page.hoverListeners.indexOf(hovered), 1);
    },
  };
}

/**
 * What each band holds at a moment, and all others together.
 * @param {(Shares | null)[]} answers about single moments
 * @param {Shares} shares whose bands are meant
 * @param {number} ticks
 * @returns {number[] | null} null: nobody has answered it exactly
 */
function amountsAt(answers, { bands, others }, ticks) {
  const answer = answers.find((answer) => answer !== null && answer.exact && answer.from === ticks && answer.others.owners === 0);
  if (!answer) return null;
  const sum = answer.bands.reduce((sum, { last }) => sum + last[0], 0);
  const own = bands.map((band) => answer.bands.find((other) => isSameOwner(other, band))?.last[0] ?? 0);
  return [...own, sum - own.reduce((sum, bytes) => sum + bytes, 0)].slice(0, bands.length + (others.owners > 0 ? 1 : 0));
}

/** The same at the end of the column that it lies in. @param {Shares} shares @param {number} ticks */
function amountsNear(shares, ticks) {
  const column = columnOf(shares, ticks);
  return [...shares.bands, shares.others].map(({ last }) => column === null ? 0 : last[column]);
}
