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

/// The ids of the last recording in these.
fn last_recording(ids: &[u32]) -> &[u32] {
    let start = ids.iter().rposition(|&id| id == id::TRACE_START);
    &ids[start.expect("a recording")..]
}

/// Nobody reads the buffer, in which the end of the recording before still stands.
#[test]
fn what_comes_before_there_is_room_to_begin_is_counted() {
    for new in recorders() {
        let driven = new(Settings::default());
        allocate(&*driven, 500, |_| ());
        driven.stop();
        driven.start();
        allocate(&*driven, 30, |_| ());
        driven.drain(0);
        allocate(&*driven, 10, |_| ());
        driven.drain(0);
        let Told {
            stored, lost, ids, ..
        } = told(&driven.heard(0));
        assert_eq!(stored + lost, 540);
        let last = last_recording(&ids);
        assert!(last.contains(&id::OVERFLOW), "{last:?}");
        let events = last.iter().filter(|&&id| id == 512);
        assert_eq!(events.count(), 10, "{last:?}");
    }
}

#[test]
fn a_recording_that_never_found_room_is_told_as_a_loss() {
    for new in recorders() {
        let driven = new(Settings::default());
        allocate(&*driven, 500, |_| ());
        driven.stop();
        for _ in 0..2 {
            driven.start();
            allocate(&*driven, 30, |_| ());
            driven.stop();
            allocate(&*driven, 7, |_| ());
        }
        driven.drain(0);
        driven.poll();
        driven.drain(0);
        let Told {
            stored, lost, ids, ..
        } = told(&driven.heard(0));
        assert_eq!(stored + lost, 560);
        let last = last_recording(&ids);
        assert!(last.ends_with(&[id::OVERFLOW, id::TRACE_STOP]), "{last:?}");
        driven.poll();
        driven.drain(0);
        assert_eq!(told(&driven.heard(0)).ids, ids, "it was told once");
    }
}

/// As a socket that was closed.
#[test]
fn a_buffer_that_nobody_takes_holds_up_nobody() {
    for new in recorders() {
        let driven = new(Settings {
            when_full: Full::Refuse,
            ..Settings::default()
        });
        allocate(&*driven, 500, |_| driven.command(7));
        driven.stop();
        driven.start();
        allocate(&*driven, 30, |_| ());
        driven.drain(0);
        allocate(&*driven, 10, |_| ());
        driven.stop();
        driven.drain(0);
        let Told {
            stored, lost, ids, ..
        } = told(&driven.heard(0));
        assert_eq!(stored + lost, 540);
        assert_eq!(ids.last(), Some(&id::TRACE_STOP));
    }
}
