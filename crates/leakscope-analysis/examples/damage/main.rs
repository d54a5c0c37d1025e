//! Measures what damage costs: many damages of each kind, and what was lost, invented and no longer told.
//!
//! ```sh
//! cargo run --release -p leakscope-analysis --example damage -- 1000 [FIRST] RECORDING…
//! cargo run --release -p leakscope-analysis --example damage -- valid 100000 [FIRST [KIND]]
//! cargo run --release -p leakscope-analysis --example damage -- frees 250 [FIRST]
//! ```
//!
//! Recordings are those named, and made-up ones of known truth. What is drawn begins with the draw `FIRST`, so that rules can
//! be worked out on other draws than those that are told of. `valid` reads sound recordings with unusual content instead, and
//! `frees` says what is proven of frees where there are several damages.
#![allow(clippy::print_stdout, reason = "the table is what this is for")]

mod frees;
mod harm;
mod program;
mod random;
mod reading;
mod valid;

use std::ops::Range;

use harm::{Harm, HarmKind};
use leakscope_analysis::outcome::{CallSite, Outcome};
use program::Program;
use random::Random;
use reading::{Found, Packets, gist, outcome, packets};

/// The number of programs that are made up. The leak of each is found as long as nothing is damaged.
const PROGRAMS: usize = 50;

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
    accused: usize,
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

/// A sound recording, and what is true of it.
struct Sound {
    bytes: Vec<u8>,
    /// How long its header is.
    header: usize,
    whole: Packets,
    places: Vec<(Found, Range<usize>)>,
    truth: Outcome,
    /// The call stack that leaks, and how many blocks it does.
    leak: Vec<u64>,
    leaked: u64,
}

impl Sound {
    /// The leak is this call stack; where nobody says, what is found.
    fn new(bytes: Vec<u8>, leak: Option<Vec<u64>>) -> Self {
        let whole = packets(&bytes);
        let truth = outcome(&bytes, usize::MAX);
        let first = truth.call_sites.first();
        let leak = leak.or_else(|| Some(first?.stack.clone()));
        let leak = leak.unwrap_or_default();
        let site = truth.call_sites.iter().find(|site| site.stack == leak);
        let header = bytes.windows(10).position(|zeros| zeros == [0; 10]);
        Self {
            header: header.unwrap_or(0),
            places: places(&bytes, &whole),
            leaked: site.map_or(0, |site| site.outstanding_blocks),
            whole,
            truth,
            leak,
            bytes,
        }
    }

    /// Whether it is found first, with 20 of 27 blocks at least.
    fn is_found(&self, outcome: &Outcome) -> bool {
        let is_found = |first: &CallSite| {
            first.finding.verdict.is_leak()
                && first.stack == self.leak
                && first.outstanding_blocks * 27 >= self.leaked * 20
        };
        outcome.call_sites.first().is_some_and(is_found)
    }

    /// Whether a call site is called a leak that is none.
    fn accuses(&self, outcome: &Outcome) -> bool {
        let is_false = |site: &CallSite| site.finding.verdict.is_leak() && site.stack != self.leak;
        outcome.call_sites.iter().any(is_false)
    }

    /// Whether its blocks were read, but for 7 of 27.
    fn is_read(&self, outcome: &Outcome) -> bool {
        outcome.call_sites.iter().any(|site| {
            site.stack == self.leak
                && site.outstanding_blocks * 27 >= self.leaked * 20
                && site.outstanding_blocks <= self.leaked
        })
    }
}

/// Damages of one kind, done to the recordings in turn.
fn measure(recordings: &[Sound], kind: HarmKind, draws: Range<usize>) -> Cost {
    let mut cost = Cost::default();
    for draw in draws {
        let sound = &recordings[draw % recordings.len()];
        let mut random = Random::new(draw as u64 * 7 + 1);
        let harm = Harm::draw(kind, &sound.bytes, sound.header, &mut random);
        let damaged = harm.of(&sound.bytes);
        let read = packets(&damaged);
        let outcome = outcome(&damaged, usize::MAX);
        let whole = &sound.whole;
        let is_changed =
            !(read.found.iter().map(|found| found.id)).eq(whole.found.iter().map(|found| found.id));
        let is_silent =
            is_changed && outcome.problems.is_empty() && gist(&outcome) != gist(&sound.truth);
        let (lost, invented) = harm.compare(&sound.places, &read);
        cost.silent += usize::from(is_silent);
        cost.read += usize::from(sound.is_read(&outcome));
        cost.accused += usize::from(sound.accuses(&outcome));
        cost.found += usize::from(sound.is_found(&outcome));
        cost.longer += usize::from(read.end > 10 * whole.end);
        cost.lost.push(lost);
        cost.invented.push(invented);
        cost.heap_lost.push(whole.heap.saturating_sub(read.heap));
        cost.runs += 1;
    }
    cost
}

/// Reads valid recordings with unusual content, from the `first` on, of all kinds in turn or of one, and says which were not
/// read as they are.
fn measure_valid(first: usize, runs: usize, only: Option<u32>) {
    let mut misread = std::collections::BTreeMap::new();
    for run in first..first + runs {
        let kind = only.unwrap_or(run as u32 % valid::KINDS);
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
    let is_frees = arguments.next_if(|argument| argument == "frees").is_some();
    let is_valid = arguments.next_if(|argument| argument == "valid").is_some();
    let runs: usize = arguments.next().ok_or("how many of each kind?")?.parse()?;
    let first = arguments.next_if(|argument| argument.parse::<usize>().is_ok());
    let first = first.map_or(Ok(0), |first| first.parse())?;
    if is_frees {
        frees::measure(first, runs);
        return Ok(());
    }
    if is_valid {
        let kind = arguments.next().map(|kind| kind.parse());
        measure_valid(first, runs, kind.transpose()?);
        return Ok(());
    }
    let programs = (first as u64 + 1..).map(Program::draw);
    let programs = programs.map(|program| Sound::new(program.bytes, Some(program.leak)));
    let clear = programs.filter(|sound| sound.is_found(&sound.truth));
    let clear = clear.take(PROGRAMS).collect();
    let mut recordings: Vec<(String, Vec<Sound>)> = vec![("made up".into(), clear)];
    for path in arguments {
        let bytes = std::fs::read(&path)?;
        recordings.push((path, vec![Sound::new(bytes, None)]));
    }
    for (name, recordings) in &recordings {
        let bytes: usize = recordings.iter().map(|sound| sound.bytes.len()).sum();
        let count = recordings.len() as u64;
        let bytes = bytes as u64 / count;
        println!("{name}: {count} of {bytes} bytes (mean, 95 %, 99 %, worst)");
        for (kind, title) in HarmKind::ALL {
            let mut cost = measure(recordings, kind, first..first + runs);
            println!(
                "  {title:16} lost {:20} invented {:20} heap events {:20} leak read {:.1} % first {:.1} % longer {:.2} % silent {} accused {}",
                summary(&mut cost.lost),
                summary(&mut cost.invented),
                summary(&mut cost.heap_lost),
                cost.read as f64 * 100.0 / cost.runs as f64,
                cost.found as f64 * 100.0 / cost.runs as f64,
                cost.longer as f64 * 100.0 / cost.runs as f64,
                cost.silent,
                cost.accused,
            );
        }
    }
    Ok(())
}
