//! What the recording says of itself.

use leakscope_analysis::problem::ProblemKind;
use leakscope_report::sanitise;
use leakscope_systemview::id;
use serde::Serialize;

use super::Subject;
use super::address;
use super::overview::Target;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct System {
    target: Target,
    init: Vec<Init>,
    descriptions: Vec<String>,
    interrupts: Vec<Interrupt>,
    modules: Vec<Module>,
    heaps: Vec<Heap>,
    recording: RecordingSummary,
    events: Vec<Events>,
}

#[derive(Clone, Debug, Serialize)]
struct Init {
    core: u8,
    timestamp_hz: u32,
    cpu_hz: u32,
    ram_base: String,
    id_shift: u32,
}

#[derive(Clone, Debug, Serialize)]
struct Interrupt {
    number: u32,
    name: String,
}

#[derive(Clone, Debug, Serialize)]
struct Module {
    core: u8,
    offset: u32,
    events: Option<u32>,
    description: String,
}

#[derive(Clone, Debug, Serialize)]
struct Heap {
    heap: String,
    base: Option<String>,
    size: Option<u64>,
    allocations: u64,
    frees: u64,
    outstanding_bytes: u64,
    peak_bytes: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct RecordingSummary {
    bytes: u64,
    events: u64,
    length: u64,
    events_per_second: Option<f64>,
    peak_events_per_second: Option<f64>,
    overflows: u64,
    dropped_packets: u64,
    skipped_bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Events {
    id: u32,
    name: String,
    count: u64,
}

impl System {
    pub(crate) fn new(subject: Subject<'_, '_>) -> Self {
        let Subject {
            outcome,
            report,
            scan,
            ..
        } = subject;
        let clock = scan.clock();
        let index = &scan.index;
        let totals = &outcome.totals;
        let skipped_bytes = report.totals.skipped_bytes;
        let of_overflow = outcome
            .problems
            .iter()
            .filter(|problem| matches!(problem.kind, ProblemKind::Overflow { .. }));
        let overflows = of_overflow.map(|problem| problem.count).sum();
        let rate = |events: u64, ticks: u64| clock.bytes_per_second(events as i64, ticks);
        let init = scan.system.init.iter().map(|(core, init)| Init {
            core: *core,
            timestamp_hz: init.timestamp_hz,
            cpu_hz: init.cpu_hz,
            ram_base: address(init.ram_base.into()),
            id_shift: init.id_shift,
        });
        let interrupts = outcome.target.interrupts.iter();
        let heaps = outcome.heaps.iter();
        Self {
            target: Target::new(&outcome.target),
            init: init.collect(),
            descriptions: (scan.system.descriptions.iter())
                .map(|text| sanitise(text).into_owned())
                .collect(),
            interrupts: interrupts
                .map(|(number, name)| Interrupt {
                    number: *number,
                    name: sanitise(name).into_owned(),
                })
                .collect(),
            modules: (scan.system.modules.iter())
                .flat_map(|(core, modules)| modules_of(*core, modules))
                .collect(),
            heaps: heaps
                .map(|heap| Heap {
                    heap: address(heap.heap),
                    base: heap.base.map(address),
                    size: heap.size,
                    allocations: heap.allocations,
                    frees: heap.frees,
                    outstanding_bytes: heap.outstanding_bytes,
                    peak_bytes: heap.peak_bytes,
                })
                .collect(),
            recording: RecordingSummary {
                bytes: totals.bytes,
                events: totals.events,
                length: totals.end,
                events_per_second: rate(totals.events, totals.end),
                peak_events_per_second: rate(
                    u64::from(index.levels.busiest()),
                    (1 << index.levels.shift).min(totals.end.max(1)),
                ),
                overflows,
                dropped_packets: totals.dropped_packets,
                skipped_bytes,
            },
            events: (scan.system.counts())
                .map(|(id, count)| Events {
                    id,
                    name: match scan.system.name(id) {
                        Some(name) => sanitise(name).into_owned(),
                        None => id::name(id).map_or_else(|| format!("event {id}"), str::to_owned),
                    },
                    count,
                })
                .collect(),
        }
    }
}

fn modules_of(core: u8, modules: &[leakscope_analysis::trace::Module]) -> Vec<Module> {
    let next = |offset: u32| {
        let others = modules.iter().map(|other| other.offset);
        others.filter(|&other| other > offset).min()
    };
    let listed = modules.iter().map(|module| Module {
        core,
        offset: module.offset,
        events: next(module.offset).map(|next| next - module.offset),
        description: sanitise(&module.description).into_owned(),
    });
    listed.collect()
}
