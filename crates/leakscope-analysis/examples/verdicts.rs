//! How many leaks are found, and who is accused for nothing, when packets are lost: the table of
//! `docs/verdicts.md`.
//!
//! `cargo run --release -p leakscope-analysis --example verdicts -- SEEDS FIRST` draws other programs. More words:
//! `shapes` for programs of other shapes, `beginnings` for recordings that hold the first part of a life only, `wrong` to print what was said of each pattern that was misjudged.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "the tests use more of their worlds, and the table is what this is for"
)]

#[path = "../tests/verdicts/begun.rs"]
mod begun;
#[path = "../tests/verdicts/lossy/mod.rs"]
mod lossy;
#[path = "../tests/verdicts/patterns/mod.rs"]
mod patterns;
#[path = "../tests/verdicts/program.rs"]
mod program;
#[path = "../tests/verdicts/random.rs"]
mod random;

use std::collections::BTreeMap;

use begun::{Said, begun};
use lossy::{Kind, Loss, Reuse, Score, World, score};
use patterns::Truth;

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
    if has("beginnings") {
        return print_beginnings(first..first + seeds, explains);
    }
    println!(
        "| allocator | loss | lost | leaks found | accused | with releases: lost | found | accused | of these accused |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|");
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

/// How much of a life a recording holds, and what is said then.
fn print_beginnings(seeds: std::ops::Range<u64>, explains: bool) {
    println!(
        "| recorded | healthy accused | with high confidence | leaks found | with high confidence | excused with high confidence |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    for share in [0.05, 0.1, 0.2, 0.5, 1.0] {
        let said: Vec<Said> = seeds.clone().flat_map(|seed| begun(seed, share)).collect();
        let cell = |truth: Truth, counts: fn(&Said) -> bool| {
            let of_truth = || said.iter().filter(|said| said.truth == truth);
            let part = of_truth().filter(|said| counts(said)).count();
            let of = of_truth().count();
            let (low, high) = interval(part, of);
            let percent = 100.0 * part as f64 / of as f64;
            format!("{part} of {of}, {percent:.1} % ({low:.1}–{high:.1})")
        };
        println!(
            "| {:.0} % | {} | {} | {} | {} | {} |",
            100.0 * share,
            cell(Truth::Healthy, Said::is_leak),
            cell(Truth::Healthy, Said::is_sure_leak),
            cell(Truth::Leaks, Said::is_leak),
            cell(Truth::Leaks, Said::is_sure_leak),
            cell(Truth::Leaks, Said::is_sure_excuse),
        );
        if explains {
            explain_beginnings(&said);
        }
    }
}

/// What was said of each pattern, and how often with which confidence.
fn explain_beginnings(said: &[Said]) {
    let mut verdicts: BTreeMap<(bool, &str), BTreeMap<String, usize>> = BTreeMap::new();
    for said in said {
        let key = (said.truth == Truth::Leaks, said.pattern);
        let finding = &said.finding;
        let verdict = format!("{} {}", finding.verdict.name(), finding.confidence.name());
        *verdicts.entry(key).or_default().entry(verdict).or_default() += 1;
    }
    for ((leaks, pattern), verdicts) in verdicts {
        println!(
            "    {} {pattern}: {verdicts:?}",
            if leaks { "leak" } else { "healthy" }
        );
    }
}
