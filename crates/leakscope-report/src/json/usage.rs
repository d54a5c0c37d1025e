//! Who used how much: the peak, contexts, heaps.

use leakscope_analysis::{outcome, trace};
use serde::Serialize;

use super::{Address, View};

#[derive(Serialize)]
pub(super) struct Peak {
    bytes: u64,
    time_s: Option<f64>,
    time_ticks: u64,
    holders: Vec<Holder>,
}

#[derive(Serialize)]
struct Holder {
    call_site: usize,
    bytes: u64,
}

impl Peak {
    pub(super) fn new(view: View<'_>) -> Self {
        let peak = &view.outcome.peak;
        let holders = peak.holders.iter();
        Self {
            bytes: peak.bytes,
            time_s: view.seconds(peak.time),
            time_ticks: peak.time,
            holders: holders
                .map(|&(call_site, bytes)| Holder { call_site, bytes })
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Context {
    name: String,
    kind: &'static str,
    task: Option<usize>,
    interrupt: Option<u32>,
    allocations: u64,
    allocated_bytes: u64,
    frees: u64,
    freed_bytes: u64,
    outstanding_blocks: u64,
    outstanding_bytes: u64,
    peak_bytes: u64,
}

impl Context {
    pub(super) fn new(view: View<'_>, usage: &outcome::ContextUsage) -> Self {
        let (kind, task, interrupt) = match usage.context {
            trace::Context::Unknown => ("unknown", None, None),
            trace::Context::Idle => ("idle", None, None),
            trace::Context::Scheduler => ("scheduler", None, None),
            trace::Context::Task(task) => ("task", Some(task.index()), None),
            trace::Context::Interrupt(number) => ("interrupt", None, Some(number)),
        };
        Self {
            name: view.context(usage.context),
            kind,
            task,
            interrupt,
            allocations: usage.allocations,
            allocated_bytes: usage.allocated_bytes,
            frees: usage.frees,
            freed_bytes: usage.freed_bytes,
            outstanding_blocks: usage.outstanding_blocks,
            outstanding_bytes: usage.outstanding_bytes,
            peak_bytes: usage.peak_bytes,
        }
    }
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the names are the schema's")]
pub(super) struct Heap {
    heap: Address,
    base: Option<Address>,
    size_bytes: Option<u64>,
    allocations: u64,
    frees: u64,
    outstanding_bytes: u64,
    peak_bytes: u64,
}

impl Heap {
    pub(super) fn new(heap: &outcome::HeapUsage) -> Self {
        Self {
            heap: Address(heap.heap),
            base: heap.base.map(Address),
            size_bytes: heap.size,
            allocations: heap.allocations,
            frees: heap.frees,
            outstanding_bytes: heap.outstanding_bytes,
            peak_bytes: heap.peak_bytes,
        }
    }
}
