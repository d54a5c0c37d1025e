//! Many programs on one device, whose link loses packets: recordings with a known truth.
//!
//! Each program of [`crate::patterns`] is a call site here. An allocator says where their blocks lie, a link of
//! limited rate with a buffer of limited size what arrives.

mod allocator;
mod link;

pub(crate) use allocator::Reuse;
pub(crate) use link::Loss;

use std::collections::{HashMap, HashSet};

use leakscope_analysis::Analysis;
use leakscope_analysis::findings::Finding;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;

use crate::patterns::{Pattern, Truth, adversarial, all, shapes};
use crate::program::Program;
use allocator::Memory;
use link::{Message, Sender};

/// Ticks of a trace: ten minutes at 1 MHz.
pub(crate) const LENGTH: u64 = 600_000_000;

/// A flood is so many packets that fill the buffer of the link at once: log messages, say.
const FLOOD: u64 = 200;

/// Programs that need more than a call site: silence around them, marks, or a length of their own. And those of later than the
/// tables of `docs/verdicts.md`.
const NOT_HERE: [&str; 8] = [
    "silen",
    "marked",
    "very short",
    "very long",
    "freed first",
    "released at once",
    "drops its older half",
    "emptied once",
];

/// Which programs run on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    Ordinary,
    /// Beside them, some whose releases make the link lose packets.
    Releasing,
    /// Programs of other shapes, and no others.
    Shapes,
}

/// Whose verdict it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Leak,
    Healthy,
    /// Healthy, and its releases make the link lose packets.
    Releasing,
}

/// What was said of a call site of known truth.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) pattern: &'static str,
    pub(crate) kind: Kind,
    /// `None` if none of its allocations arrived.
    pub(crate) finding: Option<Finding>,
}

impl Answer {
    pub(crate) fn is_leak(&self) -> bool {
        let finding = self.finding.as_ref();
        finding.is_some_and(|finding| finding.verdict.is_leak())
    }
}

/// What was found in recordings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    pub(crate) lost: u64,
    pub(crate) packets: u64,
    pub(crate) answers: Vec<Answer>,
}

impl Score {
    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.packets += other.packets;
        self.answers.extend(other.answers);
    }

    /// How many sites of a kind were called a leak, and how many there are.
    pub(crate) fn leaks(&self, kind: Kind) -> (usize, usize) {
        let of_kind = || self.answers.iter().filter(|answer| answer.kind == kind);
        let called = of_kind().filter(|answer| answer.is_leak()).count();
        (called, of_kind().count())
    }

    /// The patterns of which something else was said than what is true.
    pub(crate) fn wrong(&self, kind: Kind) -> Vec<&'static str> {
        let answers = self.answers.iter().filter(|answer| answer.kind == kind);
        answers
            .filter(|answer| answer.is_leak() != (kind == Kind::Leak))
            .map(|answer| answer.pattern)
            .collect()
    }
}

/// Records a device that runs a program of each pattern, and says what the verdicts are.
pub(crate) fn score(seed: u64, reuse: Reuse, loss: Loss, world: World) -> Score {
    let usable = |pattern: &Pattern| {
        pattern.truth != Truth::Undecidable
            && !NOT_HERE.iter().any(|word| pattern.name.contains(word))
    };
    let mut patterns: Vec<Pattern> = match world {
        World::Shapes => shapes(),
        _ => all().into_iter().filter(usable).collect(),
    };
    let ordinary = patterns.len();
    if world == World::Releasing {
        patterns.extend(adversarial());
    }
    let programs: Vec<Program> = patterns
        .iter()
        .map(|pattern| pattern.program(seed))
        .collect();
    let recording = record(&programs, reuse, loss);
    let findings = findings(&recording, programs.len());
    let answers =
        (patterns.iter().enumerate().zip(findings)).map(|((index, pattern), finding)| Answer {
            pattern: pattern.name,
            kind: match pattern.truth {
                Truth::Leaks => Kind::Leak,
                _ if index < ordinary => Kind::Healthy,
                _ => Kind::Releasing,
            },
            finding,
        });
    Score {
        lost: recording.lost,
        packets: recording.packets,
        answers: answers.collect(),
    }
}

/// What is said of each of some programs that run on one device.
pub(crate) fn judged(programs: &[Program], reuse: Reuse, loss: Loss) -> Vec<Option<Finding>> {
    findings(&record(programs, reuse, loss), programs.len())
}

fn findings(recording: &link::Recording, programs: usize) -> Vec<Option<Finding>> {
    let outcome = analyse(&recording.bytes);
    let mut findings: HashMap<u64, Finding> = (outcome.call_sites.into_iter())
        .map(|site| (site.stack[0], site.finding))
        .collect();
    (0..programs)
        .map(|index| findings.remove(&caller(index)))
        .collect()
}

/// The address that a program's allocations come from.
fn caller(site: usize) -> u64 {
    0x4200_0000 + 0x100 * site as u64
}

/// What happens on the device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Flood,
    /// Frees come first: what is freed can be allocated anew at the same moment. It moves if it is.
    Free {
        site: usize,
        block: usize,
        moves: bool,
    },
    Allocate {
        site: usize,
        block: usize,
    },
}

fn deeds(programs: &[Program]) -> Vec<(u64, Deed)> {
    let mut deeds = Vec::new();
    for (site, program) in programs.iter().enumerate() {
        let scaled = |time: u64| {
            (u128::from(time) * u128::from(LENGTH) / u128::from(program.end.max(1))) as u64
        };
        deeds.extend(
            program
                .floods
                .iter()
                .map(|&time| (scaled(time), Deed::Flood)),
        );
        let births: HashSet<u64> = program.blocks.iter().map(|block| block.birth).collect();
        for (block, life) in program.blocks.iter().enumerate() {
            let birth = scaled(life.birth);
            deeds.push((birth, Deed::Allocate { site, block }));
            if let Some(death) = life.death {
                // A block lives for a tick at the least, so that it is allocated before it is freed.
                let moves = births.contains(&death);
                deeds.push((
                    scaled(death).max(birth + 1),
                    Deed::Free { site, block, moves },
                ));
            }
        }
    }
    deeds.retain(|&(time, _)| time <= LENGTH);
    deeds.sort_unstable();
    deeds
}

fn record(programs: &[Program], reuse: Reuse, loss: Loss) -> link::Recording {
    let deeds = deeds(programs);
    let mut memory = Memory::new(reuse);
    let mut addresses: HashMap<(usize, usize), (u64, u64)> = HashMap::new();
    let mut sender = Sender::new(loss, deeds.len() as u64, LENGTH);
    for (time, deed) in deeds {
        match deed {
            Deed::Flood => (0..FLOOD).for_each(|_| sender.send(time, Message::Chatter)),
            Deed::Allocate { site, block } => {
                let size = programs[site].blocks[block].size;
                let address = memory.allocate(size);
                addresses.insert((site, block), (address, size));
                let caller = caller(site);
                sender.send(
                    time,
                    Message::Allocation {
                        address,
                        size,
                        caller,
                    },
                );
            }
            Deed::Free { site, block, moves } => {
                let (address, size) = addresses.remove(&(site, block)).unwrap_or_default();
                memory.free(address, size);
                let caller = if moves { caller(site) } else { 0x4201_0000 };
                sender.send(time, Message::Free { address, caller });
            }
        }
    }
    sender.finish(LENGTH)
}

fn analyse(recording: &[u8]) -> Outcome {
    let mut analysis = Analysis::new(&Layout::of(&[recording]), KeepAll);
    let Ok(_) = analysis.run(&[recording][..]);
    analysis.outcome()
}
