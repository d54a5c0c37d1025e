//! Which part of a recording is asked for: of its events, its messages, its call sites.

use leakscope_analysis::When;
use leakscope_analysis::trace::{Event, EventKind, Trace};
use leakscope_systemview::id;
use regex::Regex;

use crate::document::anomaly::{Anomaly, FailedAllocation};
use crate::document::call_site::CallSite;
use crate::events::{EventRow, context_name};
use crate::symbolizer::NamedFrame;
use crate::units::{Clock, duration_of_seconds};

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
    /// Up to this moment, in seconds, and with it.
    pub to: Option<f64>,
    /// Ticks of a second, where that is known before the events come that say so.
    pub hz: Option<u32>,
    /// A match: of an event's context, name or parameters; of a message's text; of a function or a line of a call
    /// stack.
    pub grep: Option<Regex>,
}

/// Something that a task did, from somewhere.
pub(crate) trait Place {
    fn is_of_task(&self, name: &str) -> bool;
    fn stack(&self) -> impl Iterator<Item = &NamedFrame>;
}

impl Place for CallSite {
    fn is_of_task(&self, name: &str) -> bool {
        self.tasks.iter().any(|task| &**task == name)
    }

    fn stack(&self) -> impl Iterator<Item = &NamedFrame> {
        self.allocator_frames.iter().chain(&self.frames)
    }
}

impl Place for Anomaly {
    fn is_of_task(&self, name: &str) -> bool {
        &*self.context == name
    }

    fn stack(&self) -> impl Iterator<Item = &NamedFrame> {
        self.frames.iter()
    }
}

impl Place for FailedAllocation {
    fn is_of_task(&self, name: &str) -> bool {
        &*self.context == name
    }

    fn stack(&self) -> impl Iterator<Item = &NamedFrame> {
        self.frames.iter()
    }
}

impl Filter {
    /// Whether an event is asked for, as far as can be said before it is put in words. Cheap, so that
    /// only few events are.
    ///
    /// Before the clock's rate is known, every event is before the time that is asked for, if that does not begin with the
    /// recording.
    pub fn matches(&self, event: &Event<'_>, trace: &Trace) -> bool {
        self.core.is_none_or(|core| core == event.core)
            && self.has_kind(event)
            && self.is_in_period(event, trace)
            && (self.task.as_deref()).is_none_or(|task| task == context_name(event.context, trace))
    }

    /// Whether an event that [`Filter::matches`] is asked for, now that it is put in words.
    pub fn matches_row(&self, row: &EventRow) -> bool {
        self.matches_text(&row.context)
            || self.matches_text(&row.name)
            || self.matches_text(&row.parameters_in_words())
    }

    /// Whether a text is asked for.
    pub fn matches_text(&self, text: &str) -> bool {
        (self.grep.as_ref()).is_none_or(|expression| expression.is_match(text))
    }

    /// Whether something in a report is asked for, whenever it was.
    pub(crate) fn matches_place(&self, place: &impl Place) -> bool {
        let is_of_task = |name: &str| place.is_of_task(name);
        let is_match = |frame: &NamedFrame| {
            let function = frame.function.as_deref().unwrap_or_default();
            self.matches_text(function) || self.matches_text(&line_of(frame))
        };
        self.task.as_deref().is_none_or(is_of_task)
            && (self.grep.is_none() || place.stack().any(is_match))
    }

    /// The period, the task and the expression in words; `None` if all is asked for.
    pub(crate) fn in_words(&self) -> Option<String> {
        let from = self
            .from
            .map(|time| format!("from {}", duration_of_seconds(time)));
        let to = self
            .to
            .map(|time| format!("up to {}", duration_of_seconds(time)));
        let task = self.task.as_ref().map(|name| format!("of `{name}`"));
        let grep = self
            .grep
            .as_ref()
            .map(|expression| format!("matching `{expression}`"));
        let words: Vec<String> = [from, to, task, grep].into_iter().flatten().collect();
        (!words.is_empty()).then(|| format!("only {}", words.join(" ")))
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

    /// Whether not the whole time is asked for.
    pub fn has_period(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// When an event happened, as the time that is asked for sees it.
    pub fn when(&self, event: &Event<'_>, trace: &Trace) -> When {
        let told = || trace.init(event).map_or(0, |init| init.timestamp_hz);
        let tick = |time: f64| Clock::new(self.hz.unwrap_or_else(told), 0).tick(time);
        // The first moment alone has a tick before the clock's rate is known.
        match (self.from.map(tick), self.to.map(tick)) {
            (Some(None), _) => When::Before(event.time),
            (Some(Some(from)), _) if event.time < from => When::Before(from),
            (_, Some(Some(to))) if event.time > to => When::Behind(to),
            _ => When::Within,
        }
    }

    /// Whether an event is within the time that is asked for.
    pub fn is_in_period(&self, event: &Event<'_>, trace: &Trace) -> bool {
        self.when(event, trace) == When::Within
    }

    /// Whether the time that is asked for ended before an event.
    pub fn is_over(&self, event: &Event<'_>, trace: &Trace) -> bool {
        matches!(self.when(event, trace), When::Behind(_))
    }
}

/// `main.c:17`
fn line_of(frame: &NamedFrame) -> String {
    let file = frame.file.as_deref().unwrap_or_default();
    match frame.line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    }
}
