// Makes elements. Text goes in as text only, so nothing that a device sent can become markup.

import { shortened } from 'leakscope/format/names.js';

/** @typedef {Node | string | number | null | undefined | false} Content */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

/**
 * `element('button', { class: 'plain', click: close }, 'Close')`: functions listen, `true` sets an
 * attribute, `false` and `null` leave it away.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {Content[]} contents
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...contents) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...nodes(contents));
  return made;
}

/**
 * Replaces what is in an element.
 * @param {Element} parent
 * @param {Content[]} contents
 */
export function fill(parent, ...contents) {
  parent.replaceChildren(...nodes(contents));
}

/** @param {Content[]} contents */
function nodes(contents) {
  return contents
    .filter((content) => content !== null && content !== undefined && content !== false)
    .map((content) => (content instanceof Node ? content : document.createTextNode(String(content))));
}

/** As many characters of a name as are shown: symbols of 10 kB are real. */
const MOST = 160;

/**
 * The name of a function or a file, a long one without its middle, which may be broken after `::`, `/` and the like, but not within words.
 * @param {string} name
 * @param {number} [most] characters
 * @returns {Content[]}
 */
export function breakable(name, most = MOST) {
  return shortened(name, most).split(/(?<=::|[/\\.(<,])/).flatMap((part, place) => place === 0 ? [part] : [document.createElement('wbr'), part]);
}

/**
 * A small heading with what it stands above.
 * @param {string} title
 * @param {Content[]} contents
 */
export function section(title, ...contents) {
  return element('section', { class: 'section' }, element('h2', {}, title), ...contents);
}

/**
 * Names with their values, for what is one of a kind.
 * @param {[string, Content][]} facts those without a value are left out
 */
export function facts(facts) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return element('dl', { class: 'facts' },
    ...known.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

/**
 * A button that is on or off.
 * @param {string} label
 * @param {(on: boolean) => void} switched
 * @param {string} [title]
 */
export function toggle(label, switched, title) {
  const button = element('button', {
    type: 'button', class: 'toggle', 'aria-pressed': 'false', title,
    click: () => switched(button.getAttribute('aria-pressed') !== 'true'),
  }, label);
  return Object.assign(button, {
    /** @param {boolean} on */
    show: (on) => button.setAttribute('aria-pressed', String(on)),
  });
}

/**
 * A field for a search; its words reach `changed` a moment after typing ends.
 * @param {string} label
 * @param {(text: string) => void} changed
 */
export function searchField(label, changed) {
  let timer = 0;
  const input = element('input', {
    type: 'search', class: 'search', placeholder: label, 'aria-label': label, spellcheck: 'false', autocomplete: 'off',
    input: () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => changed(input.value), 150);
    },
  });
  return Object.assign(input, {
    /** @param {string} text */
    show: (text) => {
      if (document.activeElement !== input) input.value = text;
    },
  });
}

/**
 * @template {string} V
 * @param {string} label
 * @param {readonly (readonly [V, string])[]} options values and their words
 * @param {(value: V) => void} changed
 */
export function choice(label, options, changed) {
  const select = element('select', { 'aria-label': label, change: () => changed(/** @type {V} */ (select.value)) },
    ...options.map(([value, words]) => element('option', { value }, words)));
  return select;
}
