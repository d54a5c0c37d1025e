//! One context and a buffer that is full: what is lost is told, and where the buffer is written, nothing is.

use leakscope_recorder::Block;
use leakscope_systemview::id;

use crate::driven::{Driven, Full, Settings};
use crate::heard::{Told, told};
use crate::recorders;

/// Allocations, each with `between` after it.
fn allocate(driven: &dyn Driven, count: usize, between: impl Fn(usize)) {
    for number in 0..count {
        let address = 0x2000_0000 + 64 * number;
        driven.alloc(Block { address, size: 32 }, &[0x1000, 0x100]);
        between(number);
    }
}

/// Wherever the buffer's end lies, there is room to tell of the end.
#[test]
fn a_stop_tells_of_itself_and_of_what_was_lost() {
    for new in recorders() {
        for before in 0..40 {
            let driven = new(Settings::default());
            (0..before).for_each(|_| driven.isr_exit_to_scheduler());
            allocate(&*driven, 500, |_| ());
            driven.stop();
            driven.drain(0);
            let Told {
                stored, lost, ids, ..
            } = told(&driven.heard(0));
            assert_eq!(stored + lost, 500, "{before}");
            let end = &ids[ids.len() - 2..];
            assert_eq!(end, [id::OVERFLOW, id::TRACE_STOP], "{before}");
        }
    }
}

/// Each thing that is asked for finds the buffer nearly full, at some time.
#[test]
fn who_writes_the_buffer_loses_nothing_by_what_is_asked() {
    for new in recorders() {
        for commands in [&[4, 5, 7][..], &[1], &[2, 1], &[6, 3], &[128, 0]] {
            let driven = new(Settings {
                when_full: Full::Write,
                ..Settings::default()
            });
            allocate(&*driven, 2000, |number| {
                if number % 13 == 0 {
                    for &byte in commands {
                        driven.command(byte);
                    }
                }
            });
            driven.stop();
            driven.drain(0);
            let Told {
                stored, lost, ids, ..
            } = told(&driven.heard(0));
            assert_eq!((stored, lost), (2000, 0), "{commands:?}");
            assert_eq!(ids.last(), Some(&id::TRACE_STOP), "{commands:?}");
        }
    }
}

/// A recorder that waits for room waits for events, not for answers.
#[test]
fn an_answer_that_finds_no_room_costs_who_waits_no_event() {
    for new in recorders() {
        let driven = new(Settings {
            filled: true,
            when_full: Full::Wait,
            ..Settings::default()
        });
        driven.command(7);
        driven.drain(0);
        allocate(&*driven, 10, |_| ());
        driven.drain(0);
        let Told { stored, lost, .. } = told(&driven.heard(0));
        assert_eq!((stored, lost), (10, 0));
    }
}
