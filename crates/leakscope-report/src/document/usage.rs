//! Who used how much: the peak, contexts, heaps, and when there is nothing left.

use std::sync::Arc;

use leakscope_analysis::outcome::{self, Outcome};
use leakscope_analysis::trace;
use serde::{Deserialize, Serialize};

use super::totals::Totals;
use super::trace::Session;
use super::{Address, Facts};

/// When the most bytes lived, and who held them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// How many.
    pub bytes: u64,
    /// When that was first so, in seconds.
    pub time_s: Option<f64>,
    /// When that was first so, in ticks.
    pub time_ticks: u64,
    /// Who held them, the largest first.
    pub holders: Vec<Holder>,
}

/// Who held how much at the peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// An index into the report's call sites.
    pub call_site: usize,
    /// How many.
    pub bytes: u64,
}

impl Peak {
    /// `is_kept` says which of the outcome's call sites the report has.
    pub(super) fn new(facts: &Facts<'_>, is_kept: &[bool]) -> Self {
        let peak = &facts.outcome.peak;
        let holders = peak.holders.iter();
        Self {
            bytes: peak.bytes,
            time_s: facts.seconds(peak.time),
            time_ticks: peak.time,
            holders: holders
                .filter(|(site, _)| is_kept.get(*site) == Some(&true))
                .map(|&(site, bytes)| Holder {
                    call_site: is_kept[..site].iter().filter(|&&kept| kept).count(),
                    bytes,
                })
                .collect(),
        }
    }
}

/// What one task, interrupt or other context did to the heap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextUsage {
    /// Who.
    pub name: Arc<str>,
    /// What that is.
    pub kind: ContextKind,
    /// Of a task, its index in the report's tasks.
    pub task: Option<usize>,
    /// Of an interrupt, its number.
    pub interrupt: Option<u32>,
    /// Blocks it allocated.
    pub allocations: u64,
    /// The bytes of those.
    pub allocated_bytes: u64,
    /// Blocks it freed, whoever had allocated them.
    pub frees: u64,
    /// The bytes of those, as far as their size is known.
    pub freed_bytes: u64,
    /// Of the blocks it allocated, those that lived when their session ended.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// The most bytes that it had allocated and nobody had freed yet.
    pub peak_bytes: u64,
}

/// What kind of context something ran in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ContextKind {
    Task,
    Interrupt,
    Idle,
    Scheduler,
    Unknown,
}

impl ContextUsage {
    pub(super) fn new(facts: &Facts<'_>, usage: &outcome::ContextUsage) -> Self {
        let (kind, task, interrupt) = match usage.context {
            trace::Context::Unknown => (ContextKind::Unknown, None, None),
            trace::Context::Idle => (ContextKind::Idle, None, None),
            trace::Context::Scheduler => (ContextKind::Scheduler, None, None),
            trace::Context::Task(task) => (ContextKind::Task, Some(task.index()), None),
            trace::Context::Interrupt(number) => (ContextKind::Interrupt, None, Some(number)),
        };
        Self {
            name: facts.context(usage.context),
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

/// One of several heaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the names are the schema's")]
pub struct HeapUsage {
    /// Its id: an address.
    pub heap: Address,
    /// Where it begins, if the target said so.
    pub base: Option<Address>,
    /// Its size, if the target said so.
    pub size_bytes: Option<u64>,
    /// Blocks allocated from it.
    pub allocations: u64,
    /// Blocks freed.
    pub frees: u64,
    /// Bytes that lived at the end.
    pub outstanding_bytes: u64,
    /// The most bytes that lived at once.
    pub peak_bytes: u64,
}

impl HeapUsage {
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

/// How many bytes the trace's blocks hold at its end. A reset has freed what lived before; a pause may have left it.
pub(super) fn held_at_the_end(sessions: &[Session]) -> u64 {
    let last_boot = sessions.iter().rposition(|session| session.after_reset);
    let sessions = &sessions[last_boot.unwrap_or(0)..];
    (sessions.iter()).fold(0, |held, session| {
        held.saturating_add(session.outstanding_bytes)
    })
}

/// When leaks have used up the heap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhaustion {
    /// The heap's size.
    pub heap_size_bytes: u64,
    /// What the trace's blocks left of it at the end.
    pub left_bytes: u64,
    /// How long that lasts from the end of the trace on, if nothing else is allocated.
    pub after_end_s: f64,
}

impl Exhaustion {
    /// Of the only heap of the target, if it said how large that is.
    pub(super) fn of(outcome: &Outcome, sessions: &[Session], totals: &Totals) -> Option<Self> {
        match outcome.heaps.as_slice() {
            [heap] => Self::new(heap.size?, held_at_the_end(sessions), totals),
            _ => None,
        }
    }

    /// Of a heap of this size that holds so many bytes of the trace's blocks.
    pub(super) fn new(size: u64, held: u64, totals: &Totals) -> Option<Self> {
        let rate = totals.leak_bytes_per_second.filter(|&rate| rate > 0.0)?;
        let left = size.checked_sub(held)?;
        Some(Self {
            heap_size_bytes: size,
            left_bytes: left,
            after_end_s: left as f64 / rate,
        })
    }
}
