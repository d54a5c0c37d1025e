//! How many leaks are found, and who is accused for nothing, when packets are lost: the table of
//! `docs/verdicts.md`.
//!
//! `cargo run --release -p leakscope-analysis --example verdicts -- SEEDS FIRST` draws other programs.
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

use lossy::{Loss, Reuse, Score, score};

const LOSSES: [(&str, Loss); 8] = [
    ("none", Loss::Nothing),
    ("link 1.05", Loss::Rate(1.05)),
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
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok());
    let (seeds, first): (u64, u64) = (numbers.next().unwrap_or(6), numbers.next().unwrap_or(0));
    println!(
        "| allocator | loss | packets lost | leaks found | accused | with releases that lose packets: found | accused | of these releases accused |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for reuse in [
        Reuse::NewestFirst,
        Reuse::OldestFirst,
        Reuse::Merging,
        Reuse::Never,
    ] {
        for (name, loss) in LOSSES {
            let [plain, adversarial] = [false, true].map(|with_adversarial| {
                let mut sum = Score::default();
                for seed in first..first + seeds {
                    sum.add(score(seed, reuse, loss, with_adversarial));
                }
                sum
            });
            println!(
                "| {reuse:?} | {name} | {:.1} % | {:.1} % | {} of {} | {:.1} % | {} of {} | {} of {} |",
                percent(plain.lost, plain.lost + plain.packets),
                percent(plain.found, plain.leaks),
                plain.accused.len(),
                plain.healthy,
                percent(adversarial.found, adversarial.leaks),
                adversarial.accused.len(),
                adversarial.healthy,
                adversarial.accused_adversarial.len(),
                adversarial.adversarial,
            );
        }
    }
}

fn percent(part: u64, of: u64) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}
