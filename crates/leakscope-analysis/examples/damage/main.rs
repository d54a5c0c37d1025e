//! Measures what damage costs: many damages of each kind, and what was lost, invented and no longer told.
//!
//! ```sh
//! cargo run --release -p leakscope-analysis --example damage -- 1000 RECORDING…
//! cargo run --release -p leakscope-analysis --example damage -- valid 100000 [FIRST]
//! ```
//!
//! Recordings are those named, and made-up ones. `valid` reads sound recordings with unusual content instead.
#![allow(clippy::print_stdout, reason = "the table is what this is for")]

mod harm;
mod random;
mod reading;
#[allow(dead_code, reason = "what a right analysis finds is for the benches")]
#[path = "../../benches/synthetic/mod.rs"]
mod synthetic;
mod valid;

use std::ops::Range;

use harm::{Harm, HarmKind};
use random::Random;
use reading::{Found, Packets, gist, outcome, packets};

/// What some damages of one kind cost.
#[derive(Debug, Default)]
struct Cost {
    lost: Vec<usize>,
    invented: Vec<usize>,
    heap_lost: Vec<usize>,
    longer: usize,
    found: usize,
    read: usize,
    silent: usize,
    runs: usize,
}

/// Where the packets of a whole recording stand.
fn places(bytes: &[u8], whole: &Packets) -> Vec<(Found, Range<usize>)> {
    let starts = whole.found.iter();
    let ends = whole.found.iter().skip(1).map(|found| found.offset);
    let parts = reading::layout(bytes).parts;
    let part_ends: Vec<usize> = parts
        .iter()
        .map(|part| part.end.map_or(bytes.len(), |end| end as usize))
        .collect();
    let end_of = |start: usize| part_ends.iter().copied().filter(|&end| end > start).min();
    starts
        .zip(ends.chain([bytes.len()]))
        .map(|(&found, next)| {
            (
                found,
                found.offset..next.min(end_of(found.offset).unwrap_or(next)),
            )
        })
        .collect()
}

fn measure(bytes: &[u8], kind: HarmKind, runs: usize) -> Cost {
    let whole = packets(bytes);
    let places = places(bytes, &whole);
    let header = bytes
        .windows(10)
        .position(|zeros| zeros == [0; 10])
        .unwrap_or(0);
    let truth = outcome(bytes, usize::MAX);
    let leak = truth
        .call_sites
        .first()
        .filter(|site| site.finding.verdict.is_leak());
    let mut cost = Cost::default();
    for run in 0..runs {
        let mut random = Random::new(run as u64 * 7 + 1);
        let harm = Harm::draw(kind, bytes, header, &mut random);
        let damaged = harm.of(bytes);
        let read = packets(&damaged);
        let (lost, invented) = harm.compare(&places, &read);
        let heap_lost = whole.heap.saturating_sub(read.heap);
        let is_longer = read.end > 10 * whole.end;
        let outcome = outcome(&damaged, usize::MAX);
        let first = outcome.call_sites.first();
        let is_found = leak.is_some_and(|leak| {
            first.is_some_and(|first| {
                first.stack == leak.stack
                    && first.finding.verdict.is_leak()
                    && first.outstanding_blocks * 27 >= leak.outstanding_blocks * 20
            })
        });
        let is_read = leak.is_some_and(|leak| {
            outcome.call_sites.iter().any(|site| {
                site.stack == leak.stack
                    && site.outstanding_blocks * 27 >= leak.outstanding_blocks * 20
                    && site.outstanding_blocks <= leak.outstanding_blocks
            })
        });
        cost.read += usize::from(is_read);
        let is_changed = read.found.len() != whole.found.len()
            || read
                .found
                .iter()
                .zip(&whole.found)
                .any(|(a, b)| a.id != b.id);
        let is_silent = is_changed && outcome.problems.is_empty() && gist(&outcome) != gist(&truth);
        cost.silent += usize::from(is_silent);
        cost.found += usize::from(is_found);
        cost.longer += usize::from(is_longer);
        cost.lost.push(lost);
        cost.invented.push(invented);
        cost.heap_lost.push(heap_lost);
        cost.runs += 1;
    }
    cost
}

/// Reads valid recordings with unusual content, from the `first` on, and says which were not read as they are.
fn measure_valid(first: usize, runs: usize) {
    let mut misread = std::collections::BTreeMap::new();
    for run in first..first + runs {
        let kind = run as u32 % valid::KINDS;
        let valid = valid::Valid::recording(run as u64 + 1, kind);
        let read = packets(&valid.bytes);
        let found: Vec<(usize, u32)> = (read.found.iter())
            .map(|found| (found.offset, found.id))
            .collect();
        if read.skipped > 0 || found != valid.packets {
            let lost = (valid.packets.iter()).filter(|packet| !found.contains(packet));
            let lost = lost.count();
            misread
                .entry(kind)
                .or_insert_with(Vec::new)
                .push((run, read.skipped, lost));
        }
    }
    let count: usize = misread.values().map(Vec::len).sum();
    println!("{runs} valid recordings with unusual content: {count} misread");
    for (kind, runs) in misread {
        println!("  kind {kind}: {:?}", &runs[..runs.len().min(20)]);
    }
}

fn summary(numbers: &mut [usize]) -> String {
    numbers.sort_unstable();
    let mean = numbers.iter().sum::<usize>() as f64 / numbers.len() as f64;
    let at = |share: usize| numbers[(numbers.len() - 1) * share / 100];
    format!("{mean:.3} {} {} {}", at(95), at(99), at(100))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let is_valid = arguments.next_if(|argument| argument == "valid").is_some();
    let runs: usize = arguments.next().ok_or("how many of each kind?")?.parse()?;
    if is_valid {
        let first = arguments.next().map_or(Ok(0), |first| first.parse())?;
        measure_valid(first, runs);
        return Ok(());
    }
    let mut recordings: Vec<(String, Vec<u8>)> =
        vec![("made up".into(), synthetic::recording(3000).bytes)];
    for path in arguments {
        recordings.push((path.clone(), std::fs::read(path)?));
    }
    for (name, bytes) in &recordings {
        println!("{name}: {} bytes (mean, 95 %, 99 %, worst)", bytes.len());
        for (kind, title) in HarmKind::ALL {
            let mut cost = measure(bytes, kind, runs);
            println!(
                "  {title:16} lost {:20} invented {:20} heap events {:20} leak read {:.1} % first {:.1} % longer {:.2} % silent {}",
                summary(&mut cost.lost),
                summary(&mut cost.invented),
                summary(&mut cost.heap_lost),
                cost.read as f64 * 100.0 / cost.runs as f64,
                cost.found as f64 * 100.0 / cost.runs as f64,
                cost.longer as f64 * 100.0 / cost.runs as f64,
                cost.silent,
            );
        }
    }
    Ok(())
}
