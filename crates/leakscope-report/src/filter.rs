//! Which events a list shows.

use leakscope_analysis::trace::{Event, EventKind, Trace};
use leakscope_systemview::id;
use regex::Regex;

use crate::events::{EventRow, context_name, hz};

/// What was asked for. The kinds add up, with none of them all are meant; everything else must hold of
/// each event.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "four switches, independent of each other"
)]
pub struct Filter {
    /// Calls of the operating system, and their ends.
    pub apis: bool,
    /// Heap events.
    pub heap: bool,
    /// Log messages.
    pub logs: bool,
    /// Entries into interrupts and exits from them.
    pub isr: bool,
    /// The name of the task, interrupt or other context.
    pub task: Option<String>,
    /// The core.
    pub core: Option<u8>,
    /// From this moment on, in seconds.
    pub from: Option<f64>,
    /// Up to this moment, in seconds.
    pub to: Option<f64>,
    /// A match of the context, the name or the parameters.
    pub grep: Option<Regex>,
}

impl Filter {
    /// Whether an event is asked for, as far as can be said before it is put in words. Cheap, so that
    /// only few events are.
    ///
    /// Before the clock's rate is known, every moment counts as the first.
    pub fn matches(&self, event: &Event<'_>, trace: &Trace) -> bool {
        self.core.is_none_or(|core| core == event.core)
            && self.has_kind(event)
            && self.has_moment(event, trace)
            && (self.task.as_deref()).is_none_or(|task| task == context_name(event.context, trace))
    }

    /// Whether an event that [`Filter::matches`] is asked for, now that it is put in words.
    pub fn matches_row(&self, row: &EventRow) -> bool {
        self.grep.as_ref().is_none_or(|expression| {
            [&row.context, &row.name]
                .iter()
                .any(|text| expression.is_match(text))
                || expression.is_match(&row.parameters_in_words())
        })
    }

    fn has_kind(&self, event: &Event<'_>) -> bool {
        if !(self.apis || self.heap || self.logs || self.isr) {
            return true;
        }
        match event.kind {
            EventKind::Api => self.apis,
            EventKind::Heap(_) => self.heap,
            EventKind::Log(_) | EventKind::LogInElf { .. } => self.logs,
            _ => {
                self.isr
                    && matches!(
                        event.id,
                        id::ISR_ENTER | id::ISR_EXIT | id::ISR_TO_SCHEDULER
                    )
            }
        }
    }

    fn has_moment(&self, event: &Event<'_>, trace: &Trace) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let hz = hz(event, trace);
        let seconds = if hz == 0 {
            0.0
        } else {
            event.time as f64 / f64::from(hz)
        };
        self.from.is_none_or(|from| seconds >= from) && self.to.is_none_or(|to| seconds <= to)
    }
}
