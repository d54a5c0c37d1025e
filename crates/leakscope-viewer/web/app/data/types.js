// The answers of the routes, as API.md (beside web/) describes them. Types only: nothing runs here.

/** @typedef {'leak-steady' | 'leak-growing' | 'leak-survivors' | 'leak-per-cycle' | 'uncertain' | 'unclassified'
 *  | 'lost' | 'late-release' | 'in-flight' | 'bounded' | 'once' | 'all-freed'} Verdict */
/** What a policy makes of the verdict. @typedef {'leak' | 'unknown' | 'fine' | { suppressed: string } | { known: string }} Standing */
/** @typedef {'task' | 'interrupt' | 'idle' | 'scheduler' | 'unknown'} ContextKind */
/** @typedef {{ name: string, kind: ContextKind }} Context */
/** @typedef {{ code: string, severity: 'grave' | 'note', message: string, hint: string | null, count: number, input: string | null,
 *  offset: number | null, time_s: number | null, time_ticks: number | null }} Problem the worst first */
/** @typedef {{ site: number, verdict: Verdict, standing: Standing, confidence: string, title: string, reason: string,
 *  growth_bytes_per_second: number | null, growth: string, outstanding_bytes: number, outstanding_blocks: number }} Finding */
/** @typedef {{ kind: string, is_doubtful: boolean, time: number, context: number, core: number, address: string, title: string }} Anomaly */
/** @typedef {{ time: number, size: number, context: number, core: number, live_bytes: number, retried: boolean, title: string }} Failure */
/** @typedef {'reading' | 'following' | 'complete' | 'failed'} ReadingState */

/**
 * @typedef {object} Overview
 * @property {string[]} inputs
 * @property {{ application: string | null, device: string | null, operating_system: string | null, cpu_hz: number | null,
 *   cores: number[] }} target
 * @property {{ hz: number | null, end: number }} clock
 * @property {{ state: ReadingState, read_bytes: number, total_bytes: number | null }} reading
 * @property {'leak' | 'no-leak-seen' | 'uncertain' | 'nothing-known'} conclusion
 * @property {string} sentence
 * @property {string[]} also_wrong what else the program did wrong
 * @property {boolean} symbols functions have names
 * @property {{ dumps: number, records: number, capacity: number | null, mode: 'all' | 'leaks' | null,
 *   total_allocations: number | null, total_frees: number | null } | null} dump what is looked at in place of a trace
 * @property {boolean} image an image of memory was looked at
 * @property {boolean} heap_map it is known where the heap is
 * @property {Problem[]} problems
 * @property {string | null} unrecorded what the device was told to leave out
 * @property {Finding[]} findings
 * @property {Record<string, number> & { leak_bytes_per_second: number | null }} totals
 * @property {{ bytes: number, time: number, holders: { site: number, bytes: number, title: string }[] }} peak
 * @property {{ size: number | null, live_at_end: number, exhausted_in_s: number | null, exhausted_in: string | null, outlook: string | null }} heap
 * @property {{ start: number, end: number, after_reset: boolean, stopped: boolean }[]} sessions
 * @property {Context[]} contexts
 * @property {Anomaly[]} anomalies
 * @property {Failure[]} failures the first ones
 * @property {{ width: number, rows: number, sites: number }} limits
 * @property {string[]} left_out
 */

/**
 * Live bytes in columns of equal width.
 * @typedef {object} Heap
 * @property {number} from
 * @property {number} to
 * @property {number} width
 * @property {number[]} min
 * @property {number[]} max
 * @property {number[]} last
 * @property {number[]} blocks
 * @property {number[]} allocations
 * @property {number[]} frees
 * @property {number[]} allocated_bytes
 * @property {number[]} failed
 */

/** `run` and `ready` are flat triples: from, to, share.
 *  @typedef {{ core: number, context: number, run: number[], ready: number[] }} Lane */
/** @typedef {{ index: number, time: number, kind: string, size: number, since: number | null, site: number, context: number, core: number }} HeapMark `since`: of a block's end, when it was allocated */
/** @typedef {{ index: number, time: number, kind: string, context: number, core: number, text: string }} LogMark */
/** How far an answer about a range has come: nothing is said of one that is complete at once.
 *  @typedef {{ complete?: boolean, counted_to?: number }} Counted */
/** What the blocks of one owner did. @typedef {import('leakscope/data/owner.js').Owner & { exact: boolean, heap: Heap, marks: HeapMark[] | null }} Track */
/** Who holds how much, by column. @typedef {{ from: number, to: number, width: number, exact: boolean,
 *  bands: (import('leakscope/data/owner.js').Owner & { title: string, last: number[] })[], others: { owners: number, last: number[] } }} Shares */
/** @typedef {{ from: number, to: number, packets: number | null, bytes: number }} Gap */
/**
 * @typedef {object} Timeline
 * @property {number} from
 * @property {number} to
 * @property {number} width
 * @property {boolean} exact
 * @property {number} resolution
 * @property {Lane[]} lanes
 * @property {Heap} heap
 * @property {{ heap: HeapMark[] | null, logs: LogMark[] | null }} marks
 * @property {number[]} logs
 * @property {number[]} warnings
 * @property {number[]} errors
 * @property {Gap[]} gaps
 * @property {{ time: number, index: number, name: string }[]} user_marks
 */

/** @typedef {{ address: string, function: string | null, file: string | null, line: number | null, inlined: boolean, certainty?: string }} Frame */
/**
 * @typedef {object} Site
 * @property {number} site
 * @property {Verdict} verdict
 * @property {Standing} standing
 * @property {string} confidence
 * @property {string} reason
 * @property {string} title
 * @property {number[]} stack
 * @property {number[]} allocator
 * @property {number | null} growth_bytes_per_second
 * @property {string} growth
 * @property {number} outstanding_bytes
 * @property {number} outstanding_blocks
 * @property {number} peak_bytes
 * @property {number} bytes_at_peak
 * @property {number} allocations
 * @property {number} allocated_bytes
 * @property {number} frees
 * @property {number} temporary
 * @property {number} temporary_bytes
 * @property {number} reallocations
 * @property {number} failed
 * @property {number} smallest
 * @property {number} largest
 * @property {number} first
 * @property {number} last
 * @property {number[]} contexts
 * @property {number[]} cores
 * @property {(Pick<Site, 'outstanding_bytes' | 'outstanding_blocks' | 'allocations' | 'allocated_bytes' | 'temporary' | 'temporary_bytes'> & { context: number })[]} by_context
 */
/** The call sites of a recording made before a change. @typedef {{ inputs: string[], unrecorded: string | null, frames: Frame[], sites: (Pick<Site, 'title' | 'standing' | 'stack' | 'allocator' |
 *  'growth_bytes_per_second' | 'outstanding_bytes' | 'outstanding_blocks' | 'bytes_at_peak' | 'allocations' | 'allocated_bytes'> & { tasks: string[] })[], others: Others }} Before */
/** What call sites come to that have no row: so many, those of which blocks live, and sums by weight; null: not known.
 *  @typedef {{ sites: number, outstanding_sites: number, outstanding_bytes: number, outstanding_blocks: number, bytes_at_peak: number, allocated_bytes: number, allocations: number,
 *  temporary_bytes: number, temporary: number, leaked_bytes: number | null, leaked_blocks: number | null, growth_bytes_per_second: number | null }} Others */
/** @typedef {Counted & { from: number, to: number, limited: boolean, total: number, frames: Frame[], sites: Site[], others: Others }} Sites */
/** @typedef {{ from: number, to: number, count: number }} Bucket */
/** @typedef {{ address: string, size: number, time: number, context: number, core: number }} Block */
/**
 * What the table of call sites has no room for; the single file has it of the first ones only.
 * @typedef {object} SiteRest
 * @property {{ from: number, to: number, step: number, times: number[], max: number[], last: number[], blocks: number[], allocations: number[], frees: number[] }} curve
 * @property {Bucket[]} sizes
 * @property {Bucket[]} lifetimes
 * @property {Block[]} blocks
 * @property {{ size: number, time: number, context: number, core: number, retried: boolean, live_bytes: number }[]} failures
 */
/** @typedef {SiteRest['curve']} Curve */
/** `curve` is null if all of the rest is not in the file. @typedef {{ site: Site, frames: Frame[] } & (SiteRest | { curve: null })} SiteDetail */

/** Who frees the blocks of a call site. Ticks: how long they had lived.
 * @typedef {Counted & { site: number, from: number, to: number, total: number, frames: Frame[], frees: { title: string, stack: number[],
 *   allocator: number[], context: number, blocks: number, bytes: number, shortest: number, longest: number, mean: number }[] }} Frees */

/**
 * @typedef {object} EventRow
 * @property {number} row
 * @property {number} index
 * @property {number} time
 * @property {number} core
 * @property {number} context
 * @property {string} kind
 * @property {number} id
 * @property {string} name
 * @property {string} detail
 * @property {number} site
 * @property {string | null} address
 * @property {string} [old_address] where a reallocation found the block
 * @property {number | null} size
 * @property {string | null} flag
 * @property {number} input
 * @property {number} offset
 * @property {number} [missing] the single file: no event, but so many that are not in it, from `index` on
 * @property {number} [end] they are before this one
 * @property {number} [until] when the next event is that is in the file
 */
/** `listed` of the single file: how many of the rows are events.
 *  @typedef {{ offset: number, total: number, listed?: number, complete: boolean, searched_to: number, rows: EventRow[] }} Events */
/** @typedef {{ row: number, index: number | null, total: number, complete: boolean, missing?: boolean }} Found */
/** @typedef {{ index: number, time: number, context: number, core: number }} Half */
/** Why a block has no free, or a free no allocation: see API.md.
 *  @typedef {'lives' | 'session' | 'reused' | 'older' | 'lost' | 'freed' | 'wrong' | 'unlisted'} Missing */
/** @typedef {{ allocation: Half | null, free: Half | null, again: Half | null, address: string, size: number | null, site: number, lifetime: number | null, missing: Missing | null }} BlockLife */

/**
 * @typedef {object} Task
 * @property {number} context
 * @property {string} name
 * @property {ContextKind} kind
 * @property {string | null} address
 * @property {number | null} priority
 * @property {{ base: string, size: number | null, used: number | null } | null} stack
 * @property {{ core: number, ticks: number, share: number | null, switches: number | null }[]} run
 * @property {number} allocations
 * @property {number} allocated_bytes
 * @property {number} frees
 * @property {number} freed_bytes
 * @property {number} net_bytes
 * @property {number} outstanding_bytes
 * @property {number | null} peak_bytes
 */
/** @typedef {Counted & { from: number, to: number, limited: boolean, tasks: Task[],
 *  matrix: { allocated_by: number, freed_by: number, blocks: number, bytes: number }[],
 *  unknown_ticks: { core: number, ticks: number }[] }} Tasks */

/** How tasks and interrupts run, in ticks. @typedef {{ count: number, total: number, shortest: number, longest: number }} Durations */
/** @typedef {Counted & { from: number, to: number, contexts: { core: number, context: number, run: Durations, blocked: Durations }[] }} Contexts */

/**
 * @typedef {object} System
 * @property {Record<string, string | number | number[] | null>} target
 * @property {{ core: number, timestamp_hz: number | null, cpu_hz: number | null, ram_base: string | null, id_shift: number | null }[]} init
 * @property {string[]} descriptions
 * @property {{ number: number, name: string }[]} interrupts
 * @property {{ core: number, offset: number, events: number | null, description: string }[]} modules
 * @property {{ heap: string, base: string | null, size: number | null, allocations: number, frees: number,
 *   outstanding_bytes: number, peak_bytes: number }[]} heaps
 * @property {Record<string, number | null>} recording
 * @property {{ id: number, name: string, count: number }[]} events
 */

/** What became of some blocks: see docs/report-json.md.
 *  @typedef {{ definite_blocks: number, definite_bytes: number, indirect_blocks: number, indirect_bytes: number,
 *  possible_blocks: number, possible_bytes: number, reachable_blocks: number, reachable_bytes: number, gone_blocks: number,
 *  holder: string | null }} Reached */
/** A step of a way from a root to blocks. @typedef {{ root: string, root_kind: string, root_address: string | null,
 *  parent: number | null, call_site: number | null, blocks: number, bytes: number, way: string }} Way */
/**
 * @typedef {object} Memory
 * @property {{ bytes: number, is_complete: boolean, missing: string[], problems: string[], static_bytes: number, stack_bytes: number,
 *   unknown_bytes: number, block_bytes: number, pointers: number, expected_by_chance: number | null, total: Reached,
 *   holders: Way[] } | null} image what the report says of it
 * @property {{ address: string, lengths: number[], parts: number[] }[]} regions
 * @property {{ sites: number[], kinds: number[], holders: number[], words: number[] }} blocks
 * @property {(Reached & { site: number, title: string, verdict: Verdict | null, standing: Standing | null })[]} sites
 */

/** What leakscope heap says of one moment: see docs/heap-json.md.
 * @typedef {object} HeapMap
 * @property {number} time_ticks
 * @property {string} allocator
 * @property {string[]} may_be
 * @property {number} addresses
 * @property {number} predicted
 * @property {number} outside
 * @property {boolean} is_estimate
 * @property {string[]} sentences
 * @property {{ start: string, length_bytes: number, name: string | null, free_bytes: number, assumed_bytes: number, unknown_bytes: number,
 *   block_bytes: number, asked_bytes: number, blocks: number, holes: number, largest_bytes: number, fragmentation_percent: number,
 *   pins: { call_site: number, name: string, blocks: number, bytes: number, oldest_ticks: number, largest_before_bytes: number,
 *   largest_after_bytes: number }[] }[]} regions
 * @property {{ time_ticks: number, size_bytes: number, reason: string, sentence: string, region: number }[]} failures
 * @property {number} more_failures
 * @property {{ time_ticks: number, told_free_bytes: number | null, told_largest_bytes: number | null, free_bytes: number, largest_bytes: number }[]} checks
 * @property {number} more_checks
 * @property {object | null} image what an image of memory has
 */
/**
 * @typedef {object} HeapOverTime
 * @property {number} from
 * @property {number} to
 * @property {boolean} complete
 * @property {number} counted_to
 * @property {HeapMap | null} map
 * @property {number} column_ticks
 * @property {{ start: string, bytes: number, rows: number, columns: (number[] | null)[], free: number[], least_free: number[],
 *   largest: number[], least_largest: number[], holes: number[] }[]} regions
 */

/** @typedef {{ name: string, file: string, purpose: string }} Download a format that the recording can be saved in */

/** @typedef {{ state: ReadingState, events: number, end: number, read_bytes: number, total_bytes: number | null, waits_for?: number | null, version: number }} Reading */
/** What follows the reading: its news, and whether the server answers.
 *  @typedef {{ news(reading: Reading): void, lost(): void }} Listener */

/**
 * @typedef {object} Routes
 * @property {Overview} overview
 * @property {Timeline} timeline
 * @property {Track} track
 * @property {Shares} shares
 * @property {Before} before
 * @property {Sites} sites
 * @property {SiteDetail} site
 * @property {Events} events
 * @property {Found} find
 * @property {BlockLife} block
 * @property {Tasks} tasks
 * @property {System} system
 * @property {Memory} memory
 * @property {HeapOverTime} heap
 * @property {Frees} frees
 * @property {Contexts} contexts
 * @property {Download[]} downloads
 */
/** @typedef {Record<string, string | number | null | undefined>} Parameters */

/**
 * Where answers come from; the page does not know whether it is a server or the file it stands in.
 * @typedef {object} Source
 * @property {boolean} served
 * @property {{ listed: number, of: number } | null} held how many events the single file lists, if the trace has more
 * @property {<R extends keyof Routes>(route: R, parameters?: Parameters, signal?: AbortSignal) => Promise<Routes[R]>} get
 * @property {(listener: Listener) => void} follow
 */

/**
 * The document in the single file.
 * @typedef {object} Embedded
 * @property {Overview} overview
 * @property {Sites} sites
 * @property {Record<string, SiteRest>} site
 * @property {Record<string, Frees>} frees
 * @property {Contexts} contexts
 * @property {Timeline} timeline
 * @property {Events} events
 * @property {LogGap | null} log_gap
 * @property {Tasks} tasks
 * @property {System} system
 * @property {Halves[]} blocks
 * @property {[number, number][]} again
 * @property {[number, number][]} kept
 * @property {Lives} lives
 * @property {Memory} memory
 * @property {HeapOverTime} heap
 * @property {Shares[]} shares by call site, by context, by heap
 * @property {(import('leakscope/data/owner.js').Owner & { curve: Curve })[]} owners
 * @property {Before} before empty, if there is none
 */
/** So many log messages from the event `from` on, up to the event `to`, are not in the file.
 *  @typedef {{ from: number, to: number, lines: number }} LogGap */
/** The numbers of an allocation and of its free; if there is but one, why, and the event from which on its block is gone.
 *  @typedef {[allocation: number | null, free: number | null, missing?: Missing, gone?: number]} Halves */
/** The lives of all blocks: see API.md.
 *  @typedef {{ resolution: number, born: number[], lived: number[], blocks: number[], bytes: number[] }} LifeColumns */
/** @typedef {{ sites: LifeColumns & { sites: number[], ends: number[] } | null,
 *  contexts: LifeColumns & { allocated_by: number[], freed_by: number[] } | null }} Lives */
export {};
