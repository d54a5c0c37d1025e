//! Judgements in the forms that people and CI systems read. Each is a function of [`Checked`] to text.
//!
//! Names come from a device and from an ELF file. What writes a format escapes them by its rules; what is shown to
//! people has no control characters.
mod alerts;
mod annotations;
mod code_quality;
mod json;
mod junit;
mod markdown;
mod place;
mod sarif;
mod text;

pub use alerts::LeftOut;
pub use annotations::annotations;
pub use code_quality::code_quality;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use place::Place;
pub use sarif::sarif;
pub use text::text;

use std::path::Path;

use leakscope_report::document::call_site::CallSite;
use leakscope_report::{NamedFrame, sanitise};

use crate::gate::{Answer, Failure, Gate, Judgement};

/// Recordings that were judged.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'c> {
    /// By which gate.
    pub gate: &'c Gate,
    /// One for each recording.
    pub judgements: &'c [Judgement<'c>],
    /// The folder that places in files are relative to.
    pub root: &'c Path,
    /// Whether a recording of which nothing can be claimed is let pass.
    pub lets_inconclusive_pass: bool,
}

impl<'c> Checked<'c> {
    /// The worst answer of all recordings: failed, inconclusive, passed. Nothing passes without a recording.
    pub fn answer(&self) -> Answer {
        let answers = self.judgements.iter().map(|judgement| judgement.answer);
        answers.max().unwrap_or(Answer::Inconclusive)
    }

    /// All failures, each with its judgement.
    fn failures(&self) -> impl Iterator<Item = (&'c Judgement<'c>, &'c Failure)> {
        let judgements = self.judgements.iter();
        judgements.flat_map(|judgement| {
            judgement
                .failures
                .iter()
                .map(move |failure| (judgement, failure))
        })
    }
}

impl Judgement<'_> {
    /// The call site of a failure.
    fn site(&self, failure: &Failure) -> Option<&CallSite> {
        self.report.call_sites.get(failure.site?)
    }

    /// What the reasons are for.
    fn nothing(&self) -> &'static str {
        match self.answer {
            Answer::Failed => "nothing more can be claimed",
            Answer::Inconclusive | Answer::Passed => "nothing can be claimed",
        }
    }

    /// Why nothing can be claimed, or nothing more, on one line.
    fn reasons(&self) -> String {
        let reasons: Vec<&str> = (self.inconclusive.iter())
            .map(|doubt| doubt.message.as_str())
            .collect();
        reasons.join("; ")
    }

    /// The recording's name.
    fn name(&self) -> String {
        let names: Vec<_> = self
            .report
            .trace
            .inputs
            .iter()
            .map(|name| sanitise(name))
            .collect();
        names.join(" ")
    }
}

/// The innermost function of a failure that is somewhere.
fn function_of(failure: &Failure) -> Option<String> {
    let is_somewhere = failure.identity.is_some();
    is_somewhere.then(|| function(&failure.frames))
}

/// The innermost function of a call stack, or its address.
fn function(frames: &[NamedFrame]) -> String {
    let frame = frames.first();
    let name = frame.and_then(|frame| frame.function.as_deref());
    match (name, frame) {
        (Some(name), _) => sanitise(name).into_owned(),
        (None, Some(frame)) => frame.address.to_string(),
        (None, None) => "no call stack".to_owned(),
    }
}

/// The call stack, a line each.
fn stack(frames: &[NamedFrame]) -> impl Iterator<Item = String> {
    frames.iter().map(|frame| {
        let place = match (&frame.file, frame.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => frame.address.to_string(),
        };
        match &frame.function {
            Some(name) => format!("{}  {}", sanitise(name), sanitise(&place)),
            None => place,
        }
    })
}

/// The answer in a word.
fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Passed => "passed",
        Answer::Failed => "FAILED",
        Answer::Inconclusive => "inconclusive",
    }
}
