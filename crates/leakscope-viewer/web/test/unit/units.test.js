// The page writes numbers as the text report does: the cases of crates/leakscope-report/src/units.rs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesWithUnit, Clock, count, counted, durationOfSeconds, percent, ratePerSecond, shortBytes, signed,
} from 'leakscope/format/units.js';

test('durations have three digits, or two units', () => {
  const clock = new Clock(1_000_000, 0);
  /** @type {[number, string][]} */
  const cases = [
    [9_038, '9.04 ms'], [246_000, '0.246 s'], [8_040_000_000, '2 h 14 min'], [0, '0 s'],
    [9_996, '10.0 ms'], [99_960, '0.100 s'], [999_600, '1.00 s'], [59_960_000, '1 min 0 s'],
    [3_599_600_000, '1 h 0 min'], [86_399_000_000, '1 d 0 h'], [-9_038, '-9.04 ms'],
  ];
  for (const [ticks, text] of cases) assert.equal(clock.duration(ticks), text);
  assert.equal(new Clock(0, 0).duration(9_038), '9,038 ticks');
  assert.equal(new Clock(null, 0).duration(1), '1 tick');
  assert.equal(durationOfSeconds(8_040), '2 h 14 min');
});

test('moments have the decimals that the length of the trace needs', () => {
  /** @type {[number, string][]} */
  const cases = [
    [0, '0.000 s'], [5_000_000_000, '0.000 s'], [100_000_000, '0.000 s'], [50_000_000, '0.0001 s'],
    [5_000_000, '0.00012 s'], [700, '0.000123000 s'],
  ];
  for (const [length, text] of cases) assert.equal(new Clock(1_000_000_000, length).moment(123_000), text);
  assert.equal(new Clock(1_000_000, 250_000).moment(2_417), '0.002 s');
  assert.equal(new Clock(1_000, 9_000_000).moment(8_045_000), '2 h 14 min 5 s');
  assert.equal(new Clock(1_000_000, 0).moment(59_999_700), '1 min 0.0 s');
  assert.equal(new Clock(0, 0).moment(2_417), 'tick 2,417');
});

test('stretches have ends that differ', () => {
  const clock = new Clock(1_000_000, 10_000_000);
  assert.equal(clock.stretch(150_039, 150_056), '0.1500390 s to 0.1500560 s (17.0 µs)');
  assert.equal(clock.stretch(0, 10_000_000), '0.000 s to 10.000 s (10.0 s)');
  assert.equal(clock.exact(150_052), '0.150052 s');
  assert.equal(new Clock(0, 0).exact(17), 'tick 17');
});

test('stamps sort as ticks do', () => {
  assert.equal(new Clock(40_000_000, 0).stamp(266), '0.00000665');
  assert.equal(new Clock(40_000_000, 0).stamp(-266), '-0.00000665');
  assert.equal(new Clock(0, 0).stamp(266), '266');
  const clock = new Clock(32_768, 0);
  const stamps = Array.from({ length: 2_000 }, (_, index) => Number(clock.stamp(index * 7)));
  assert.ok(stamps.every((stamp, index) => index === 0 || stamp > stamps[index - 1]));
});

test('rates find their unit', () => {
  const clock = new Clock(1, 0);
  assert.equal(new Clock(1_000, 0).rate(1_097, 1_000), '1,097 B/s');
  assert.equal(new Clock(1_000, 0).rate(270, 3_600_000), '4.50 B/min');
  assert.equal(clock.rate(-30, 10), '-3.00 B/s');
  assert.equal(clock.rate(1, 100), '36.0 B/h');
  assert.equal(clock.rate(1, 1_000_000), '0.086 B/day');
  assert.equal(clock.rate(100 * 2 ** 20, 2), '50.0 MiB/s');
  assert.equal(ratePerSecond(0), '0 B/s');
});

test('sizes and counts', () => {
  assert.equal(count(17_706), '17,706');
  assert.equal(count(999), '999');
  assert.equal(counted(1, 'block'), '1 block');
  assert.equal(counted(1_500, 'block'), '1,500 blocks');
  assert.equal(signed(-1_500), '-1,500');
  assert.equal(bytesWithUnit(270), '270 B');
  assert.equal(bytesWithUnit(17_706), '17,706 B (17.3 KiB)');
  assert.equal(shortBytes(1_536), '1,536 B');
  assert.equal(shortBytes(17_706), '17.3 KiB');
  assert.equal(percent(1, 1_000), '<1 %');
  assert.equal(percent(0, 0), '0 %');
  assert.equal(percent(995, 1_000), '100 %');
});
