//! Whether the recording may be of the program's beginning only.
//!
//! What fills up looks like a leak until it is full, and nothing in its own life tells the two apart. The other call sites
//! do: in the beginning of a program most of what is kept still grows; later on, most of it has been level for long.

use super::case::Case;
use super::{Confidence, Finding, Reason, SiteHistory, Span, Verdict, Word};

/// Who reached its level within this share of the time has shown that this time is long.
const EARLY: f64 = 1.0 / 3.0;

/// A floor of this share of the highest one has reached the level.
const REACHED: f64 = 0.75;

/// The level is held: no later floor is below this share of the highest one.
const HELD: f64 = 0.5;

/// An accusation is sure if so many more call sites reached their level early than rise still, or did for most of the time.
const MORE_SETTLED: u64 = 2;

/// How a call site's level developed since the program had started up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It rose early, and was held ever since.
    Settled,
    /// It rose for most of the time, and perhaps still does.
    Rising,
    /// It shows nothing of the program's phase: what it allocates comes and goes, or was there from the start on.
    Passing,
}

impl Phase {
    /// That of a call site of which this was found.
    pub fn of(finding: &Finding, history: &SiteHistory, span: &Span) -> Self {
        if finding.verdict.is_leak() {
            return Self::Rising;
        }
        if finding.verdict == Verdict::Once {
            return Self::Passing;
        }
        let case = Case::without_loss(history, span);
        let floors = case.floors();
        let Some(&highest) = floors.bytes.iter().max().filter(|&&highest| highest > 0) else {
            return Self::Passing;
        };
        let share = |floor: u64| floor as f64 / highest as f64;
        let reaches = |&floor: &u64| share(floor) >= REACHED;
        let Some(reached) = floors.bytes.iter().position(reaches) else {
            return Self::Passing;
        };
        let is_held = (floors.bytes[reached..].iter()).all(|&floor| share(floor) >= HELD);
        let moment = floors.begin(reached);
        if !is_held || moment <= case.from {
            Self::Passing
        } else if case.position(moment) <= EARLY {
            Self::Settled
        } else {
            Self::Rising
        }
    }
}

/// What all call sites together show of the program's phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    settled: u64,
    rising: u64,
}

impl Phases {
    /// One call site more.
    pub fn add(&mut self, phase: Phase) {
        match phase {
            Phase::Settled => self.settled += 1,
            Phase::Rising => self.rising += 1,
            Phase::Passing => {}
        }
    }

    /// An accusation is not sure where the program may only have begun. Marked cycles show that it has not.
    pub fn weigh(&self, finding: &mut Finding) {
        let has_begun_only = self.settled < self.rising.saturating_add(MORE_SETTLED);
        let is_sure = finding.confidence == Confidence::High
            && finding.verdict.is_leak()
            && finding.verdict != Verdict::LeakPerCycle;
        if is_sure && has_begun_only {
            finding.confidence = Confidence::Medium;
            finding.reason.extend(self.explain());
        }
    }

    fn explain(&self) -> Reason {
        let so_far = Word::Text("; a cache that still fills would look the same: ");
        match self.settled {
            0 => vec![
                so_far,
                Word::Text("no other call site has filled up and stayed full yet"),
            ],
            settled => vec![
                so_far,
                Word::Count(settled),
                Word::Text(" of "),
                Word::Count(settled + self.rising),
                Word::Text(" call sites that rose were full early and stayed so"),
            ],
        }
    }
}
