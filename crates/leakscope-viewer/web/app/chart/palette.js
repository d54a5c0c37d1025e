// The page's colours, for canvases: the custom properties of style/1-colours.css.

/** @type {Map<string, string>} */
const known = new Map();
/** @type {HTMLElement | null} tells what a property comes to in the theme at hand */
let probe = null;

/**
 * @param {string} name of a custom property, without its dashes
 */
export function colour(name) {
  let value = known.get(name);
  if (value === undefined) {
    probe ??= document.body.appendChild(Object.assign(document.createElement('span'), { hidden: true, className: 'probe' }));
    probe.style.color = `var(--${name})`;
    value = getComputedStyle(probe).color;
    known.set(name, value);
  }
  return value;
}

/** The theme has changed. */
export function forgetColours() {
  known.clear();
}

export const FILLS = 6;
const LANES = 8;

/**
 * A fill for a name, always the same: `fill-0` to `fill-5`. Text on it is `on-fill`.
 * @param {string} name
 */
export function fillOf(name) {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  return `fill-${(hash >>> 8) % FILLS}`;
}

/**
 * The colour of who ran, by kind; tasks have one each in the order in which they appeared.
 * @param {import('leakscope/data/types.js').Context[]} contexts
 * @param {number} number of the context
 */
export function laneColour(contexts, number) {
  switch (contexts[number]?.kind) {
    case 'interrupt': return 'interrupt';
    case 'scheduler': return 'scheduler';
    case 'idle': return 'idle';
    case 'task': return `lane-${contexts.slice(0, number).filter(({ kind }) => kind === 'task').length % LANES}`;
    default: return 'idle';
  }
}
