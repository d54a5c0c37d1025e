//! What was read: the target, its sessions and tasks.

use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::{outcome, trace};
use serde::{Deserialize, Serialize};

use super::{Address, Facts};
use crate::conclusion::has;
use crate::symbolizer::Symbolizer;

/// What was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The inputs, as they were named.
    pub inputs: Vec<String>,
    /// Bytes read, without the lines of text that a file begins with.
    pub read_bytes: u64,
    /// Whether it was recorded over time: a dump of a record buffer was not.
    pub has_history: bool,
    /// Whether functions could be named.
    pub has_symbols: bool,
    /// The application.
    pub application: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// The operating system.
    pub operating_system: Option<String>,
    /// The first digits of the SHA-256 of the traced ELF file, in hexadecimal.
    pub elf_sha256: Option<String>,
    /// Ticks in a second.
    pub timestamp_hz: Option<u32>,
    /// The CPU's frequency.
    pub cpu_hz: Option<u32>,
    /// The cores that were recorded.
    pub cores: Vec<u8>,
    /// Names of interrupts.
    pub interrupts: Vec<Interrupt>,
    /// From the first event to the last, in seconds; of a part, from where it begins to where it ends.
    pub length_s: Option<f64>,
    /// The same in ticks.
    pub length_ticks: u64,
}

/// The name of an interrupt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupt {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
}

impl Trace {
    pub(super) fn new(facts: &Facts<'_>, symbolizer: &Symbolizer<'_>, inputs: &[String]) -> Self {
        let target = &facts.outcome.target;
        let totals = &facts.outcome.totals;
        let interrupts = target.interrupts.iter();
        Self {
            inputs: inputs.to_vec(),
            read_bytes: totals.bytes,
            has_history: !has(facts.outcome, |kind| matches!(kind, ProblemKind::NoHistory)),
            has_symbols: symbolizer.has_symbols(),
            application: target.application.clone(),
            device: target.device.clone(),
            operating_system: target.operating_system.clone(),
            elf_sha256: target.elf_sha256.clone(),
            timestamp_hz: Some(target.timestamp_hz).filter(|&hz| hz > 0),
            cpu_hz: Some(target.cpu_hz).filter(|&hz| hz > 0),
            cores: target.cores.clone(),
            interrupts: interrupts
                .map(|(number, name)| Interrupt {
                    number: *number,
                    name: name.clone(),
                })
                .collect(),
            length_s: facts.seconds(facts.outcome.length()),
            length_ticks: facts.outcome.length(),
        }
    }
}

/// A stretch of the trace without a restart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its first moment, in seconds.
    pub start_s: Option<f64>,
    /// Its first moment, in ticks.
    pub start_ticks: u64,
    /// Its last moment, in seconds.
    pub end_s: Option<f64>,
    /// Its last moment, in ticks.
    pub end_ticks: u64,
    /// Whether the target had been reset before it.
    pub after_reset: bool,
    /// Whether the target was told to stop recording at its end.
    pub stopped: bool,
    /// Its heap events.
    pub heap_events: u64,
    /// Blocks that lived at its end.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// The most bytes that lived at once in it.
    pub peak_bytes: u64,
}

impl Session {
    pub(super) fn new(facts: &Facts<'_>, session: &outcome::Session) -> Self {
        Self {
            start_s: facts.seconds(session.start),
            start_ticks: session.start,
            end_s: facts.seconds(session.end),
            end_ticks: session.end,
            after_reset: session.after_reset,
            stopped: session.stopped,
            heap_events: session.heap_events,
            outstanding_blocks: session.outstanding_blocks,
            outstanding_bytes: session.outstanding_bytes,
            peak_bytes: session.peak_bytes,
        }
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its control block.
    pub address: Address,
    /// Its name.
    pub name: Option<String>,
    /// Its priority, in the operating system's numbers.
    pub priority: Option<u32>,
    /// How often the target had been reset before it was seen.
    pub resets: u32,
    /// Its stack, if the trace says.
    pub stack: Option<TaskStack>,
}

/// The stack of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskStack {
    /// Its base.
    pub base: Address,
    /// Its size.
    pub size_bytes: u32,
    /// How much of it was in use.
    pub used_bytes: Option<u32>,
}

impl Task {
    pub(super) fn new(task: &trace::Task) -> Self {
        Self {
            address: Address(task.address.into()),
            name: Some(task.name.clone()).filter(|name| !name.is_empty()),
            priority: task.priority,
            resets: task.resets,
            stack: task.stack.map(|stack| TaskStack {
                base: Address(stack.base.into()),
                size_bytes: stack.size,
                used_bytes: Some(stack.usage).filter(|&usage| usage > 0),
            }),
        }
    }
}
