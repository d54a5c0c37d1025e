// Long names, made shorter where they say least: in the middle. Their beginnings and their ends tell them apart.

/**
 * @param {string} name
 * @param {number} most characters
 */
export function shortened(name, most) {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - end)}…${name.slice(name.length - end)}`;
}
