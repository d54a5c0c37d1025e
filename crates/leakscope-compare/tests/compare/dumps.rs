//! Heap dumps that list blocks as alive which may be freed: what is said of them must be true of the device.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::slice::from_ref;

use leakscope_analysis::dump::Log;
use leakscope_analysis::heap::KeepAll;
use leakscope_compare::baseline::Baseline;
use leakscope_compare::diff::{Diff, Status};
use leakscope_compare::gate::{Answer, Gate, Limits};
use leakscope_report::{Report, Symbolizer};
use proptest::prelude::*;

use crate::gates::with_limits;

/// A device that runs ESP-IDF's `HEAP_TRACE_ALL` without a hash map: a free is noted in the oldest record of its address.
#[derive(Default)]
struct Device {
    /// Slot, size, call site, and whether a free is noted.
    records: Vec<(u32, u64, u32, bool)>,
    /// What truly lives, by slot: size and call site.
    live: BTreeMap<u32, (u64, u32)>,
    allocations: u64,
    frees: u64,
}

/// Records that the buffer holds.
const CAPACITY: usize = 24;

impl Device {
    /// Allocates in the lowest slot that is free, or frees what was allocated there.
    fn run(&mut self, steps: &[(bool, u32)]) {
        for &(is_free, number) in steps {
            let living = self.live.keys().copied();
            let chosen = living.clone().nth(number as usize % self.live.len().max(1));
            if let Some(slot) = chosen.filter(|_| is_free) {
                let noted = self.records.iter_mut().find(|record| record.0 == slot);
                if let Some(record) = noted {
                    record.3 = true;
                }
                self.live.remove(&slot);
                self.frees += 1;
                continue;
            }
            let slot = (0..=u32::MAX)
                .find(|slot| !self.live.contains_key(slot))
                .unwrap();
            let (site, size) = (number % 3, 16 + u64::from(number % 3) * 8);
            if self.records.len() == CAPACITY {
                self.records.remove(0);
            }
            self.records.push((slot, size, site, false));
            self.live.insert(slot, (size, site));
            self.allocations += 1;
        }
    }

    fn report(&self) -> Report {
        let count = self.records.len();
        let mut text = format!("====== Heap Trace: {count} records ({CAPACITY} capacity) ======\n");
        for (slot, size, site, is_freed) in &self.records {
            let freed = if *is_freed {
                "freed by 0x42008000:0x00000000\n"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "{size:6} bytes (@ 0x{:08x}, Internal) allocated CPU 0 ccount 0x00000100 caller 0x4200{:04x}:\n{freed}",
                0x3fc9_0000 + slot * 64,
                0x1000 + site * 16,
            );
        }
        let alive = self.records.iter().filter(|record| !record.3);
        let (blocks, bytes) = alive.fold((0, 0), |sum, record| (sum.0 + 1, sum.1 + record.1));
        let _ = write!(
            text,
            "====== Heap Trace Summary ======\nMode: Heap Trace All\n{bytes} bytes alive in trace ({blocks}/{count} allocations)\n\
             total allocations: {}\ntotal frees: {}\n{}================================\n",
            self.allocations,
            self.frees,
            if self.allocations > count as u64 {
                "(NB: Internal Buffer has overflowed, so trace data is incomplete.)\n"
            } else {
                ""
            }
        );
        let outcome = Log::read(text.as_bytes()).outcome(&mut KeepAll);
        Report::new(
            &outcome,
            &mut Symbolizer::new(None),
            &["dump.log".to_owned()],
        )
    }

    /// Bytes that live, of all call sites, and of one.
    fn bytes(&self, wanted: Option<u32>) -> u64 {
        let blocks = self.live.values();
        let blocks = blocks.filter(|block| wanted.is_none_or(|site| block.1 == site));
        blocks.map(|block| block.0).sum()
    }
}

fn at_most(bytes: u64) -> Gate {
    with_limits(Limits {
        max_outstanding: Some(bytes),
        ..Limits::default()
    })
}

fn steps(most: usize) -> impl Strategy<Value = Vec<(bool, u32)>> {
    prop::collection::vec((prop::bool::weighted(0.48), 0u32..1000), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_said_of_dumps_is_true_of_the_device(first in steps(60), second in steps(60)) {
        let mut device = Device::default();
        device.run(&first);
        let before = device.report();
        let held: Vec<u64> = (0..3).map(|site| device.bytes(Some(site))).collect();
        device.run(&second);
        let after = device.report();
        let truth = device.bytes(None);
        for limit in [truth / 2, truth.saturating_sub(1), truth, truth + 40, 2 * truth] {
            let answer = at_most(limit).judge(&after).answer;
            prop_assert!(answer != Answer::Failed || truth > limit, "{truth} B, {limit} B allowed");
            prop_assert!(answer != Answer::Passed || truth <= limit, "{truth} B, {limit} B allowed");
        }
        // What gave way in the first dump was there and is not listed: of that, neither side tells anything.
        if device.allocations > CAPACITY as u64 {
            return Ok(());
        }
        for site in &Diff::of(from_ref(&before), from_ref(&after), None).sites {
            let number = (site.frames[0].address.0 >> 4) & 0xf;
            let (before, after) = (held[number as usize], device.bytes(Some(number as u32)));
            match site.status {
                Status::Worse | Status::New => prop_assert!(after > before, "{site:?}"),
                Status::Better | Status::Gone => prop_assert!(after < before, "{site:?}"),
                Status::Same => prop_assert_eq!(after, before),
                _ => {}
            }
        }
        let known = Baseline::of(before.call_sites.iter().map(|site| (&before, site)));
        let gate = Gate {
            baseline: Some(("known".to_owned(), known)),
            ..Gate::default()
        };
        if gate.judge(&after).answer == Answer::Failed {
            prop_assert!((0..3).any(|site| device.bytes(Some(site)) > held[site as usize]));
        }
    }
}

/// Blocks at addresses that nothing had before live for certain.
#[test]
fn what_lives_for_certain_fails() {
    let mut device = Device::default();
    device.run(&[(false, 0); 3]);
    let before = device.report();
    device.run(&[(false, 1), (true, 3), (false, 1), (false, 2), (false, 2)]);
    let report = device.report();
    assert_eq!(device.bytes(None), 136);
    let answer = |limit| at_most(limit).judge(&report).answer;
    assert_eq!(answer(136), Answer::Passed);
    assert_eq!(answer(135), Answer::Inconclusive);
    assert_eq!(answer(112), Answer::Inconclusive);
    assert_eq!(answer(111), Answer::Failed);
    let statuses = Diff::of(&[before], &[report], None).sites;
    let statuses: Vec<Status> = statuses.iter().map(|site| site.status).collect();
    assert_eq!(statuses, [Status::CannotTell, Status::New, Status::Same]);
}

/// Addresses mean something in one build: what is known by them alone is neither new nor gone in another.
#[test]
fn without_names_nothing_is_told_of_two_builds() {
    let of = |checksum: &str, callers: [u32; 2]| {
        let mut text = format!("I (36) app_init: ELF file SHA256:  {checksum}...\n");
        text += "====== Heap Trace: 2 records (9 capacity) ======\n";
        for (number, caller) in callers.iter().enumerate() {
            let address = 0x3fc9_0000 + 64 * number;
            let _ = writeln!(
                text,
                "    24 bytes (@ {address:#010x}, Internal) allocated CPU 0 ccount 0x00000100 caller {caller:#010x}:"
            );
        }
        text += "====== Heap Trace Summary ======\nMode: Heap Trace Leaks\n48 bytes 'leaked' in trace (2 allocations)\n";
        text += "================================\n";
        let outcome = Log::read(text.as_bytes()).outcome(&mut KeepAll);
        Report::new(
            &outcome,
            &mut Symbolizer::new(None),
            &["dump.log".to_owned()],
        )
    };
    let before = of("d0a8a2d0b", [0x4200_1000, 0x4200_2000]);
    let same = of("d0a8a2d0b", [0x4200_1000, 0x4200_3000]);
    let diff = Diff::of(from_ref(&before), &[same], None);
    assert!(!diff.is_uncertain());
    assert_eq!(diff.with(Status::New).count(), 1);
    let other = of("1a2b3c4d5", [0x4200_1000, 0x4200_3000]);
    for diff in [
        Diff::of(from_ref(&before), from_ref(&other), None),
        Diff::of_moments(&[before.clone(), other]),
    ] {
        assert!(diff.is_uncertain());
        assert_eq!(diff.with(Status::CannotTell).count(), diff.sites.len());
        assert!(diff.notes.iter().any(|note| note.contains("two builds")));
    }
}
