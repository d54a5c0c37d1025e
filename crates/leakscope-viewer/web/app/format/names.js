// Long names, made shorter where they say least: in the middle. Their beginnings and their ends tell them apart.
// Of a call site, the function's own name and the line do: where it stands among modules goes first.

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
