// Reads a place in a trace as people type it: an event's number, a time, or a part of the whole.

/**
 * @param {string} text "4711", "0.25", "0.25 s", "12ms", "2 min", "50 %"
 * @param {{ hz: number, end: number }} clock
 * @returns {{ index: number } | { time: number } | null} null: not understood
 */
export function readPlace(text, { hz, end }) {
  const [, digits, unit] = /^\s*#?\s*(\d[\d,]*(?:\.\d+)?)\s*(ns|us|µs|ms|s|min|h|%)?\s*$/.exec(text) ?? [];
  if (digits === undefined) return null;
  const number = Number(digits.replaceAll(',', ''));
  // A number of events is whole: with a point it is seconds.
  if (unit === undefined && !digits.includes('.')) return { index: number };
  if (unit === '%') return number <= 100 ? { time: Math.round((number / 100) * end) } : null;
  if (hz === 0) return null;
  const seconds = { ns: 1e-9, us: 1e-6, 'µs': 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 }[unit ?? 's'] ?? 1;
  return { time: Math.min(Math.round(number * seconds * hz), end) };
}
