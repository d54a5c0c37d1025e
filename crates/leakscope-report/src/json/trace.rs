//! What was read: the target, its sessions and tasks.

use leakscope_analysis::{outcome, trace};
use serde::Serialize;

use super::{Address, View};

#[derive(Serialize)]
pub(super) struct Trace<'r> {
    inputs: &'r [String],
    read_bytes: u64,
    application: Option<&'r str>,
    device: Option<&'r str>,
    operating_system: Option<&'r str>,
    elf_sha256: Option<&'r str>,
    timestamp_hz: Option<u32>,
    cpu_hz: Option<u32>,
    cores: &'r [u8],
    interrupts: Vec<Interrupt<'r>>,
    length_s: Option<f64>,
    length_ticks: u64,
}

#[derive(Serialize)]
struct Interrupt<'r> {
    number: u32,
    name: &'r str,
}

impl<'r> Trace<'r> {
    pub(super) fn new(view: View<'r>, inputs: &'r [String]) -> Self {
        let target = &view.outcome.target;
        let totals = &view.outcome.totals;
        let interrupts = target.interrupts.iter();
        Self {
            inputs,
            read_bytes: totals.bytes,
            application: target.application.as_deref(),
            device: target.device.as_deref(),
            operating_system: target.operating_system.as_deref(),
            elf_sha256: target.elf_sha256.as_deref(),
            timestamp_hz: Some(target.timestamp_hz).filter(|&hz| hz > 0),
            cpu_hz: Some(target.cpu_hz).filter(|&hz| hz > 0),
            cores: &target.cores,
            interrupts: interrupts
                .map(|(number, name)| Interrupt {
                    number: *number,
                    name,
                })
                .collect(),
            length_s: view.seconds(totals.end),
            length_ticks: totals.end,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Session {
    start_s: Option<f64>,
    start_ticks: u64,
    end_s: Option<f64>,
    end_ticks: u64,
    after_reset: bool,
    stopped: bool,
    heap_events: u64,
    outstanding_blocks: u64,
    outstanding_bytes: u64,
    peak_bytes: u64,
}

impl Session {
    pub(super) fn new(view: View<'_>, session: &outcome::Session) -> Self {
        Self {
            start_s: view.seconds(session.start),
            start_ticks: session.start,
            end_s: view.seconds(session.end),
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

#[derive(Serialize)]
pub(super) struct Task<'r> {
    address: Address,
    name: Option<&'r str>,
    priority: Option<u32>,
    stack: Option<TaskStack>,
}

#[derive(Serialize)]
struct TaskStack {
    base: Address,
    size_bytes: u32,
    used_bytes: Option<u32>,
}

impl<'r> Task<'r> {
    pub(super) fn new(task: &'r trace::Task) -> Self {
        Self {
            address: Address(task.address.into()),
            name: Some(task.name.as_str()).filter(|name| !name.is_empty()),
            priority: task.priority,
            stack: task.stack.map(|stack| TaskStack {
                base: Address(stack.base.into()),
                size_bytes: stack.size,
                used_bytes: Some(stack.usage).filter(|&usage| usage > 0),
            }),
        }
    }
}
