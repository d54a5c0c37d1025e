//! Why a task is not ready: the `TaskState` and `PreemptingTaskStates` lines.

use std::collections::BTreeMap;

use super::number;
use super::problem::DescriptionProblemKind as Kind;

/// Texts for the causes in `TASK_STOP_READY` packets.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskStates {
    mask: Option<u32>,
    texts: BTreeMap<u32, Box<str>>,
    preempting: Vec<u32>,
}

impl TaskStates {
    /// The text for a cause: of the bits in the mask.
    pub(super) fn text(&self, cause: u32) -> Option<&str> {
        self.texts.get(&self.masked(cause)).map(|text| &**text)
    }

    /// Whether a task with this cause still wants to run.
    pub(super) fn is_preempting(&self, cause: u32) -> bool {
        self.preempting.contains(&self.masked(cause))
    }

    fn masked(&self, cause: u32) -> u32 {
        cause & self.mask.unwrap_or(u32::MAX)
    }

    /// Adds `<mask> <n>=<text>, <n>=<text>, …`.
    pub(super) fn add(&mut self, line: &str, problem: &mut impl FnMut(Kind, &str)) {
        let (first, entries) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let Some(mask) = number::parse(first.trim_end_matches(',')) else {
            problem(Kind::UnknownValue, line);
            return;
        };
        if self.mask.replace(mask).is_some_and(|before| before != mask) {
            problem(Kind::DifferentMask, first);
        }
        for entry in entries.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            let pair = entry.split_once('=');
            let Some((value, text)) = pair.and_then(|(n, t)| Some((number::parse(n.trim())?, t)))
            else {
                problem(Kind::UnknownValue, entry);
                continue;
            };
            let text = text.trim().trim_matches('"');
            let before = self.texts.insert(value, text.into());
            if before.is_some_and(|before| *before != *text) {
                problem(Kind::DuplicateValue, entry);
            }
        }
    }

    /// Adds `<n>, <n>, …`.
    pub(super) fn add_preempting(&mut self, line: &str, problem: &mut impl FnMut(Kind, &str)) {
        let words = line.split(|c: char| c == ',' || c.is_whitespace());
        for word in words.filter(|word| !word.is_empty()) {
            match number::parse(word) {
                Some(cause) if self.preempting.contains(&cause) => {}
                Some(cause) => self.preempting.push(cause),
                None => problem(Kind::UnknownValue, word),
            }
        }
    }
}
