//! How many leaks are found, and who is accused for nothing, when packets are lost: the table of
//! `docs/verdicts.md`.
//!
//! `cargo run --release -p leakscope-analysis --example verdicts -- SEEDS FIRST` draws other programs. More words:
//! `shapes` for programs of other shapes, `wrong` to print what was said of each pattern that was misjudged.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "the tests use more of their worlds, and the table is what this is for"
)]

#[path = "../tests/verdicts/lossy/mod.rs"]
mod lossy;
#[path = "../tests/verdicts/patterns/mod.rs"]
mod patterns;
#[path = "../tests/verdicts/program.rs"]
mod program;
#[path = "../tests/verdicts/random.rs"]
mod random;

use std::collections::BTreeMap;

use lossy::{Kind, Loss, Reuse, Score, World, score};

const LOSSES: [(&str, Loss); 7] = [
    ("none", Loss::Nothing),
    ("link 1.0", Loss::Rate(1.0)),
    ("outages 1 %", outages(0.01)),
    ("outages 5 %", outages(0.05)),
    ("link 0.95", Loss::Rate(0.95)),
    ("link 0.9", Loss::Rate(0.9)),
    ("link 0.7", Loss::Rate(0.7)),
];

const fn outages(share: f64) -> Loss {
    Loss::Outages {
        share,
        ticks: 2_000_000,
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| words.get(index).and_then(|word| word.parse().ok());
    let (seeds, first): (u64, u64) = (number(0).unwrap_or(6), number(1).unwrap_or(0));
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let (explains, worlds) = (has("wrong"), worlds(has("shapes")));
    println!(
        "| allocator | loss | lost | leaks found | accused | with releases: lost | found | accused | of these accused |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
    for reuse in [
        Reuse::NewestFirst,
        Reuse::OldestFirst,
        Reuse::Merging,
        Reuse::Never,
    ] {
        for (name, loss) in LOSSES {
            let mut scores = Vec::new();
            let mut cells = vec![format!("{reuse:?}"), name.to_owned()];
            for &world in worlds {
                let mut sum = Score::default();
                for seed in first..first + seeds {
                    sum.add(score(seed, reuse, loss, world));
                }
                cells.extend([lost(&sum), found(&sum), accused(&sum, Kind::Healthy)]);
                if world == World::Releasing {
                    cells.push(accused(&sum, Kind::Releasing));
                }
                scores.push(sum);
            }
            println!("| {} |", cells.join(" | "));
            if explains {
                scores.iter().for_each(explain);
            }
        }
    }
}

fn worlds(has_shapes: bool) -> &'static [World] {
    if has_shapes {
        &[World::Shapes]
    } else {
        &[World::Ordinary, World::Releasing]
    }
}

fn lost(score: &Score) -> String {
    let share = score.lost as f64 / (score.lost + score.packets) as f64;
    format!("{:.1} %", 100.0 * share)
}

fn found(score: &Score) -> String {
    let (found, all) = score.leaks(Kind::Leak);
    let (low, high) = interval(found, all);
    let share = 100.0 * found as f64 / all as f64;
    format!("{share:.1} % ({low:.1}–{high:.1})")
}

fn accused(score: &Score, kind: Kind) -> String {
    let (accused, all) = score.leaks(kind);
    let (_, high) = interval(accused, all);
    format!("{accused} of {all} (≤ {high:.1} %)")
}

/// Wilson's interval of a share, in percent, that holds the true one in 95 of 100 cases.
fn interval(part: usize, of: usize) -> (f64, f64) {
    let (part, of, deviations) = (part as f64, of as f64, 1.96_f64);
    let squared = deviations.powi(2);
    let middle = part + squared / 2.0;
    let half = deviations * (part * (of - part) / of + squared / 4.0).sqrt();
    let percent = |count: f64| 100.0 * count / (of + squared);
    (percent(middle - half).max(0.0), percent(middle + half))
}

/// What was said of the patterns that were misjudged.
fn explain(score: &Score) {
    let mut verdicts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for answer in &score.answers {
        if answer.is_leak() != (answer.kind == Kind::Leak) {
            let finding = answer.finding.as_ref();
            let verdict = finding.map_or("nothing", |finding| finding.verdict.name());
            *verdicts.entry((answer.pattern, verdict)).or_default() += 1;
        }
    }
    for ((pattern, verdict), count) in verdicts {
        println!("    {count} {pattern}: {verdict}");
    }
}
