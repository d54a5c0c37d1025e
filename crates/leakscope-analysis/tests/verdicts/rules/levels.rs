//! Levels: what grows, what is full, what is in flight.

use super::*;

/// A site whose floors are these, in the windows of the trace after start-up; blocks are exchanged.
fn with_floors(floors: &[u64]) -> Verdict {
    let window = 950 / floors.len() as u64;
    let mut program = with_messages(Program::new(1000), 1000);
    program.kept(0.99, 10);
    let mut history = program.history();
    let mut span = program.span();
    span.window = window;
    history.floors = vec![0; 50_usize.div_ceil(window as usize)];
    history.floors.extend(floors);
    history.allocated_bytes = history.allocations;
    history.largest = 1;
    history.live_bytes = floors[floors.len() - 1];
    history.max_live_bytes = floors.iter().copied().max().unwrap_or_default();
    history.live_births = vec![900; 10];
    judge(&history, &span).verdict
}

#[test]
fn a_floor_that_rises_to_the_end_is_a_growing_leak() {
    let rising: Vec<u64> = (0..16).map(|n| 1000 + 100 * n).collect();
    assert_eq!(with_floors(&rising), Verdict::LeakGrowing);
    let few: Vec<u64> = rising.iter().copied().take(7).collect();
    assert_ne!(with_floors(&few), Verdict::LeakGrowing);
}

#[test]
fn a_floor_that_falls_now_and_then_may_still_grow() {
    let with_falls: Vec<u64> = (0..16).map(|n| 2000 + 100 * n - 180 * (n % 2)).collect();
    assert_ne!(with_floors(&with_falls), Verdict::LeakGrowing);
    let small_falls: Vec<u64> = (0..16)
        .map(|n| 4000 + 400 * n - 420 * (n % 4 / 3))
        .collect();
    assert_eq!(with_floors(&small_falls), Verdict::LeakGrowing);
}

#[test]
fn a_floor_that_has_reached_a_level_does_not_grow() {
    let level: Vec<u64> = (0..16).map(|n| 1000 + 100 * u64::min(n, 10)).collect();
    assert_ne!(with_floors(&level), Verdict::LeakGrowing);
    let one_step: Vec<u64> = (0..16).map(|n| 1000 + n + 900 * (n / 8)).collect();
    assert_ne!(with_floors(&one_step), Verdict::LeakGrowing);
    let nearly: Vec<u64> = (0..16).map(|n: u64| 10_000 - (16 - n).pow(3)).collect();
    assert_ne!(with_floors(&nearly), Verdict::LeakGrowing);
}

#[test]
fn a_floor_that_was_once_emptied_belongs_to_a_cache() {
    let emptied: Vec<u64> = (0..16)
        .map(|n| {
            if n < 4 {
                1000 + 100 * n
            } else {
                200 + 900 * (n - 4)
            }
        })
        .collect();
    assert_ne!(with_floors(&emptied), Verdict::LeakGrowing);
}

#[test]
fn blocks_younger_than_usual_are_in_flight() {
    let aged = |age: u64| {
        let mut program = Program::new(1000);
        for birth in every(10, 0, 900) {
            program.freed(birth as f64 / 1000.0, (birth + 15) as f64 / 1000.0, 10);
        }
        program.kept((1000 - age) as f64 / 1000.0, 10);
        verdict(&program)
    };
    assert_eq!(aged(15), Verdict::InFlight);
    assert_ne!(aged(16), Verdict::InFlight);
}

#[test]
fn more_in_flight_than_ever_before_may_be_a_queue_that_grows() {
    let with_three_at_once = |earlier: bool| {
        let mut program = Program::new(1000);
        for birth in every(30, 0, 900) {
            program.freed(birth as f64 / 1000.0, (birth + 25) as f64 / 1000.0, 10);
        }
        if earlier {
            for birth in [0.5, 0.501, 0.502] {
                program.freed(birth, birth + 0.025, 10);
            }
        }
        for birth in [0.985, 0.99, 0.995] {
            program.kept(birth, 10);
        }
        let finding = judge(&program.history(), &program.span());
        assert_eq!(finding.verdict, Verdict::InFlight);
        finding.confidence
    };
    assert_eq!(with_three_at_once(true), Confidence::High);
    assert_eq!(with_three_at_once(false), Confidence::Low);
}

#[test]
fn a_full_ring_is_bounded() {
    let mut program = Program::new(1000);
    for birth in every(10, 0, 1000) {
        program.freed(birth as f64 / 1000.0, (birth + 300) as f64 / 1000.0, 10);
    }
    assert_eq!(verdict(&program), Verdict::Bounded);
}

/// A ring of 35 that gets one block every 25 ticks: it has only just begun to free.
#[test]
fn a_ring_that_is_full_just_now_is_bounded() {
    let ends_at = |end: u64| {
        let mut program = Program::new(end);
        for birth in every(25, 0, end) {
            program.freed(
                birth as f64 / end as f64,
                (birth + 875) as f64 / end as f64,
                10,
            );
        }
        finding(&program)
    };
    let (few, more) = (ends_at(995), ends_at(1120));
    assert_eq!(
        (few.verdict, few.confidence),
        (Verdict::Bounded, Confidence::Low)
    );
    assert_eq!(
        (more.verdict, more.confidence),
        (Verdict::Bounded, Confidence::Medium)
    );
    assert!(few.reason.contains(&Word::Text("full since ")), "{few:?}");
    assert!(
        ends_at(870).verdict.is_leak(),
        "nothing says yet how far it fills"
    );
}

/// Each round frees seven blocks and leaves one: as many live in the end as when the first was freed, but others than from before.
#[test]
fn rounds_that_leave_a_block_each_are_not_full() {
    let mut program = Program::new(1000);
    for round in 0..8 {
        let at = |part: f64| (f64::from(round) + part) * 0.12;
        for block in 0..7 {
            program.freed(at(0.1), at(0.3 + 0.01 * f64::from(block)), 10);
        }
        program.kept(at(0.15), 10);
    }
    let Finding {
        verdict, reason, ..
    } = finding(&program);
    assert_eq!(verdict, Verdict::LeakSurvivors, "{reason:?}");
}

/// As many are freed, but while more come than take their places; or soon after they were allocated.
#[test]
fn who_frees_a_few_is_not_full() {
    let mut queue = Program::new(1000);
    for (number, birth) in (0..).zip(every(25, 0, 1000)) {
        match number {
            0..5 => queue.freed(birth as f64 / 1000.0, 0.7 + f64::from(number) * 0.06, 10),
            _ => queue.kept(birth as f64 / 1000.0, 10),
        }
    }
    assert!(verdict(&queue).is_leak());
    let mut work = kept(&every(25, 100, 1000));
    for birth in every(25, 890, 1000) {
        work.freed(birth as f64 / 1000.0, (birth + 1) as f64 / 1000.0, 10);
    }
    assert!(verdict(&work).is_leak());
}

/// A queue from which one is taken for each two that come: by chance, as many wait as were taken.
#[test]
fn a_queue_of_which_half_was_freed_is_not_full() {
    let mut queue = Program::new(1000);
    for (number, birth) in (0..).zip(every(5, 0, 1000)) {
        let taken = 0.002 + f64::from(number) * 0.01;
        queue.freed(birth as f64 / 1000.0, taken, 10);
    }
    let Finding { reason, .. } = finding(&queue);
    assert!(!reason.contains(&Word::Text("full since ")), "{reason:?}");
}

/// Messages that wait ever longer, or all for a tenth of the trace.
#[test]
fn a_backlog_that_rises_is_hardly_in_flight() {
    let backlog = |share: f64| {
        let mut program = Program::new(1000);
        for number in 0..100 {
            let birth = f64::from(number) / 100.0;
            program.freed(birth, 0.1 + birth * share, 10);
        }
        let history = SiteHistory {
            // As if it had been lower once.
            floors: program
                .history()
                .floors
                .iter()
                .enumerate()
                .map(|(window, &floor)| if window == 4 { floor / 2 } else { floor })
                .collect(),
            ..program.history()
        };
        judge(&history, &program.span())
    };
    let (rising, level) = (backlog(1.9), backlog(1.0));
    assert_eq!(level.confidence, Confidence::High, "{level:?}");
    assert_ne!(rising.confidence, Confidence::High, "{rising:?}");
}

#[test]
fn an_array_that_doubles_may_double_again() {
    let last_doubled_at = |last: f64| {
        let mut program = Program::new(1000);
        for step in 1..=4 {
            let birth = last * 0.5_f64.powi(5 - step);
            program.freed(birth, birth * 2.0, 10 << step);
        }
        program.kept(last, 10 << 5);
        verdict(&program)
    };
    assert_eq!(last_doubled_at(0.4), Verdict::Bounded);
    assert_eq!(last_doubled_at(0.7), Verdict::Unclassified);
}
