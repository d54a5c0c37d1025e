//! Which of the recorded callers are code.
//!
//! ESP-IDF on RISC-V, built without frame pointers, records the frame pointer where the first caller belongs: the
//! address of a task's stack.

use super::{Dump, Record};

/// What is known of where a dump's callers lie.
pub(super) struct Callers {
    first_is_data: bool,
}

impl Callers {
    /// A build records frame pointers, or does not: what most records show is true of all.
    pub(super) fn of(dump: &Dump) -> Self {
        let is_espressif = dump.records.iter().any(|record| record.memory.is_some());
        let records = dump.records.iter();
        let first = records.filter_map(|record| record.allocated_by.first());
        let is_data = |caller: &&u64| {
            is_espressif && is_on_data_bus(**caller) || is_on_a_stack(**caller, dump)
        };
        let all = first.clone().count();
        Self {
            first_is_data: first.filter(is_data).count() * 2 > all,
        }
    }

    /// The callers of a record without a first one that is none.
    pub(super) fn of_code<'r>(&self, record: &'r Record) -> &'r [u64] {
        match record.allocated_by.as_slice() {
            [_, rest @ ..] if self.first_is_data => rest,
            all => all,
        }
    }
}

/// Whether an address lies in data memory of the ESP32, S2, S3 or C3, which is not executable there (their technical
/// reference manuals, section "System and Memory").
fn is_on_data_bus(address: u64) -> bool {
    (0x3f00_0000..0x4000_0000).contains(&address)
}

/// Whether a text begins with a pointer to data, which is no caller behind others: a program may print one.
pub(super) fn is_data(text: &str) -> bool {
    let digits = text.trim_start().strip_prefix("0x");
    let digits = digits.and_then(|digits| digits.get(..8));
    let address = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    address.is_some_and(is_on_data_bus)
}

/// Whether an address may be a frame pointer on a task's stack: a multiple of 16 (RISC-V's calling convention), not far
/// behind a recorded block, as stacks are allocated from the heap. Programs that run in the same memory lie before it.
fn is_on_a_stack(address: u64, dump: &Dump) -> bool {
    /// A chip's memory is not larger: stacks and blocks lie in the same.
    const NEAR: u64 = 1 << 18;
    let is_near = |record: &Record| {
        let distance = address.checked_sub(record.address);
        distance.is_some_and(|distance| distance < NEAR)
    };
    address.is_multiple_of(16) && dump.records.iter().take(64).any(is_near)
}
