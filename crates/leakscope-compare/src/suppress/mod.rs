//! Rules that excuse leaks: why, which call sites, and up to which size.
//!
//! A file is our own `leakscope.toml`, LeakSanitizer's or Valgrind's; which, its content says.
mod configuration;
mod frames;
mod leak_sanitizer;
mod pattern;
mod suggestion;
mod valgrind;

use leakscope_report::document::call_site::CallSite;
use leakscope_report::document::totals::Totals;

use crate::rate::Rate;
pub use configuration::Settings;
use frames::{Frame, Frames};
use pattern::Pattern;
pub use suggestion::suggest;

/// A day: year, month, day.
pub type Date = (u16, u8, u8);

/// Excuses the leaks of some call sites.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Its name, which no other rule of the file has.
    pub id: String,
    /// Why what it excuses is none, or is accepted.
    pub reason: String,
    /// Where it stands.
    pub place: Place,
    /// Where the matter is discussed.
    pub issue: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    frames: Frames,
    file: Option<Pattern>,
    task: Option<Pattern>,
    /// Verdicts that it is about; empty for all.
    verdicts: Vec<String>,
    /// It does not apply to more outstanding bytes than these …
    max_bytes: Option<u64>,
    /// … or to faster growth.
    max_growth: Option<Rate>,
    /// Why it can never match.
    unmatchable: Option<&'static str>,
}

/// Where a rule stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// What a file of rules holds.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// What `leakscope.toml` says besides.
    pub settings: Settings,
}

/// Why a file of rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}", file = place.file, line = place.line)]
pub struct RuleError {
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
}

impl Rules {
    /// Reads a file of rules: `name` is only for messages.
    pub fn read(name: &str, text: &str) -> Result<Self, RuleError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = || {
            let lines = text.lines().map(str::trim);
            lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
        };
        // `leak:PATTERN`; files for the other sanitizers hold `race:PATTERN` and the like, alone or between.
        let is_sanitizer = |line: &str| {
            let is_kind = |kind: &str| {
                kind.chars()
                    .all(|c| c.is_ascii_lowercase() || "_-".contains(c))
            };
            line.split_once(':')
                .is_some_and(|(kind, _)| !kind.is_empty() && is_kind(kind))
        };
        if lines().any(is_sanitizer) && !lines().any(|line| line.starts_with(['[', '{'])) {
            leak_sanitizer::read(name, text)
        } else if lines().next() == Some("{") {
            valgrind::read(name, text)
        } else {
            configuration::read(name, text)
        }
    }
}

impl Rule {
    /// Whether it is about this call site, whatever its size.
    pub fn is_about(&self, site: &CallSite) -> bool {
        let is_of_task = |task: &Pattern| site.tasks.iter().any(|name| task.matches(name));
        let is_in_file = |file: &Pattern| {
            let innermost = site.frames.iter().find_map(|frame| frame.file.as_deref());
            innermost.is_some_and(|known| {
                let mut ends = known
                    .match_indices('/')
                    .map(|(index, _)| &known[index + 1..]);
                file.matches(known) || ends.any(|end| file.matches(end))
            })
        };
        (self.verdicts.is_empty() || self.verdicts.iter().any(|verdict| *verdict == site.verdict))
            && self.task.as_ref().is_none_or(is_of_task)
            && self.file.as_ref().is_none_or(is_in_file)
            && self.frames.matches(site)
    }

    /// Whether what a call site left is within what the rule accepts.
    pub fn accepts(&self, site: &CallSite, totals: &Totals) -> bool {
        let grows_slowly = |most: Rate| {
            Rate::of(site, totals, most.per).is_some_and(|rate| rate.bytes <= most.bytes)
        };
        self.max_bytes
            .is_none_or(|most| site.outstanding_bytes <= most)
            && self.max_growth.is_none_or(grows_slowly)
    }

    /// Why it can never match; `has_symbols` says whether functions have names.
    pub fn unmatchable(&self, has_symbols: bool) -> Option<&'static str> {
        let needs_names = self.file.is_some() || !matches!(self.frames, Frames::All);
        let without_names = (needs_names && !has_symbols).then_some("functions have no names");
        self.unmatchable.or(without_names)
    }
}
