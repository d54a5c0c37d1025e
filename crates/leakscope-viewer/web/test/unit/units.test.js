// The page writes numbers as the text report does: both are held to the cases of one table.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { shortenedTitle, shownName } from 'leakscope/format/names.js';
import * as units from 'leakscope/format/units.js';

const { Clock } = units;
const TABLE = new URL('../../../../leakscope-report/tests/report/units.json', import.meta.url);

/** @typedef {{ hz: number, length?: number, ticks: number, bytes: number, number: number, name: string, part: number, whole: number, text: string }} Case */
/** What the function of each name in the table makes of a case. @type {Record<string, (the: Case) => string>} */
const WORDS = {
  duration: ({ hz, ticks }) => new Clock(hz, 0).duration(ticks),
  moment: ({ hz, length, ticks }) => new Clock(hz, length ?? 0).moment(ticks),
  stamp: ({ hz, ticks }) => new Clock(hz, 0).stamp(ticks),
  rate: ({ hz, bytes, ticks }) => new Clock(hz, 0).rate(bytes, ticks),
  duration_of_seconds: ({ number }) => units.durationOfSeconds(number),
  count: ({ number }) => units.count(number),
  counted: ({ number, name }) => units.counted(number, name),
  bytes: ({ number }) => units.bytes(number),
  bytes_with_unit: ({ number }) => units.bytesWithUnit(number),
  percent: ({ part, whole }) => units.percent(part, whole),
};

test('every case of the table', () => {
  /** @type {Record<string, Case[]>} */
  const table = JSON.parse(readFileSync(TABLE, 'utf8'));
  assert.deepEqual(Object.keys(table).sort(), Object.keys(WORDS).sort());
  for (const [name, cases] of Object.entries(table)) {
    for (const the of cases) assert.equal(WORDS[name](the), the.text, `${name} ${JSON.stringify(the)}`);
  }
});

test('what only the page writes', () => {
  assert.equal(new Clock(1_000_000, 0).duration(-9_038), '-9.04 ms');
  assert.equal(new Clock(null, 0).duration(1), '1 tick');
  assert.equal(new Clock(40_000_000, 0).stamp(-266), '-0.00000665');
  assert.equal(units.ratePerSecond(0), '0 B/s');
  assert.equal(units.signed(-1_500), '-1,500');
  assert.deepEqual([1_080, 0.075, -3, 0.0001, 0].map(units.rateColumn([1_080, 0.075, -3, 0.0001, 0])), ['1,080 B/s', '0.075 B/s', '-3.00 B/s', '<0.001 B/s', '0 B/s']);
  assert.deepEqual([0.01, 0.001].map(units.rateColumn([0.01, 0.001])), ['36.0 B/h', '3.60 B/h']);
  assert.equal(units.shortBytes(1_536), '1,536 B');
  assert.equal(units.shortBytes(17_706), '17.3 KiB');
});

test('stretches have ends that differ', () => {
  const clock = new Clock(1_000_000, 10_000_000);
  assert.equal(clock.stretch(150_039, 150_056), '0.1500390 s to 0.1500560 s (17.0 µs)');
  assert.equal(clock.stretch(0, 10_000_000), '0.000 s to 10.000 s (10.0 s)');
  assert.equal(clock.exact(150_052), '0.150052 s');
  assert.equal(new Clock(0, 0).exact(17), 'tick 17');
});

test('stamps sort as ticks do', () => {
  const clock = new Clock(32_768, 0);
  const stamps = Array.from({ length: 2_000 }, (_, index) => Number(clock.stamp(index * 7)));
  assert.ok(stamps.every((stamp, index) => index === 0 || stamp > stamps[index - 1]));
});

test('names: the function and its line stay, and what has no shape is seen', () => {
  const title = '<embassy_example::fault::growing_table::Table>::open_session growing_table.rs:21';
  assert.equal(shortenedTitle(title, 44), '…Table>::open_session growing_table.rs:21');
  assert.equal(shortenedTitle(title, 36), '…open_session growing_table.rs:21');
  assert.equal(shortenedTitle(title, 100), title);
  assert.equal(shortenedTitle('a_long_function_of_c main.c:66', 20), 'a_long_fun…main.c:66');
  assert.equal(shownName('IDLE'), 'IDLE');
  assert.equal(shownName('\u200b'), '⟨U+200B⟩');
  assert.equal(shownName('ma\u200bin'), 'ma⟨U+200B⟩in');
  assert.equal(shownName(' '), '⟨1 space⟩');
  assert.equal(shownName('x'.repeat(250)).length, 40);
});
