//! Which part of a recording is exported.

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Context;
use rustc_hash::FxHashMap;

/// A part of a recording: what happened in `[from, to)`, and who did it. A block belongs to it by its allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The first moment, in ticks.
    pub from: u64,
    /// The first moment behind it, in ticks.
    pub to: u64,
    /// The name of the only task or interrupt that counts.
    pub task: Option<String>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            from: 0,
            to: u64::MAX,
            task: None,
        }
    }
}

impl Selection {
    /// Whether it is all of the recording.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// A selection, with what was found out of contexts.
#[derive(Debug)]
pub(crate) struct Chosen<'r> {
    outcome: &'r Outcome,
    pub(crate) selection: Selection,
    /// Never listed: no order reaches an output.
    contexts: FxHashMap<Context, bool>,
}

impl<'r> Chosen<'r> {
    pub(crate) fn new(outcome: &'r Outcome, selection: Selection) -> Self {
        Self {
            outcome,
            selection,
            contexts: FxHashMap::default(),
        }
    }

    /// Whether what this context does at this moment is chosen.
    pub(crate) fn has(&mut self, time: u64, context: Context) -> bool {
        let Selection { from, to, task } = &self.selection;
        if time < *from || time >= *to {
            return false;
        }
        let Some(task) = task else {
            return true;
        };
        let outcome = self.outcome;
        let known = self.contexts.entry(context);
        *known.or_insert_with(|| outcome.context_name(context) == *task)
    }
}
