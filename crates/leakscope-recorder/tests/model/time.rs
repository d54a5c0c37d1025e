//! Cores that begin late, or again: they tell of the same time as the one that goes on, as far as it is polled as it should.

use crate::driven::{Driven, Settings};
use crate::heard::told;
use crate::recorders;

/// Most of half of the clock's period.
const NEARLY_HALF: u32 = 0x7C00_0000;
/// Ticks that the calls of a test take by reading the clock.
const NEAR: u64 = 100_000;

/// So often, nearly half of a period goes by: only the first core is polled, and its buffer read.
fn go_on(driven: &dyn Driven, times: usize) -> u64 {
    driven.enter(0);
    for _ in 0..times {
        driven.pass(NEARLY_HALF);
        driven.poll();
        driven.drain(0);
    }
    times as u64 * u64::from(NEARLY_HALF)
}

/// A core begins; its buffer may be too small to tell the time at once.
fn begin(driven: &dyn Driven, core: usize) {
    driven.enter(core);
    driven.start();
    for _ in 0..100 {
        driven.drain(core);
        driven.poll();
    }
}

/// When each core's recording ends, which is now.
fn ends(driven: &dyn Driven) -> [u64; 2] {
    [0, 1].map(|core| {
        driven.enter(core);
        driven.event(1);
        driven.drain(core);
        told(&driven.heard(core)).end
    })
}

fn assert_near(ends: [u64; 2], passed: u64) {
    for end in ends {
        assert!(end.abs_diff(passed) < NEAR, "{ends:?}, {passed} passed");
    }
}

fn settings() -> Settings {
    Settings {
        starts: false,
        ..Settings::default()
    }
}

/// However late a core begins: by nothing, by less than a period, by more than its buffer can tell of at once.
#[test]
fn a_core_that_begins_late() {
    for new in recorders() {
        for times in [0, 1, 2, 3, 40, 1000] {
            let driven = new(settings());
            begin(&*driven, 0);
            let mut passed = go_on(&*driven, times);
            begin(&*driven, 1);
            driven.pass(5_000_000);
            passed += 5_000_000;
            assert_near(ends(&*driven), passed);
        }
    }
}

#[test]
fn a_core_that_stops_and_begins_again() {
    for new in recorders() {
        for times in [0, 1, 2, 3, 40, 1000] {
            let driven = new(settings());
            begin(&*driven, 0);
            begin(&*driven, 1);
            let mut passed = 0;
            for _ in 0..2 {
                driven.enter(1);
                driven.stop();
                driven.drain(1);
                passed += go_on(&*driven, times);
                begin(&*driven, 1);
                assert_near(ends(&*driven), passed);
            }
        }
    }
}

/// The recorder stops while its buffer has no room for the time that went by.
#[test]
fn time_for_which_there_is_no_room_is_told_by_who_begins_again() {
    for new in recorders() {
        let driven = new(settings());
        begin(&*driven, 0);
        begin(&*driven, 1);
        driven.enter(0);
        (0..1000).for_each(|_| driven.isr_exit_to_scheduler());
        for _ in 0..50 {
            driven.pass(NEARLY_HALF);
            driven.poll();
        }
        driven.stop();
        driven.drain(0);
        begin(&*driven, 0);
        let [end, _] = ends(&*driven);
        let passed = 50 * u64::from(NEARLY_HALF);
        assert!(end.abs_diff(passed) < NEAR, "{end}, {passed} passed");
    }
}

/// Clocks of cores that were not started at once: it is wrong to use them, and costs no more than once what lies between them.
#[test]
fn clocks_that_differ_do_so_once() {
    const SKEW: u32 = 0x3000_0000;
    for new in recorders() {
        let driven = new(Settings {
            skew: SKEW,
            ..settings()
        });
        begin(&*driven, 0);
        for _ in 0..100 {
            for core in [1, 0] {
                driven.enter(core);
                driven.pass(1000);
                driven.poll();
            }
        }
        begin(&*driven, 1);
        let [one, other] = ends(&*driven);
        assert!(one < NEAR * 4, "{one}");
        assert!(other < u64::from(SKEW) + NEAR * 4, "{other}");
    }
}
