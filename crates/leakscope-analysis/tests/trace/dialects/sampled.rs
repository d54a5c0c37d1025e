//! A device that records a sample of addresses: what blocks become that are reallocated out of it.

use leakscope_analysis::findings::{Confidence, Finding, Verdict};
use leakscope_testing::scenario::Scenario;

use super::leakscope::{BASE, CODE, begun_anew, turned};
use crate::reading::{Reading, read_one};

/// Whether a block is in a sample of one in so many, as the recorder decides.
fn is_in_sample(address: u32, one_in: u64) -> bool {
    (u64::from(address.wrapping_mul(0x9E37_79B1)) * one_in) >> 32 == 0
}

/// Arrays that are enlarged and move, of which the device records what lies at some of all addresses: ones that grow without end, and
/// as many as are said that are freed after a few steps.
fn sampled_arrays(one_in: u32, first: u32, growing: usize, freed_after: Option<u32>) -> Reading {
    let mut recording = begun_anew([0, one_in, 0]);
    recording.event(517, &[1, 0x10]).event(517, &[2, 0x20]);
    let mut next = BASE + 16 * first;
    let mut place = |recording: &mut Scenario, old: Option<u32>, size: u32| {
        let new = next;
        next += 16 * 37;
        let takes = |address: u32| is_in_sample(address, one_in.into());
        if let Some(old) = old.filter(|old| takes(*old)) {
            recording.after(10).event(520, &[turned(old), 1]);
        }
        recording.after(10);
        match old {
            _ if !takes(new) => {}
            Some(old) => {
                recording.event(521, &[turned(new), size, 1, turned(old)]);
            }
            None => {
                recording.event(512, &[turned(new), size, 1]);
            }
        }
        new
    };
    let mut arrays = vec![None; growing];
    let mut short: Option<u32> = None;
    for step in 1..200 {
        for array in &mut arrays {
            *array = Some(place(&mut recording, *array, 16 * step));
        }
        if let Some(steps) = freed_after {
            short = match short {
                Some(old) if step % steps == 0 => {
                    if is_in_sample(old, one_in.into()) {
                        recording.after(10).event(519, &[turned(old), 1]);
                    }
                    None
                }
                old => Some(place(&mut recording, old, 16)),
            };
        }
        // What else the task does.
        let other = (0..).map(|other| 0x10_0000 + BASE + 16 * other);
        let other = other.clone().find(|&at| is_in_sample(at, one_in.into()));
        let other = turned(other.expect("one in so many"));
        recording.after(500).event(512, &[other, 16, 2]);
        recording.after(500).event(519, &[other, 2]);
    }
    read_one(recording.plain())
}

/// An array that moves out of the sample was not freed as far as anybody knows, and what it became is not in the recording.
#[test]
fn what_moves_out_of_a_sample_is_not_freed() {
    let is_excused = |finding: &Finding| {
        finding.verdict != Verdict::Uncertain
            && !finding.verdict.is_leak()
            && finding.confidence > Confidence::Low
    };
    for one_in in [2, 3, 8, 16] {
        for first in 0..20 {
            let reading = sampled_arrays(one_in, 5 * first, 1, None);
            reading.check();
            let finding = &reading.site(&[CODE + 0x10]).finding;
            assert!(!is_excused(finding), "{one_in} {first}: {finding:?}");
            assert_eq!(reading.verdict(&[CODE + 0x20]), Verdict::AllFreed);
        }
    }
}

/// Blocks that never move are as sure in a sample as elsewhere.
#[test]
fn what_is_freed_in_a_sample_is_freed() {
    let reading = sampled_arrays(2, 0, 0, Some(2));
    let finding = &reading.site(&[CODE + 0x10]).finding;
    assert_eq!(
        (finding.verdict, finding.confidence),
        (Verdict::AllFreed, Confidence::High)
    );
}
