//! How often `diff` finds a difference that is there, and one that is not: the tables in `docs/diff.md`. And how often
//! `check` fails by a baseline: the table in `docs/ci.md`.
//!
//! `cargo run --release -p leakscope-compare --example power [PAIRS]`
#![allow(clippy::print_stdout, reason = "an example prints")]

#[path = "../tests/compare/diff/device.rs"]
mod device;

use device::{EIGHT_LEAKS, Kind, recorded};
use leakscope_compare::baseline::Baseline;
use leakscope_compare::diff::{Diff, Per, Status};
use leakscope_compare::gate::{Answer, Gate};

const FOUND: [Status; 4] = [
    Status::NewLeak,
    Status::Worse,
    Status::Better,
    Status::Fixed,
];

fn main() {
    let wish = std::env::args().nth(1);
    let pairs: u64 = wish.and_then(|number| number.parse().ok()).unwrap_or(1000);
    println!("{pairs} pairs of one program with other seeds, 60 s before and 60 to 180 s after:\n");
    println!(
        "| call site | leaks on both sides | said to differ | cannot tell |\n|---|---|---|---|"
    );
    let mut rows = [[0_u64; 3]; Kind::ALL.len()];
    let mut pairs_with = 0;
    let program: Vec<(Kind, f64)> = Kind::ALL.iter().map(|&kind| (kind, 1.0)).collect();
    for seed in 0..pairs {
        let before = recorded(&program, 2 * seed + 1, 60.0);
        let after = recorded(&program, 2 * seed + 2, 60.0 + (seed % 7) as f64 * 20.0);
        let diff = Diff::of(&[before], &[after], Some(Per::Second));
        pairs_with += u64::from(diff.sites.iter().any(|site| FOUND.contains(&site.status)));
        for site in &diff.sites {
            let row = &mut rows[number_of(site)];
            row[0] += u64::from(site.before.state == site.after.state && site.leaks());
            row[1] += u64::from(FOUND.contains(&site.status));
            row[2] += u64::from(site.status == Status::CannotTell);
        }
    }
    for (kind, [leaks, differ, unclear]) in Kind::ALL.iter().zip(rows) {
        println!("| {kind:?} | {leaks} | {differ} | {unclear} |");
    }
    println!("\n{pairs_with} of {pairs} pairs have a call site that is said to differ.\n");
    let repeats = (pairs / 5).max(1);
    println!(
        "A planted factor of two, 60 s on both sides, of {repeats} pairs each; blocks left before:\n"
    );
    println!("| call site | 10 | 20 | 50 | 100 | 200 |\n|---|---|---|---|---|---|");
    for kind in Kind::ALL.into_iter().take(6) {
        let cells = [10.0, 20.0, 50.0, 100.0, 200.0].map(|blocks| {
            let found = (0..repeats).filter(|&seed| {
                let rate = blocks / 57.0;
                let before = recorded(&[(kind, rate), (Kind::Sound, 2.0)], 2 * seed + 1, 60.0);
                let after = recorded(
                    &[(kind, 2.0 * rate), (Kind::Sound, 2.0)],
                    2 * seed + 2,
                    60.0,
                );
                let diff = Diff::of(&[before], &[after], Some(Per::Second));
                diff.with(Status::Worse)
                    .chain(diff.with(Status::NewLeak))
                    .next()
                    .is_some()
            });
            format!("{:.0} %", 100.0 * found.count() as f64 / repeats as f64)
        });
        println!("| {kind:?} | {} |", cells.join(" | "));
    }
    println!(
        "\nA baseline of eight leaks, each slower or faster the next time, 60 s on both sides:\n"
    );
    println!("| times as fast | pairs | fail |\n|---|---|---|");
    for (factor, pairs) in [
        (0.5, repeats),
        (1.0, pairs),
        (1.5, repeats),
        (2.0, repeats),
        (4.0, repeats),
    ] {
        let failed = (0..pairs)
            .filter(|&seed| fails(&EIGHT_LEAKS, factor, seed))
            .count();
        println!("| {factor} | {pairs} | {failed} |");
    }
    println!("\nOne leak alone, by how many blocks it left before, of {repeats} pairs each:\n");
    println!("| times as fast | 10 | 20 | 50 | 100 |\n|---|---|---|---|---|");
    for factor in [1.0, 2.0, 4.0] {
        let cells = [10.0, 20.0, 50.0, 100.0].map(|blocks| {
            let leak = [(Kind::Steady, blocks / 57.0), (Kind::Sound, 2.0)];
            let failed = (0..repeats).filter(|&seed| fails(&leak, factor, seed));
            format!("{:.0} %", 100.0 * failed.count() as f64 / repeats as f64)
        });
        println!("| {factor} | {} |", cells.join(" | "));
    }
}

/// Whether a program fails by what was known of it, if it leaks so many times as fast.
fn fails(program: &[(Kind, f64)], factor: f64, seed: u64) -> bool {
    let before = recorded(program, 2 * seed + 1, 60.0);
    let faster = program.iter().map(|&(kind, rate)| (kind, rate * factor));
    let after = recorded(&faster.collect::<Vec<_>>(), 2 * seed + 2, 60.0);
    let first = Gate::default();
    let known = Baseline::of(first.judge(&before).to_note());
    let gate = Gate {
        baseline: Some(("known".to_owned(), known)),
        ..Gate::default()
    };
    gate.judge(&after).answer == Answer::Failed
}

/// Which call site of the program it is, by its address.
fn number_of(site: &leakscope_compare::diff::Site) -> usize {
    (site.frames[0].address.0 as usize - 0x4200_1000) / 0x100
}
