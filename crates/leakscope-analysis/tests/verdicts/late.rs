//! Recordings that begin while the program runs: nobody has seen the blocks begin that live then.

use std::collections::VecDeque;
use std::fmt::Write as _;

use leakscope_analysis::findings::{Confidence, Finding, Verdict, Word, judge};

use crate::program::{Block, Program};
use crate::random::Random;

/// Ticks of a recording, whatever came before it.
const LENGTH: f64 = 1e6;

/// A full cache, of which the recording sees so many turnovers.
fn cache(random: &mut Random, is_random: bool, turnovers: f64) -> Program {
    let entries = random.count(10, 100);
    let period = LENGTH / (entries as f64 * turnovers);
    // Long enough to be full, and as old as it gets.
    let before = period * entries as f64 * 8.0;
    let mut program = Program::new((before + LENGTH) as u64);
    let mut held: VecDeque<(u64, u64)> = VecDeque::new();
    let mut now = 0.0;
    while now < before + LENGTH {
        let time = now as u64;
        if held.len() as u64 >= entries {
            let place = if is_random {
                random.count(0, entries - 1) as usize
            } else {
                0
            };
            let (birth, size) = held.remove(place).expect("a place of it");
            let death = Some(time);
            program.blocks.push(Block { birth, death, size });
        }
        held.push_back((time, [24, 40, 72][random.count(0, 2) as usize]));
        now += period * random.between(0.7, 1.3);
    }
    for (birth, size) in held {
        program.blocks.push(Block {
            birth,
            death: None,
            size,
        });
    }
    program.recorded_from(before as u64)
}

/// Sessions that come and go independently, and last so many times the recording on average.
fn sessions(random: &mut Random, life: f64) -> Program {
    let count = random.scale(5.0, 100.0);
    let mean = LENGTH * life;
    let before = mean * 8.0;
    let mut program = Program::new((before + LENGTH) as u64);
    let mut now = 0.0;
    loop {
        now += random.exponential(mean / count);
        if now >= before + LENGTH {
            return program.recorded_from(before as u64);
        }
        program.blocks.push(Block {
            birth: now as u64,
            death: Some((now + random.exponential(mean)) as u64),
            size: 100,
        });
    }
}

/// Entries that expire; a task clears away those that have, now and then.
fn expiry(random: &mut Random, life: f64) -> Program {
    let entries = random.count(10, 100) as f64;
    let life = LENGTH * life;
    let rounds = life / random.between(3.0, 8.0);
    let before = life * 4.0;
    let mut program = Program::new((before + LENGTH) as u64);
    let mut now = 0.0;
    while now < before + LENGTH {
        let gone = ((now + life) / rounds).ceil() * rounds;
        program.blocks.push(Block {
            birth: now as u64,
            death: Some(gone as u64),
            size: 64,
        });
        now += life / entries * random.between(0.7, 1.3);
    }
    program.recorded_from(before as u64)
}

fn leaks(random: &mut Random, blocks: u64) -> Program {
    let mut program = Program::new(LENGTH as u64);
    for birth in random.beats(blocks, 0.0, 1.0) {
        program.kept(birth, 48);
    }
    program
}

fn verdict(program: &Program) -> Finding {
    judge(&program.history(), &program.span())
}

const DRAWS: u64 = 200;

/// Each kind of healthy program, with what is recorded of its turnover: in how many of all draws it is called a leak.
fn accused(draw: impl Fn(&mut Random) -> Program) -> Vec<(u64, Finding)> {
    let draws = (0..DRAWS).map(|seed| (seed, verdict(&draw(&mut Random::new(seed)))));
    draws
        .filter(|(_, finding)| finding.verdict.is_leak())
        .collect()
}

#[test]
fn a_full_cache_is_not_accused() {
    for turnovers in [0.3, 0.7, 1.0, 1.5, 3.0] {
        for is_random in [false, true] {
            let accused = accused(|random| cache(random, is_random, turnovers));
            assert!(accused.is_empty(), "{turnovers} {is_random}: {accused:?}");
        }
    }
}

#[test]
fn sessions_that_outlast_the_recording_are_hardly_accused() {
    for life in [0.1, 0.3, 1.0, 3.0] {
        let accused = accused(|random| sessions(random, life));
        assert!(accused.len() as u64 * 100 <= DRAWS, "{life}: {accused:?}");
        let sure = accused
            .iter()
            .filter(|(_, finding)| finding.confidence == Confidence::High);
        assert_eq!(sure.count(), 0, "{life}: {accused:?}");
    }
}

#[test]
fn entries_that_expire_in_rounds_are_not_accused() {
    for life in [0.2, 0.5, 0.9] {
        let accused = accused(|random| expiry(random, life));
        assert!(accused.is_empty(), "{life}: {accused:?}");
    }
}

#[test]
fn the_reason_holds_the_numbers() {
    let program = cache(&mut Random::new(1), false, 0.7);
    let (history, older) = (program.history(), program.older_frees.len());
    let Finding {
        verdict,
        confidence,
        reason,
    } = verdict(&program);
    assert_eq!((verdict, confidence), (Verdict::Uncertain, Confidence::Low));
    assert_eq!(history.frees, 0);
    assert!(
        reason.contains(&Word::Count(history.allocations)),
        "{reason:?}"
    );
    let counted = reason.iter().any(
        |word| matches!(word, Word::Count(count) if older as u64 - count <= older as u64 / 10),
    );
    assert!(counted, "{older}: {reason:?}");
}

/// A leak beside a cache: none of its blocks took the place of one of the cache's, but nobody can tell, as long as these are
/// freed. Then it is found.
#[test]
#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
fn a_leak_beside_a_cache_is_found_when_the_cache_was_turned_over() {
    let mut text = String::from(
        "| turnovers seen | cache | found | of these not low |\n|---:|---|---:|---:|\n",
    );
    let mut missed = Vec::new();
    for is_random in [false, true] {
        for turnovers in [0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0] {
            let (mut found, mut sure) = (0, 0);
            for seed in 0..DRAWS {
                let mut random = Random::new(seed);
                let beside = cache(&mut random, is_random, turnovers);
                let blocks = random.count(20, 100);
                let mut leak = leaks(&mut random, blocks);
                leak.older_frees = beside.older_frees;
                let finding = verdict(&leak);
                found += u64::from(finding.verdict.is_leak());
                sure +=
                    u64::from(finding.verdict.is_leak() && finding.confidence > Confidence::Low);
            }
            let name = if is_random { "random" } else { "oldest first" };
            writeln!(text, "| {turnovers} | {name} | {found} | {sure} |")
                .expect("a string takes all");
            // At random, the last of N entries stays for as long as ln N turnovers take.
            let is_over = if is_random {
                turnovers >= 20.0
            } else {
                turnovers >= 2.0
            };
            if is_over && sure * 100 < DRAWS * 95 {
                missed.push((is_random, turnovers, found, sure));
            }
        }
    }
    println!("{text}");
    assert!(missed.is_empty(), "{missed:?}");
}

/// More blocks than were freed of those from before cannot only have taken their places.
#[test]
fn a_leak_that_outnumbers_what_was_freed_is_found_at_once() {
    let mut random = Random::new(5);
    let mut leak = leaks(&mut random, 200);
    leak.older_frees = (0..20).map(|number| number * 50_000 + 25_000).collect();
    let finding = verdict(&leak);
    assert_eq!(
        (finding.verdict, finding.confidence),
        (Verdict::LeakSteady, Confidence::High)
    );
    assert!(finding.reason.contains(&Word::Text(
        " of them took the places of older blocks, of which "
    )));
}
