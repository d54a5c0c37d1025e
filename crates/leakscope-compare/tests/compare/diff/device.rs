//! Programs of known truth, recorded: call sites that leak in different ways, and sound ones that look like it.

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_report::{Report, Symbolizer};
use leakscope_testing::program::Random;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};

/// How a call site uses the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Leaves blocks by themselves.
    Steady,
    /// The same, of many sizes.
    Sizes,
    /// Leaves several at a time.
    Bursts,
    /// Leaves them in one half of each 20 s only.
    Phases,
    /// Frees nine of ten blocks soon.
    Survivors,
    /// A queue that is filled faster than it is emptied.
    Backlog,
    /// Blocks come and go.
    Sound,
    /// Some of them live for very long.
    HeavyTail,
    /// Fills up to a bound.
    Cache,
}

impl Kind {
    /// Those that leak come first.
    pub(crate) const ALL: [Self; 9] = [
        Self::Steady,
        Self::Sizes,
        Self::Bursts,
        Self::Phases,
        Self::Survivors,
        Self::Backlog,
        Self::Sound,
        Self::HeavyTail,
        Self::Cache,
    ];
}

/// Eight call sites that leak at a constant rate: so many blocks a second.
pub(crate) const EIGHT_LEAKS: [(Kind, f64); 8] = [
    (Kind::Steady, 0.5),
    (Kind::Steady, 1.0),
    (Kind::Sizes, 1.0),
    (Kind::Sizes, 3.0),
    (Kind::Bursts, 1.0),
    (Kind::Bursts, 2.0),
    (Kind::Survivors, 0.5),
    (Kind::Survivors, 1.0),
];

/// A block: when it is allocated and freed, in seconds, and its size.
type Block = (f64, Option<f64>, u32);

fn share(random: &mut Random) -> f64 {
    (random.below(1 << 30) as f64 + 0.5) / f64::from(1 << 30)
}

fn exponential(random: &mut Random, mean: f64) -> f64 {
    -mean * share(random).ln()
}

/// Moments that come by themselves, `rate` a second.
fn moments(random: &mut Random, rate: f64, seconds: f64) -> Vec<f64> {
    let mut moments = Vec::new();
    let mut time = exponential(random, 1.0 / rate);
    while time < seconds {
        moments.push(time);
        time += exponential(random, 1.0 / rate);
    }
    moments
}

/// What a call site does; it leaves `rate` blocks a second if it leaks.
fn blocks(kind: Kind, random: &mut Random, rate: f64, seconds: f64) -> Vec<Block> {
    match kind {
        Kind::Steady => (moments(random, rate, seconds).into_iter())
            .map(|time| (time, None, 48))
            .collect(),
        Kind::Sizes => (moments(random, rate, seconds).into_iter())
            .map(|time| (time, None, 16 << random.below(5)))
            .collect(),
        Kind::Bursts => (moments(random, rate / 3.0, seconds).into_iter())
            .flat_map(|time| {
                let count = 1 + random.below(5);
                (0..count).map(move |block| (time + 1e-3 * block as f64, None, 48))
            })
            .collect(),
        Kind::Phases => (moments(random, 2.0 * rate, seconds).into_iter())
            .filter(|time| time % 20.0 < 10.0)
            .map(|time| (time, None, 48))
            .collect(),
        Kind::Survivors => (moments(random, 10.0 * rate, seconds).into_iter())
            .map(|time| {
                let is_freed = random.below(10) > 0;
                let death = time + exponential(random, 0.05);
                (time, is_freed.then_some(death), 48)
            })
            .collect(),
        Kind::Backlog => {
            let mut taken = moments(random, 4.0 * rate, seconds).into_iter();
            (moments(random, 5.0 * rate, seconds).into_iter())
                .map(|time| (time, taken.find(|&free| free > time), 48))
                .collect()
        }
        Kind::Sound => (moments(random, 5.0 * rate, seconds).into_iter())
            .map(|time| (time, Some(time + exponential(random, 0.5)), 48))
            .collect(),
        Kind::HeavyTail => (moments(random, 5.0 * rate, seconds).into_iter())
            .map(|time| (time, Some(time + 0.05 * share(random).powf(-1.0 / 1.5)), 48))
            .collect(),
        Kind::Cache => (moments(random, rate, seconds).into_iter())
            .take(20)
            .map(|time| (time, None, 48))
            .collect(),
    }
}

/// The report on a program with these call sites, each with its rate, recorded for so long.
pub(crate) fn recorded(sites: &[(Kind, f64)], seed: u64, seconds: f64) -> Report {
    booted(sites, seed, seconds, 1)
}

/// The same, of so many boots, each of them so long.
pub(crate) fn booted(sites: &[(Kind, f64)], seed: u64, seconds: f64, boots: usize) -> Report {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut recording = Scenario::begun();
    for boot in 0..boots {
        if boot > 0 {
            recording.stop().start().systime_us(1000);
            recording.module(512, IDF_HEAP).run(MAIN);
        }
        work(&mut recording, sites, &mut random, seconds);
    }
    let report = report(&recording);
    assert_eq!(report.sessions.len(), boots);
    report
}

fn work(recording: &mut Scenario, sites: &[(Kind, f64)], random: &mut Random, seconds: f64) {
    let begin = recording.time();
    let mut events = Vec::new();
    for (number, &(kind, rate)) in (0_u32..).zip(sites) {
        for (birth, death, size) in blocks(kind, random, rate, seconds) {
            let block = events.len() as u32;
            events.push((birth, block, number, Some(size)));
            if let Some(death) = death.filter(|&death| death < seconds) {
                events.push((death, block, number, None));
            }
        }
    }
    events.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (time, block, site, size) in events {
        let ticks = begin + (time * 1e6) as u64;
        recording.after(ticks.saturating_sub(recording.time()));
        let stack = [0x4200_1000 + 0x100 * site, 0x4200_0100];
        let address = 0x3FD0_0000 + 0x400 * block;
        match size {
            Some(size) => recording.allocate(address, size, &stack),
            None => recording.free(address, &stack),
        };
    }
    let end = begin + (seconds * 1e6) as u64;
    recording.after(end.saturating_sub(recording.time()));
    recording.print("over");
}

fn report(recording: &Scenario) -> Report {
    let bytes = recording.openocd();
    let mut analysis = Analysis::new(&Layout::of(&[&bytes[..]]), KeepAll);
    let Ok(_) = analysis.run(&[&bytes[..]][..]);
    let names = ["heap.svdat".to_owned()];
    Report::new(&analysis.outcome(), &mut Symbolizer::new(None), &names)
}
