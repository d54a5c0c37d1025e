// Overview: what is wrong with the data, what leaks, how the heap went, and what was recorded.
import { drawByteLabels, drawCurve } from 'leakscope/chart/curve.js';
import { listen } from 'leakscope/chart/gestures.js';
import { Picture } from 'leakscope/chart/picture.js';
import { Scale } from 'leakscope/chart/scale.js';
import { drawBreaks } from 'leakscope/chart/breaks.js';
import { drawCursor, drawRange, drawRuler } from 'leakscope/chart/time.js';
import { Latest } from 'leakscope/data/latest.js';
import { bytes, bytesWithUnit, count, counted, percent, ratePerSecond, shortBytes } from 'leakscope/format/units.js';
import { closeToggle } from 'leakscope/page/close-toggle.js';
import { drawLevel } from 'leakscope/page/level.js';
import { stretchOf } from 'leakscope/page/strip.js';
import { verdictMark } from 'leakscope/page/verdict.js';
import { withoutNames } from 'leakscope/page/without-names.js';
import { breakable, element, facts, fill, section } from 'leakscope/part/element.js';
import { numbers } from 'leakscope/part/numbers.js';
import { table } from 'leakscope/part/table.js';
import { leakCurves } from 'leakscope/view/leak-curves.js';

/** @typedef {import('leakscope/page/page.js').Page} Page */
/** @typedef {import('leakscope/state/fragment.js').Stretch} Stretch */
/** @typedef {import('leakscope/data/types.js').Finding} Finding */

const RULER = 20; // pixels
/** How many problems are listed before the result. */
const PROBLEMS = 3;
/** How many leaks are listed at once, with their curves beside them. */
const LEAKS = 8;

/** @param {Page} page @returns {import('leakscope/page/page.js').View} */
export function overviewView(page) {
  const before = element('div', { class: 'section' });
  const after = element('div', { class: 'section' });
  const heap = heapPicture(page);
  const curves = leakCurves(page);
  const inside = element('div', { class: 'padded' }, before, heap.element, after);
  /** @type {import('leakscope/data/types.js').Overview | null} */
  let drawn = null;
  return {
    element: element('div', { class: 'view', tabindex: -1 }, inside),
    show() {
      const hasCurve = page.overview.dump === null && page.overview.totals.allocations > 0;
      heap.element.hidden = !hasCurve;
      if (hasCurve) heap.show();
      if (drawn === page.overview) return;
      drawn = page.overview;
      fill(before, problems(page), conclusion(page), outlook(page), figures(page), wrongFrees(page), failures(page), findings(page, curves), withoutNames(page));
      fill(after, columns(page));
    },
    close() {
      heap.close();
      curves.close();
    },
  };
}

/** What is wrong with the data, the worst first; of much of it, the rest behind a click. @param {Page} page */
function problems(page) {
  const { problems, left_out } = page.overview;
  if (problems.length + left_out.length === 0) return null;
  const rest = problems.slice(PROBLEMS);
  return element('div', { class: 'problems', role: problems[0]?.severity === 'grave' ? 'alert' : null },
    ...problems.slice(0, PROBLEMS).map((problem) => problemLine(page, problem)),
    rest.length > 0 && element('details', { class: 'more-problems' }, element('summary', {}, `${rest.length} more on the data`),
      element('div', { class: 'problems' }, ...rest.map((problem) => problemLine(page, problem)))),
    left_out.length > 0 && element('details', { class: 'problem' },
      element('summary', {}, 'This file does not hold all of the trace'),
      element('ul', {}, ...left_out.map((sentence) => element('li', {}, sentence)))));
}

/** @param {Page} page @param {import('leakscope/data/types.js').Problem} problem */
function problemLine(page, { message, hint, time_ticks: time, severity }) {
  const grave = severity === 'grave';
  return element('div', { class: grave ? 'problem grave' : 'problem' },
    element('b', {}, grave ? 'Problem: ' : 'Note: '), `${message} `,
    time !== null && element('button', { type: 'button', class: 'link', click: () => page.go({ view: 'timeline', cursor: time }) }, `at ${page.clock.moment(time)}`),
    hint !== null && element('span', { class: 'quiet hint' }, `Hint: ${hint}`));
}

/** @param {Page} page */
function conclusion(page) {
  const { conclusion, sentence, also_wrong: wrong, findings } = page.overview;
  // No leak is not all that a heap can suffer from.
  const isOpen = conclusion === 'uncertain' || conclusion === 'no-leak-seen' && (wrong.length > 0 || findings.some(({ standing }) => standing === 'unknown'));
  const look = isOpen ? 'nothing-known' : conclusion;
  const sign = { leak: '▲', 'no-leak-seen': '●', 'nothing-known': wrong.length > 0 ? '!' : '?' }[look];
  return element('h1', { class: `conclusion ${look}` }, element('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
    element('span', {}, sentence, wrong.length > 0 && ` Also wrong: ${wrong.join(', ')}.`));
}

/** What becomes of the heap if leaks go on. @param {Page} page */
function outlook(page) {
  const { outlook } = page.overview.heap;
  return outlook !== null && element('p', { class: 'quiet' }, `${outlook}.`);
}

/** @param {Page} page */
function figures(page) {
  const { totals, heap, peak, dump, sessions } = page.overview;
  const figure = (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ more, /** @type {boolean} */ isBad = false) =>
    element('div', { class: isBad ? 'figure bad' : 'figure' }, element('dt', {}, name), element('dd', {}, value, more && element('span', { class: 'quiet' }, ` ${more}`)));
  const growing = totals.leaks;
  // Without heap events, that nothing lives is as little known as that something does.
  const isBlind = totals.heap_events === 0 && dump === null;
  // The high-water mark is of one session, and may be less.
  const together = sessions.length > 1 ? `, in ${count(totals.sessions)} sessions together` : '';
  const rate = growing === 1 ? page.overview.findings[0].growth : totals.leak_bytes_per_second === null ? 'not known' : ratePerSecond(totals.leak_bytes_per_second);
  if (dump !== null) {
    return element('dl', { class: 'figures' },
      figure('Outstanding', bytes(totals.outstanding_bytes), `in ${counted(totals.outstanding_blocks, 'block')}`),
      figure('Records in the dump', count(dump.records), roomFor(dump)));
  }
  return element('dl', { class: 'figures' },
    figure('Growth of leaks', page.overview.conclusion === 'nothing-known' ? 'not known' : growing === 0 ? 'none seen' : rate, '', growing > 0),
    isBlind ? figure('Outstanding at the end', 'not known', '') : figure('Outstanding at the end', bytes(totals.outstanding_bytes), `in ${counted(totals.outstanding_blocks, 'block')}${together}`),
    isBlind ? figure('High-water mark', 'not known', '') : figure('High-water mark', bytes(peak.bytes), peak.bytes > 0 ? `at ${page.clock.moment(peak.time)}` : ''),
    heap.size !== null && figure('Heap', shortBytes(heap.size), `${percent(heap.live_at_end, heap.size)} in use by the trace’s blocks`),
    heap.exhausted_in !== null && figure('Exhausted in', heap.exhausted_in, 'at this rate'),
    totals.failed_allocations > 0 && figure('Failed allocations', count(totals.failed_allocations), '', true),
    totals.double_frees > 0 && figure('Double frees', count(totals.double_frees), '', true),
    totals.wrong_frees > 0 && figure('Wrong frees', count(totals.wrong_frees), '', true),
    totals.doubtful_frees > 0 && figure('Doubtful frees', count(totals.doubtful_frees), '', true));
}

/** @param {Page} page @param {ReturnType<typeof leakCurves>} curves */
function findings(page, curves) {
  const { findings, totals } = page.overview;
  if (findings.length === 0) return element('p', { class: 'quiet' }, totals.heap_events === 0 ? 'No heap event is in this trace: what was allocated is not known.' : 'There is no allocation.');
  const leaks = findings.filter(({ standing }) => standing === 'leak');
  const others = findings.filter(({ standing }) => standing !== 'leak');
  const line = (/** @type {Finding} */ finding) => element('li', { class: 'finding' },
    element('div', {},
      element('div', { class: 'first' }, verdictMark(finding),
        element('button', { type: 'button', class: 'link title', title: finding.title, click: () => page.go({ view: 'sites', site: finding.site }) }, ...breakable(finding.title)),
        finding.standing === 'leak' && element('span', { class: 'quiet' }, `${finding.confidence} confidence`)),
      element('p', { class: 'reason' }, finding.reason)),
    finding.standing === 'leak' && leaks.indexOf(finding) < LEAKS && curves.of(finding),
    element('div', { class: 'amount' },
      finding.standing === 'leak' && element('div', {}, element('b', {}, finding.growth)),
      element('div', { class: 'quiet' }, finding.outstanding_blocks === 0 ? 'nothing outstanding' : `${bytes(finding.outstanding_bytes)} in ${counted(finding.outstanding_blocks, 'block')}`)));
  return element('div', { class: 'section' },
    leaks.length > 0 && section('Leaks, the worst first', element('ul', { class: 'findings' }, ...leaks.slice(0, LEAKS).map(line)),
      leaks.length > LEAKS && element('details', {}, element('summary', {}, `${counted(leaks.length - LEAKS, 'further leak')}`),
        element('ul', { class: 'findings' }, ...leaks.slice(LEAKS).map(line)))),
    ...groups(page, others).map(([heading, group], index) => element('details', { open: leaks.length === 0 && index === 0 },
      element('summary', {}, heading), element('ul', { class: 'findings' }, ...group.map(line)))),
    findings.length < totals.call_sites && element('p', {}, element('button', { type: 'button', class: 'link', click: () => page.go({ view: 'sites' }) },
      `All ${counted(totals.call_sites, 'call site')}`)));
}

/**
 * Call sites that are no leaks, under what is known of them. Of those at the end of the list not all may be listed.
 * @param {Page} page
 * @param {Finding[]} others the worst first
 * @returns {[heading: string, group: Finding[]][]}
 */
function groups(page, others) {
  if (others.length === 0) return [];
  if (page.overview.dump !== null) return [['Call sites, those to look at first before the others', others]];
  const { findings, totals } = page.overview;
  const unlisted = totals.call_sites - findings.length;
  /** @type {[heading: string, belongs: (finding: Finding) => boolean][]} */
  const headings = [
    ['Leaks that are known or suppressed', ({ standing }) => typeof standing === 'object'],
    ['Cannot be judged', ({ standing }) => standing === 'unknown'],
    ['No leaks, as far as this trace shows', ({ standing }) => standing === 'fine'],
  ];
  return headings.map(([heading, belongs]) => {
    const group = others.filter(belongs);
    const goesOn = unlisted > 0 && group.includes(others[others.length - 1]);
    // What is fine comes last: all that is not listed is.
    const isLast = group[0]?.standing === 'fine';
    const number = counted(group.length + (goesOn && isLast ? unlisted : 0), 'call site');
    return /** @type {[string, Finding[]]} */ ([`${heading}: ${goesOn && !isLast ? 'at least ' : ''}${number}`, group]);
  }).filter(([, group]) => group.length > 0);
}

/** @param {Page} page */
function wrongFrees(page) {
  const { anomalies } = page.overview;
  if (anomalies.length === 0) return null;
  return section('Frees that cannot be right', table({
    caption: 'Frees that cannot be right', rows: anomalies, limit: 8,
    chosen: ({ time }) => void toHeapEvent(page, time),
    columns: [
      { name: 'What', cell: ({ kind, is_doubtful: isDoubtful }) => `${isDoubtful ? 'may be a ' : ''}${kind.replace('-', ' ')}` },
      { name: 'When', class: 'number', unit: 'ticks', cell: (anomaly) => page.clock.moment(anomaly.time), order: (anomaly) => anomaly.time },
      { name: 'By', cell: (anomaly) => page.contextName(anomaly.context) },
      { name: 'Address', class: 'fixed', cell: (anomaly) => anomaly.address },
      { name: 'From', class: 'fixed words', cell: (anomaly) => element('span', { title: anomaly.title }, ...breakable(anomaly.title)), copied: (anomaly) => anomaly.title },
    ],
  }));
}

/** Selects the heap event of a moment in the list of events, which tells of its block. @param {Page} page @param {number} time */
async function toHeapEvent(page, time) {
  const { index } = await page.source.get('find', { kinds: 'heap', time }).catch(() => ({ index: null }));
  page.go({ view: 'events', kinds: ['heap'], cursor: time, event: index });
}

/** @param {Page} page */
function failures(page) {
  const { failures, totals } = page.overview;
  if (failures.length === 0) return null;
  const more = totals.failed_allocations - failures.length;
  return section(`Allocations that found no memory${more > 0 ? `: the first ${failures.length} of ${count(totals.failed_allocations)}` : ''}`, table({
    caption: 'Allocations that found no memory', rows: failures, limit: 4,
    chosen: ({ time }) => void toHeapEvent(page, time),
    columns: [
      { name: 'When', class: 'number', unit: 'ticks', cell: (failure) => page.clock.moment(failure.time), order: (failure) => failure.time },
      { name: 'Asked for', class: 'number', unit: 'bytes', cell: (failure) => failure.size === 0 ? 'not known' : bytes(failure.size), order: (failure) => failure.size },
      { name: 'Live then', class: 'number', unit: 'bytes', cell: (failure) => bytes(failure.live_bytes), order: (failure) => failure.live_bytes },
      { name: 'By', cell: (failure) => page.contextName(failure.context) },
      { name: 'From', class: 'fixed words', cell: (failure) => element('span', { title: failure.title }, ...breakable(failure.title)), copied: (failure) => failure.title },
      { name: 'Then', cell: (failure) => failure.retried ? 'found in another region' : 'failed' },
    ],
  }));
}

/** @param {Page} page */
function heapPicture(page) {
  /** @type {import('leakscope/data/types.js').Heap | null} */
  let heap = null;
  /** @type {import('leakscope/data/types.js').Gap[]} */
  let gaps = [];
  /** @type {Stretch | null} */
  let dragged = null;
  const scale = () => new Scale(page.bounds, picture.width);
  const picture = new Picture('Live bytes over time', (pen, width, height) => {
    const { peak } = page.overview;
    const place = { x: scale().x(heap?.from ?? 0), y: RULER, width: scale().x(heap?.to ?? 0) - scale().x(heap?.from ?? 0), height: height - RULER };
    /** @type {import('leakscope/chart/curve-layout.js').Axis | null} */
    let axis = null;
    if (heap !== null) {
      axis = drawCurve(pen, heap, place,
        { end: page.axisEnd, peak: { bytes: peak.bytes, x: scale().x(peak.time), label: `${bytesWithUnit(peak.bytes)} at ${page.clock.moment(peak.time)}` } });
    }
    drawBreaks(pen, scale(), { gaps, sessions: page.overview.sessions }, height);
    drawRange(pen, scale(), dragged ?? page.state.range, height);
    drawRuler(pen, scale(), page.clock.hz, RULER);
    if (axis !== null) drawByteLabels(pen, axis, place);
    drawCursor(pen, scale(), page.hovered ?? page.state.cursor, height);
    if (axis !== null) drawLevel(page, pen, (ticks) => page.levels.at(ticks, heap), axis, scale(), { ...place, width });
  }, { class: 'heap-picture', resized: () => ask() });
  const latest = new Latest(page.source, 'timeline', (answer) => {
    ({ heap, gaps } = answer);
    const { peak } = page.overview;
    picture.describe(`Live bytes over time: at most ${bytes(peak.bytes)} at ${page.clock.moment(peak.time)}, ${bytes(heap.last.at(-1) ?? 0)} at the end`);
    picture.draw();
    text.renew();
  }, () => {});
  const ask = () => void (picture.width > 0 && latest.ask({ width: Math.min(Math.max(Math.round(picture.width), 1), page.overview.limits.width) }, page.version));
  listen(picture.element, {
    select: (from, to, ended) => {
      const stretch = stretchOf(scale(), from, to, page.bounds);
      dragged = ended ? null : stretch;
      if (ended) page.go({ range: stretch });
      picture.draw();
    },
    click: (x) => page.go({ cursor: Math.round(scale().ticks(x)) }),
    hover: (x) => page.hover(x === null ? null : Math.round(scale().ticks(x))),
  });
  const redraw = () => picture.draw();
  page.hoverListeners.push(redraw);

  const close = closeToggle(page);
  const text = numbers('live bytes over time', () => {
    const columns = heap === null ? [] : heap.max.map((most, column) => ({ column, most }));
    const every = Math.max(Math.ceil(columns.length / 40), 1);
    const step = heap === null ? 1 : (heap.to - heap.from) / heap.width;
    const rows = Array.from({ length: Math.ceil(columns.length / every) }, (_, at) => {
      const some = columns.slice(at * every, (at + 1) * every);
      return {
        end: Math.round((heap?.from ?? 0) + ((some.at(-1)?.column ?? 0) + 1) * step),
        most: Math.max(...some.map(({ most }) => most)),
        least: Math.min(...some.map(({ column }) => heap?.min[column] ?? 0)),
        last: heap?.last[some.at(-1)?.column ?? 0] ?? 0,
      };
    });
    return {
      rows,
      columns: [
        { name: 'Until', class: 'number', unit: 'ticks', cell: (row) => page.clock.moment(row.end), order: (row) => row.end },
        { name: 'Lowest', class: 'number', unit: 'bytes', cell: (row) => bytes(row.least), order: (row) => row.least },
        { name: 'Highest', class: 'number', unit: 'bytes', cell: (row) => bytes(row.most), order: (row) => row.most },
        { name: 'Then', class: 'number', unit: 'bytes', cell: (row) => bytes(row.last), order: (row) => row.last },
      ],
    };
  });
  return {
    element: section('Live bytes', picture.element, element('div', { class: 'group' }, close), text),
    show: () => {
      close.show(page.state.close);
      ask();
      picture.draw();
    },
    close: () => {
      latest.stop();
      page.hoverListeners.splice(page.hoverListeners.indexOf(redraw), 1);
    },
  };
}

/** @param {{ capacity: number | null }} dump How many records the buffer has room for, as far as the dump says. */
function roomFor(dump) {
  return dump.capacity === null ? '' : `room for ${count(dump.capacity)}`;
}

/** What a dump says of itself. @param {Page} page @param {NonNullable<Page['overview']['dump']>} dump */
function dumpFacts(page, dump) {
  const { target, inputs } = page.overview;
  const modes = { all: 'all blocks, with those that were freed', leaks: 'blocks that were not freed' };
  return section('What was recorded', facts([
    ['Kept', dump.mode === null ? 'not known: the dump’s end is missing' : modes[dump.mode]],
    ['Records', [count(dump.records), roomFor(dump)].filter(Boolean).join(', ')],
    ['Allocations in all', dump.total_allocations === null ? null : count(dump.total_allocations)],
    ['Frees in all', dump.total_frees === null ? null : count(dump.total_frees)],
    ['Cores', target.cores.join(', ')],
    ['Dumps in the log', dump.dumps > 1 ? `${count(dump.dumps)}, of which one is shown` : null],
    ['File', element('span', {}, ...breakable(inputs.join(', '), Infinity))],
  ]));
}

/** What heap events there are. @param {Page['overview']['totals']} totals */
function heapEventWords(totals) {
  const { allocations, frees, reallocations, failed_allocations: failed, frees_of_older_blocks: older } = totals;
  return [counted(allocations, 'allocation'), counted(frees, 'free'), reallocations > 0 && counted(reallocations, 'reallocation'), failed > 0 && `${count(failed)} failed`,
    older > 0 && `${counted(older, 'free')} of older blocks`].filter(Boolean).join(', ');
}

/** @param {Page} page */
function columns(page) {
  if (page.overview.dump !== null) return dumpFacts(page, page.overview.dump);
  const { target, totals, peak, sessions, inputs } = page.overview;
  return element('div', { class: 'columns' },
    section('What was recorded', facts([
      ['Application', target.application], ['Device', target.device], ['Operating system', target.operating_system],
      ['Cores', target.cores.join(', ')], ['CPU', target.cpu_hz === null ? null : `${count(target.cpu_hz / 1e6)} MHz`],
      ['Length', page.clock.duration(page.overview.clock.end)],
      ['Events', count(totals.events) + (totals.copies > 0 ? ` (${count(totals.copies)} in both cores’ files)` : '')],
      ['Heap events', `${count(totals.heap_events)}: ${heapEventWords(totals)}`],
      ['Log messages', count(totals.log_messages)],
      ['Lost packets', totals.dropped_packets > 0 ? `at least ${count(totals.dropped_packets)}` : 'none seen'],
      [inputs.length === 1 ? 'File' : 'Files', element('span', {}, ...breakable(inputs.join(', '), Infinity))],
    ])),
    peak.holders.length > 0 && section('Who held the most, at the high-water mark', table({
      caption: 'Call sites at the high-water mark', rows: peak.holders,
      chosen: (holder) => page.go({ view: 'sites', site: holder.site }),
      columns: [
        { name: 'Bytes', class: 'number', unit: 'bytes', cell: (holder) => bytes(holder.bytes), order: (holder) => holder.bytes },
        { name: 'Part', class: 'number', cell: (holder) => percent(holder.bytes, peak.bytes) },
        { name: 'Call site', class: 'fixed words', cell: (holder) => holder.title },
      ],
    })),
    sessions.length > 1 && section('Sessions', table({
      caption: 'Sessions', rows: sessions,
      chosen: (session) => page.go({ range: [session.start, Math.max(session.end, session.start + 1)] }),
      columns: [
        { name: 'From', class: 'number', unit: 'ticks', cell: (session) => page.clock.moment(session.start), order: (session) => session.start },
        { name: 'To', class: 'number', unit: 'ticks', cell: (session) => page.clock.moment(session.end), order: (session) => session.end },
        { name: 'Begins', cell: (session) => session.after_reset ? 'after a reset' : session === sessions[0] ? 'with the recording' : 'after a pause' },
        { name: 'Ends', cell: (session) => endOf(sessions, session) },
      ],
    }), totals.sessions > sessions.length && element('p', { class: 'quiet' },
      `${counted(totals.sessions - sessions.length, 'further session')} before the last one ${totals.sessions - sessions.length === 1 ? 'is' : 'are'} not listed, and not marked in pictures.`)));
}

/** @param {Page['overview']['sessions']} sessions @param {Page['overview']['sessions'][number]} session */
function endOf(sessions, session) {
  if (session.stopped) return 'stopped';
  return sessions[sessions.indexOf(session) + 1]?.after_reset ? 'by a reset' : 'cut off';
}
