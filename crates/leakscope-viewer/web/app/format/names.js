// Long names, made shorter where they say least: in the middle. Their beginnings and their ends tell them apart.
// Of a call site, the function's own name and the line do: where it stands among modules goes first.

import { counted } from 'leakscope/format/units.js';

/**
 * @param {string} name
 * @param {number} most characters
 */
export function shortened(name, most) {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - end)}…${name.slice(name.length - end)}`;
}

/**
 * "…Table>::open_session growing_table.rs:21": a call site's title without the modules that there is no room for.
 * @param {string} title
 * @param {number} most characters
 */
export function shortenedTitle(title, most) {
  if (title.length <= most) return title;
  for (let at = title.indexOf('::'); at >= 0; at = title.indexOf('::', at + 2)) {
    if (title.length - at - 1 <= most) return `…${title.slice(at + 2)}`;
  }
  return shortened(title, most);
}

/** As many characters of a task's name as are shown: some devices have 250. */
const NAME = 40;

/**
 * What a device calls something, so that it is seen: without its middle if it is long, and with what has no shape in words.
 * @param {string} name
 */
export function shownName(name) {
  const seen = name.replaceAll(/\p{Default_Ignorable_Code_Point}|[\u2800\u3164]/gu, (sign) => `⟨U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
  return seen.trim() === '' ? `⟨${seen.length === 0 ? 'no name' : counted(seen.length, 'space')}⟩` : shortened(seen, NAME);
}
