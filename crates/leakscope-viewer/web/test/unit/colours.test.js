// Text can be read on the grounds it stands on, in both themes: contrast of 4.5 (WCAG 2.1, 1.4.3); bars
// and lines can be told from their ground: 3 (1.4.11).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const style = readFileSync(new URL('../../style/1-colours.css', import.meta.url), 'utf8');
const colours = new Map([...style.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [name, [light, dark]]));

/** @param {string} hex */
function luminance(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} a @param {string} b @param {number} theme */
function contrast(a, b, theme) {
  const [light, dark] = [a, b].map((name) => luminance((colours.get(name) ?? assert.fail(name))[theme])).sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const numbered = (/** @type {string} */ name) => [0, 1, 2, 3, 4, 5].map((number) => `${name}-${number}`);

test('text has a contrast of 4.5', () => {
  const pairs = [
    ...['ground', 'panel', 'raised', 'selected'].flatMap((ground) => ['text', 'muted', 'accent', 'leak'].map((text) => [text, ground])),
    ...['ground', 'panel', 'raised', 'selected'].flatMap((ground) => ['warn', 'good'].map((text) => [text, ground])),
    ...['leak-ground', 'warn-ground', 'good-ground'].map((ground) => ['text', ground]), ['leak', 'leak-ground'], ['muted', 'leak-ground'], ['muted', 'warn-ground'],
    ['accent', 'leak-ground'], ['accent', 'warn-ground'], ['warn', 'warn-ground'], ['mark', 'panel'], ['mark', 'ground'], ['on-hit', 'hit'],
    ...[...numbered('fill'), 'definite', 'indirect', 'possible', 'reachable'].map((fill) => ['on-fill', fill]),
  ];
  for (const [text, ground] of pairs) {
    for (const theme of [0, 1]) assert.ok(contrast(text, ground, theme) >= 4.5, `${text} on ${ground}, ${theme ? 'dark' : 'light'}: ${contrast(text, ground, theme).toFixed(2)}`);
  }
});

test('what is drawn has a contrast of 3', () => {
  for (const line of [...numbered('lane'), 'lane-6', 'lane-7', 'interrupt', 'scheduler', 'heap-line', 'allocation', 'cursor', 'focus', 'log', 'free', 'ready']) {
    for (const theme of [0, 1]) assert.ok(contrast(line, 'ground', theme) >= 3, `${line}, ${theme ? 'dark' : 'light'}: ${contrast(line, 'ground', theme).toFixed(2)}`);
  }
});
