//! Devices of which a recording holds the first part of their life only: what fills up has not filled up yet.

use leakscope_analysis::findings::{Confidence, Finding, Phase, Phases, judge};

use crate::patterns::{Pattern, Truth, all, beginnings};
use crate::random::Random;

/// What was said of a call site of known truth.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) pattern: &'static str,
    pub(crate) truth: Truth,
    pub(crate) finding: Finding,
}

impl Said {
    pub(crate) fn is_leak(&self) -> bool {
        self.finding.verdict.is_leak()
    }

    /// Whether it is excused for sure.
    pub(crate) fn is_sure_excuse(&self) -> bool {
        !self.is_leak() && self.finding.confidence == Confidence::High
    }

    pub(crate) fn is_sure_leak(&self) -> bool {
        self.is_leak() && self.finding.confidence == Confidence::High
    }
}

/// What is said of the call sites of a device of which this share of its life was recorded.
pub(crate) fn begun(seed: u64, share: f64) -> Vec<Said> {
    let patterns = device(&mut Random::new(seed ^ 0x00B0_06E1));
    let sites = patterns.iter().enumerate().map(|(index, pattern)| {
        let seed = seed.wrapping_mul(31).wrapping_add(index as u64);
        let mut program = pattern.program(seed);
        // Each has a length of its own: shares are what counts.
        program.stretch(LIFE);
        program.end = program.tick(share);
        program.others_until = program.end;
        (pattern, program.history(), program.span())
    });
    let judged: Vec<_> = sites
        .filter(|(_, history, _)| history.allocations > 0)
        .map(|(pattern, history, span)| (pattern, judge(&history, &span), history, span))
        .collect();
    let mut phases = Phases::default();
    for (_, finding, history, span) in &judged {
        phases.add(Phase::of(finding, history, span));
    }
    let said = judged.into_iter().map(|(pattern, mut finding, ..)| {
        phases.weigh(&mut finding);
        Said {
            pattern: pattern.name,
            truth: pattern.truth,
            finding,
        }
    });
    said.collect()
}

/// Ticks of a whole life.
const LIFE: u64 = 10_000_000_000;

/// Which call sites a device has: what starts up, messages, what fills up, and a leak or two on some.
fn device(random: &mut Random) -> Vec<Pattern> {
    const PASSING: [&str; 4] = [
        "start-up objects",
        "messages",
        "cache with expiry",
        "two objects",
    ];
    let passing: Vec<Pattern> = (all().into_iter())
        .filter(|pattern| PASSING.contains(&pattern.name))
        .collect();
    let (leaking, healthy): (Vec<Pattern>, Vec<Pattern>) = beginnings()
        .into_iter()
        .partition(|pattern| pattern.truth == Truth::Leaks);
    let some = |random: &mut Random, of: &[Pattern], least: u64, most: u64| {
        let count = random.count(least, most);
        let one = |_| of[random.count(0, of.len() as u64 - 1) as usize];
        (0..count).map(one).collect::<Vec<_>>()
    };
    let mut patterns = some(random, &passing, 0, 6);
    patterns.extend(some(random, &healthy, 1, 12));
    patterns.extend(some(random, &leaking, 0, 2));
    patterns
}
