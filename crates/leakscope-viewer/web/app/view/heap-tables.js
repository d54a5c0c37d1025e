// Beside the heap's map: what it says of the window's end, who splits free memory, and why allocations failed. The numbers are
// those of `leakscope heap`.
import { bytes, count, counted, signed, wholePercent } from 'leakscope/format/units.js';
import { breakable, element, facts, fill, section } from 'leakscope/part/element.js';
import { table } from 'leakscope/part/table.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').HeapMap} HeapMap */

/** @param {Page} page @param {(time: number) => void} goTo a moment */
export function heapTables(page, goTo) {
  const place = element('aside', { class: 'split-detail', 'aria-label': 'What the map says' });
  return {
    element: place,
    /** @param {HeapMap} map @param {(site: number) => string | undefined} titleOf a call site's function and line, as soon as they are known */
    fill(map, titleOf) {
      fill(place, said(page, map), regionsTable(map), pinsTable(page, map, titleOf), failuresTable(page, map, goTo), checksTable(page, map, goTo), howGood(map));
    },
  };
}

/** @param {Page} page @param {HeapMap} map */
function said(page, { sentences, is_estimate: isEstimate, time_ticks: time }) {
  const nothing = isEstimate ? 'No allocation failed; whether the heap fragments nobody knows.' : 'The heap does not fragment, and no allocation failed.';
  const texts = sentences.length > 0 ? sentences.map((text) => element('p', {}, `${text}.`)) : [element('p', { class: 'quiet' }, nothing)];
  return section(`The heap at ${page.clock.moment(time)}`, ...texts);
}

/** @param {HeapMap} map */
function regionsTable({ regions }) {
  return section('Regions', table({
    caption: 'Regions', rows: regions,
    columns: [
      { name: 'Region', cell: ({ start, name }) => element('span', { class: 'fixed' }, name === null ? start : `${name} ${start}`) },
      { name: 'Free', class: 'number', unit: 'bytes', cell: (region) => bytes(region.free_bytes), order: (region) => region.free_bytes },
      { name: 'Largest', class: 'number', unit: 'bytes', title: 'The most bytes that one allocation can get', cell: (region) => bytes(region.largest_bytes), order: (region) => region.largest_bytes },
      { name: 'Holes', class: 'number', cell: (region) => count(region.holes), order: (region) => region.holes },
      { name: 'Split', class: 'number', title: 'How much free memory is split: 0 % is one hole, 100 % is dust', cell: (region) => `${region.fragmentation_percent.toFixed(0)} %` },
      { name: 'Blocks', class: 'number', cell: (region) => count(region.blocks), order: (region) => region.blocks },
      { name: 'In blocks', class: 'number', unit: 'bytes', title: 'With headers and rounding', cell: (region) => bytes(region.block_bytes), order: (region) => region.block_bytes },
      { name: 'Unknown', class: 'number', unit: 'bytes', title: 'In use since before the recording, or free', cell: (region) => bytes(region.unknown_bytes), order: (region) => region.unknown_bytes },
    ],
  }), ...regions.filter((region) => region.assumed_bytes > 0).map((region) => element('p', { class: 'quiet' },
    `${bytes(region.assumed_bytes)} of what is free in ${region.start} were not seen in use: that these are free is an assumption.`)));
}

/** @param {Page} page @param {HeapMap} map @param {(site: number) => string | undefined} titleOf */
function pinsTable(page, { regions }, titleOf) {
  const pins = regions.flatMap(({ pins }) => pins).map((pin) => ({ ...pin, title: titleOf(pin.call_site) ?? pin.name }));
  if (pins.length === 0) return null;
  return section('Who splits free memory', table({
    caption: 'Who splits free memory', rows: pins, chosen: ({ call_site: site }) => page.go({ site: site === page.state.site ? null : site }),
    columns: [
      { name: 'Call site', class: 'site-title', cell: ({ title }) => element('span', { title }, ...breakable(title)), copied: ({ title }) => title },
      { name: 'Blocks', class: 'number', cell: (pin) => count(pin.blocks), order: (pin) => pin.blocks },
      { name: 'Bytes', class: 'number', unit: 'bytes', cell: (pin) => bytes(pin.bytes), order: (pin) => pin.bytes },
      { name: 'Oldest', class: 'number', unit: 'ticks', cell: (pin) => page.clock.moment(pin.oldest_ticks), order: (pin) => pin.oldest_ticks },
      { name: 'Largest hole', class: 'number', unit: 'bytes', cell: (pin) => bytes(pin.largest_before_bytes), order: (pin) => pin.largest_before_bytes },
      { name: 'Without them', class: 'number', unit: 'bytes', cell: (pin) => bytes(pin.largest_after_bytes), order: (pin) => pin.largest_after_bytes },
    ],
  }));
}

/** @param {Page} page @param {HeapMap} map @param {(time: number) => void} goTo */
function failuresTable(page, { failures, more_failures: more }, goTo) {
  if (failures.length === 0) return null;
  return section('Allocations that failed', table({
    caption: 'Allocations that failed', rows: failures, limit: 20, chosen: ({ time_ticks: time }) => goTo(time),
    columns: [
      { name: 'Time', class: 'number', unit: 'ticks', cell: (failure) => page.clock.moment(failure.time_ticks), order: (failure) => failure.time_ticks },
      { name: 'Why', class: 'words', cell: (failure) => failure.sentence },
    ],
  }), more > 0 && element('p', { class: 'quiet' }, `and ${counted(more, 'further failure')}.`));
}

/** What the target said of its heap, beside the map. @param {Page} page @param {HeapMap} map @param {(time: number) => void} goTo */
function checksTable(page, { checks, more_checks: more }, goTo) {
  if (checks.length === 0) return null;
  const told = (/** @type {string} */ name, /** @type {(check: HeapMap['checks'][number]) => number | null} */ of) => ({
    name, class: 'number', cell: (/** @type {HeapMap['checks'][number]} */ check) => of(check) === null ? '' : bytes(of(check) ?? 0), order: of,
  });
  const difference = (/** @type {number | null} */ said, /** @type {number} */ found) => said === null ? null : found - said;
  return section('What the device said of its heap', table({
    caption: 'What the device said of its heap', rows: checks, limit: 20, chosen: ({ time_ticks: time }) => goTo(time),
    columns: [
      { name: 'Time', class: 'number', unit: 'ticks', cell: (check) => page.clock.moment(check.time_ticks), order: (check) => check.time_ticks },
      told('Free, it said', (check) => check.told_free_bytes), told('Free here', (check) => check.free_bytes),
      { name: 'Off by (free)', class: 'number', title: 'How much more the map has', cell: (check) => signedBytes(difference(check.told_free_bytes, check.free_bytes)) },
      told('Largest, it said', (check) => check.told_largest_bytes), told('Largest here', (check) => check.largest_bytes),
      { name: 'Off by (largest)', class: 'number', title: 'How much more the map has', cell: (check) => signedBytes(difference(check.told_largest_bytes, check.largest_bytes)) },
    ],
  }), more > 0 && element('p', { class: 'quiet' }, `and ${counted(more, 'further line')}.`));
}

/** @param {number | null} difference */
function signedBytes(difference) {
  return difference === null ? '' : `${signed(difference)} B`;
}

/** @param {HeapMap} map */
function howGood({ allocator, may_be: others, addresses, predicted, outside, is_estimate: isEstimate }) {
  return section('How good it is', facts([
    ['Allocator', allocator], ['May also be', others.join(', ')], ['Addresses predicted', `${count(predicted)} of ${count(addresses)} (${wholePercent(predicted, addresses)})`],
    ['Blocks elsewhere', outside > 0 ? count(outside) : null],
  ]), isEstimate && element('p', { class: 'problem' }, 'Too few addresses were predicted: everything about holes is an estimate.'));
}
