// System: what SystemView shows there. Target, what INIT said, modules, descriptions, events by id, the
// recording's size and losses.
import { Latest } from 'leakscope/data/latest.js';
import { pinOf } from 'leakscope/data/owner.js';
import { bytes, bytesWithUnit, count, counted } from 'leakscope/format/units.js';
import { pinButton, showPins } from 'leakscope/page/pin.js';
import { breakable, element, facts, fill, section } from 'leakscope/part/element.js';
import { refill } from 'leakscope/part/focus.js';
import { table } from 'leakscope/part/table.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/data/types.js').System} System */

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function systemView(page) {
  const inside = element('div', { class: 'padded' }, element('p', { class: 'quiet' }, 'Reading …'));
  /** @type {System | null} */
  let system = null;
  let sort = '';
  const draw = () => {
    if (system !== null) refill(inside, ...parts(page, system));
  };
  const latest = new Latest(page.source, 'system', (answer) => {
    system = answer;
    draw();
  }, (message) => fill(inside, element('p', { class: 'quiet' }, message)));
  return {
    element: element('div', { class: 'view', tabindex: -1 }, inside),
    show(state) {
      latest.ask({}, page.version);
      showPins(inside, state.pins);
      if (state.sort !== sort) {
        sort = state.sort;
        draw();
      }
    },
    close: () => latest.stop(),
  };
}

/** @param {Page} page @param {System} system */
function parts(page, system) {
  if (page.overview.dump !== null) return dumpParts(page, system);
  const { target, recording } = system;
  const frequency = (/** @type {number | null} */ hz) => hz === null ? 'not known' : `${count(hz)} Hz`;
  const number = (/** @type {number | null | undefined} */ value) => value === null || value === undefined ? null : count(Math.round(value));
  return [
    element('div', { class: 'columns' },
      section('Target', facts([
        ['Application', string(target.application)], ['Device', string(target.device)], ['Operating system', string(target.operating_system)],
        ['Cores', Array.isArray(target.cores) ? target.cores.join(', ') : null], ['ELF, SHA-256', string(target.elf_sha256)],
        [page.overview.inputs.length === 1 ? 'Input' : 'Inputs', element('span', {}, ...breakable(page.overview.inputs.join(', '), Infinity))],
      ])),
      section('Recording', facts([
        ['Read', recording.bytes === null ? null : bytesWithUnit(recording.bytes)], ['Length', page.clock.duration(recording.length ?? 0)],
        ['Events', number(recording.events)], ['Events a second, on average', number(recording.events_per_second)],
        ['Events a second, at the busiest', number(recording.peak_events_per_second)], ['Overflows', number(recording.overflows)],
        ['Lost packets, at least', number(recording.dropped_packets)], ['Bytes that could not be read', number(recording.skipped_bytes)],
      ]))),
    system.init.length > 0 && section('Clocks and addresses, as the target said (INIT)', table({
      caption: 'Clocks and addresses, as the target said (INIT)', rows: system.init,
      columns: [
        { name: 'Core', class: 'number', cell: (init) => init.core },
        { name: 'Timestamps', class: 'number', unit: 'Hz', cell: (init) => frequency(init.timestamp_hz), order: (init) => init.timestamp_hz },
        { name: 'CPU', class: 'number', unit: 'Hz', cell: (init) => frequency(init.cpu_hz), order: (init) => init.cpu_hz },
        { name: 'RAM from', class: 'fixed number', cell: (init) => init.ram_base ?? '–' },
        { name: 'Ids shifted by', class: 'number wide', cell: (init) => init.id_shift ?? '–' },
      ],
    })),
    element('div', { class: 'columns' },
      section('Events by id', table({
        caption: 'Events by id', rows: system.events, limit: 40, key: (event) => event.id, sort: page.state.sort, sorted: (sort) => page.go({ sort }),
        chosen: (event) => page.go({ view: 'events', text: event.name, kinds: [], contexts: [] }),
        columns: [
          { name: 'Id', class: 'number', cell: (event) => event.id, order: (event) => event.id },
          { name: 'Event', cell: (event) => event.name, order: (event) => event.name.toLowerCase() },
          { name: 'Number', class: 'number', cell: (event) => count(event.count), order: (event) => event.count },
        ],
      })),
      element('div', { class: 'padded-none section' },
        system.modules.length > 0 && section('Modules', table({
          caption: 'Modules', rows: system.modules,
          columns: [
            { name: 'Core', class: 'number', cell: (module) => module.core },
            { name: 'First id', class: 'number', cell: (module) => module.offset },
            { name: 'Events', class: 'number', cell: (module) => module.events ?? '–' },
            { name: 'Description', class: 'fixed words', cell: (module) => module.description },
          ],
        })),
        system.heaps.length > 0 && section('Heaps', table({
          caption: 'Heaps', rows: system.heaps,
          columns: [
            { name: 'Heap', class: 'fixed', cell: (heap) => heap.heap },
            { name: 'Base', class: 'fixed', cell: (heap) => heap.base ?? '–' },
            { name: 'Size', class: 'number', unit: 'bytes', cell: (heap) => heap.size === null ? '–' : bytes(heap.size), order: (heap) => heap.size },
            { name: 'Allocations', class: 'number', cell: (heap) => count(heap.allocations), order: (heap) => heap.allocations },
            { name: 'Frees', class: 'number', cell: (heap) => count(heap.frees), order: (heap) => heap.frees },
            { name: 'Outstanding', class: 'number', unit: 'bytes', cell: (heap) => bytes(heap.outstanding_bytes), order: (heap) => heap.outstanding_bytes },
            { name: 'Most at once', class: 'number', unit: 'bytes', cell: (heap) => bytes(heap.peak_bytes), order: (heap) => heap.peak_bytes },
            { name: 'Track', isCopied: false, title: 'Its live bytes, allocations and frees in the timeline', cell: ({ heap }) => pinButton(page, pinOf({ of_heap: heap })) },
          ],
        })),
        system.descriptions.length > 0 && element('details', {}, element('summary', {}, `Descriptions: ${counted(system.descriptions.length, 'line')}`),
          element('ul', { class: 'fixed' }, ...system.descriptions.map((description) => element('li', { class: 'words' }, description)))),
        system.interrupts.length > 0 && section('Interrupts', table({
          caption: 'Interrupts', rows: system.interrupts, limit: 12,
          columns: [
            { name: 'Number', class: 'number', cell: (interrupt) => interrupt.number },
            { name: 'Name', cell: (interrupt) => interrupt.name },
          ],
        })))),
  ].filter((part) => part !== false);
}

/** A dump says little of the system it comes from. @param {Page} page @param {System} system */
function dumpParts(page, { recording }) {
  return [
    section('Dump', facts([
      ['File', element('span', {}, ...breakable(page.overview.inputs.join(', '), Infinity))],
      ['Size of the log', recording.bytes === null ? null : bytesWithUnit(recording.bytes)],
      ['Records', count(page.overview.dump?.records ?? 0)],
      ['Cores', page.overview.target.cores.join(', ')],
    ])),
    element('p', { class: 'quiet' }, 'A dump does not say which device, operating system or clocks it comes from.'),
  ];
}

/** @param {unknown} value */
function string(value) {
  return value === null || value === undefined ? null : String(value);
}
