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
        let mut first = dump
            .records
            .iter()
            .filter_map(|record| record.allocated_by.first());
        let (mut data, mut all) = (0, 0);
        for &caller in first.by_ref() {
            all += 1;
            data +=
                usize::from(is_espressif && is_on_data_bus(caller) || is_on_a_stack(caller, dump));
        }
        Self {
            first_is_data: data * 2 > all,
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

/// Whether an address may be a frame pointer on a task's stack: a multiple of 16 (RISC-V's calling convention), near
/// recorded blocks, as stacks are allocated from the heap. Of return addresses, few are both.
fn is_on_a_stack(address: u64, dump: &Dump) -> bool {
    /// A chip's memory is not larger: stacks and blocks lie in the same.
    const NEAR: u64 = 1 << 18;
    let is_near = |record: &Record| record.address.abs_diff(address) < NEAR;
    address.is_multiple_of(16) && dump.records.iter().take(64).any(is_near)
}
