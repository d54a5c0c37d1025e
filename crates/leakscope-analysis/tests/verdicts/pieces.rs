//! One boot that is recorded in many pieces, in each of which a call site does little: what it does shows over all of them.

use std::collections::BTreeMap;

use leakscope_analysis::Analysis;
use leakscope_analysis::findings::Finding;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_testing::scenario::{HZ, IDF_HEAP, MAIN, Scenario};

use crate::boots::is_accused;
use crate::patterns::pieces::{Draw, HEALTHY, LEAKING, Pieces};
use crate::program::Program;
use crate::random::Random;

const SITE: [u32; 2] = [0x4200_1000, MAIN];
const WORK: [u32; 2] = [0x4200_2000, MAIN];

/// Of each kind so many are drawn, or as many as `PIECES` says.
const DRAWS: u64 = 12;

/// The first seed.
const FIRST: u64 = 1000;

fn draws() -> std::ops::Range<u64> {
    let wanted = std::env::var("PIECES").ok();
    let draws = wanted.and_then(|draws| draws.parse().ok());
    FIRST..FIRST + draws.unwrap_or(DRAWS)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Work,
    Free(u32),
    Allocate(u32),
}

fn said(draw: Draw, seed: u64) -> Option<Finding> {
    let mut random = Random::new(seed);
    let pieces = Pieces::draw(&mut random);
    let program = draw(&mut random, &pieces);
    said_of(&pieces, &program)
}

/// What is said of the call site; `None` if no piece has a block of it.
fn said_of(pieces: &Pieces, program: &Program) -> Option<Finding> {
    said_behind(pieces, program, false)
}

/// The same, behind another boot perhaps, in which it did nothing.
fn said_behind(pieces: &Pieces, program: &Program, a_boot: bool) -> Option<Finding> {
    let mut deeds: Vec<(u64, Deed)> = Vec::new();
    for (block, life) in (0..).zip(&program.blocks) {
        deeds.push((life.birth, Deed::Allocate(block)));
        let death = life.death.map(|death| death.max(life.birth + 1));
        deeds.extend(death.map(|death| (death, Deed::Free(block))));
    }
    deeds.extend((1..program.end / 20_000).map(|work| (20_000 * work, Deed::Work)));
    deeds.sort_unstable();
    let mut recording = Scenario::empty();
    if a_boot {
        recording
            .start()
            .systime_us(60_000_000)
            .module(512, IDF_HEAP);
        recording.run(MAIN).allocate(0x3B00_0000, 64, &WORK);
        recording.after(10).free(0x3B00_0000, &WORK);
        recording.after(u64::from(HZ)).idle().after(1000);
    }
    let from = recording.time();
    for (number, &(begin, end)) in pieces.0.iter().enumerate() {
        recording.after(from + begin - recording.time());
        let now = begin * 1_000_000 / u64::from(HZ);
        recording.start().systime_us(now).module(512, IDF_HEAP);
        recording.run(MAIN);
        let within = deeds.iter().filter(|(time, _)| (begin..end).contains(time));
        for &(time, deed) in within {
            recording.after((from + time).saturating_sub(recording.time()));
            let address = |block: u32| 0x3C00_0000 + 64 * block;
            match deed {
                Deed::Allocate(block) => recording.allocate(address(block), 48, &SITE),
                Deed::Free(block) => recording.free(address(block), &WORK),
                Deed::Work => {
                    recording.allocate(0x3B00_0000, 64, &WORK);
                    recording.after(10).free(0x3B00_0000, &WORK)
                }
            };
        }
        recording.after((from + end).saturating_sub(recording.time()));
        if number + 1 < pieces.0.len() {
            recording.stop();
        }
    }
    let bytes = recording.plain();
    let mut analysis = Analysis::new(&Layout::of(&[&bytes]), KeepAll);
    let Ok(_) = analysis.run(&[bytes][..]);
    let outcome = analysis.outcome();
    let resets = outcome
        .sessions
        .iter()
        .skip(1)
        .filter(|session| session.after_reset);
    assert_eq!(resets.count(), usize::from(a_boot));
    assert_eq!(outcome.sessions.len(), pieces.0.len() + usize::from(a_boot));
    let mut sites = outcome.call_sites.into_iter();
    let site = sites.find(|site| site.stack.first() == Some(&u64::from(SITE[0])));
    site.map(|site| site.finding)
}

/// How many are accused, of how many, and how often which is said.
#[expect(clippy::print_stdout, reason = "the table is what these tests are for")]
fn accused(kinds: &[(&str, Draw)]) -> (u64, u64) {
    let (mut accused, mut all) = (0, 0);
    for &(name, draw) in kinds {
        let mut table: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for finding in draws().filter_map(|seed| said(draw, seed)) {
            all += 1;
            accused += u64::from(is_accused(&finding));
            let words = (finding.verdict.name(), finding.confidence.name());
            *table.entry(words).or_default() += 1;
        }
        println!("{name}: {table:?}");
    }
    println!("{accused} of {all} accused");
    (accused, all)
}

/// No piece shows more of it than chance leaves, or what is in use when it ends.
#[test]
fn a_level_that_rises_over_pieces_is_a_leak() {
    let (found, all) = accused(&LEAKING);
    assert!(2 * found >= all, "{found} of {all}");
}

#[test]
fn a_level_that_is_held_over_pieces_is_none() {
    let (accused, all) = accused(&HEALTHY);
    assert!(8 * accused <= all, "{accused} of {all}");
}

/// In each fifth of 60 pieces an error path leaves 1 to 4 blocks; in the others its blocks come and go.
#[test]
fn an_error_in_each_fifth_piece_is_a_leak() {
    let each_fifth = |random: &mut Random, is_leaking: bool| {
        let pieces = Pieces(
            (0..60)
                .map(|piece| (2_000_000 * piece, 2_000_000 * piece + 1_500_000))
                .collect(),
        );
        let mut program = Program::new(120_000_000);
        for (number, &(begin, end)) in pieces.0.iter().enumerate() {
            for birth in random.moments(20, begin as f64, end as f64 - 20_000.0) {
                program.lives(birth, Some(birth + random.between(1e3, 2e4)));
            }
            let forgotten = random.count(1, 4);
            for birth in random.moments(forgotten, begin as f64, end as f64 - 3e5) {
                if is_leaking && number % 5 == 2 {
                    program.lives(birth, None);
                }
            }
        }
        (pieces, program)
    };
    for seed in 0..10 {
        for is_leaking in [false, true] {
            let (pieces, program) = each_fifth(&mut Random::new(seed), is_leaking);
            for a_boot in [false, true] {
                let finding = said_behind(&pieces, &program, a_boot).expect("its blocks");
                assert_eq!(is_accused(&finding), is_leaking, "{seed}: {finding:?}");
            }
        }
    }
}
