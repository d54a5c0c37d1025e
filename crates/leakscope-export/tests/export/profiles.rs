//! pprof's profiles, read: what was written of a recording is the same heap when it is read again.

use std::io::Read;

use leakscope_export::{Format, Profile, ProfileError};
use proptest::prelude::*;

use crate::made::{Made, PROGRAM, recording, steps};

/// The profile of a recording, unpacked.
fn profile(made: &Made) -> Vec<u8> {
    let packed = made.export(Format::Pprof);
    let mut bytes = Vec::new();
    let read = flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes);
    read.expect("what was packed");
    bytes
}

proptest! {
    #[test]
    fn what_was_written_is_read(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let bytes = profile(&made);
        prop_assert!(Profile::may_be(&bytes));
        let read = Profile::read(&bytes).expect("a profile").report("a.pb").expect("a heap");
        let totals = &made.report.totals;
        prop_assert_eq!(read.totals.outstanding_bytes, totals.outstanding_bytes);
        prop_assert_eq!(read.totals.outstanding_blocks, totals.outstanding_blocks);
        prop_assert!(!read.trace.has_history);
    }

    #[test]
    fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        let _ = Profile::may_be(&bytes);
        let _ = Profile::read(&bytes);
        let mut damaged = profile(&Made::new(&recording(&[]), PROGRAM));
        damaged.truncate(cut.index(damaged.len() + 1));
        damaged.extend(bytes);
        if let Some(profile) = Profile::read(&damaged) {
            let _ = profile.report("a.pb");
        }
    }
}

/// A profile of a CPU, by hand: one value, `samples` in `count`.
#[test]
fn other_profiles_are_no_heap() {
    let mut bytes = vec![0x0A, 4, 0x08, 1, 0x10, 2];
    for text in ["", "samples", "count"] {
        bytes.extend([0x32, text.len() as u8]);
        bytes.extend(text.bytes());
    }
    let profile = Profile::read(&bytes).expect("a profile");
    assert_eq!(
        profile.report("a").err(),
        Some(ProfileError::NoHeap("samples".to_owned()))
    );
}
