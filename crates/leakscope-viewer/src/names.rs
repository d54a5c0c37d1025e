//! Events in words.

use leakscope_analysis::trace::{Context, Event, EventKind, Task, Trace};
use leakscope_report::log::LogRow;
use leakscope_report::naming::{FieldValue, Naming};
use leakscope_report::{Symbolizer, sanitise};
use leakscope_systemview::id;

/// What puts events in words.
pub(crate) struct Names<'s> {
    pub(crate) naming: Naming,
    pub(crate) symbolizer: Symbolizer<'s>,
    /// Log messages as they are read first, if somebody wants them.
    pub(crate) log: Option<Log>,
}

/// Log messages, and who takes them.
pub(crate) struct Log {
    rows: Vec<LogRow>,
    take: Box<dyn FnMut(LogRow) + Send>,
}

impl Log {
    pub(crate) fn taken_by(take: impl FnMut(LogRow) + Send + 'static) -> Self {
        Self {
            rows: Vec::new(),
            take: Box::new(take),
        }
    }

    /// Those that were read are right.
    pub(crate) fn tell(&mut self) {
        self.rows.drain(..).for_each(&mut self.take);
    }

    /// Those that were read since the last were told are wrong.
    pub(crate) fn forget(&mut self) {
        self.rows.clear();
    }
}

impl Names<'_> {
    /// Takes into account what an event says of names, and keeps it if it is a log message that somebody wants.
    pub(crate) fn learn(&mut self, event: &Event<'_>, trace: &Trace) {
        self.naming.learn(event);
        if let Some(log) = &mut self.log {
            log.rows.extend(LogRow::new(event, trace, &self.symbolizer));
        }
    }

    /// An event's name, and what it says.
    pub(crate) fn words(&mut self, event: &Event<'_>, trace: &Trace) -> (String, String) {
        let named = (self.naming).named(event, trace, &mut self.symbolizer);
        let detail = match LogRow::new(event, trace, &self.symbolizer) {
            Some(log) => lines(&log.text),
            None => {
                let words: Vec<String> = named.fields.iter().map(ToString::to_string).collect();
                sanitise(&words.join(" ")).into_owned()
            }
        };
        (named.name, detail)
    }

    /// Whether an event's name or detail contains this, in lower case, numbers and addresses left out.
    pub(crate) fn contain_beside_numbers(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        wanted: &str,
    ) -> bool {
        let named = (self.naming).named(event, trace, &mut self.symbolizer);
        let words = named.fields.iter().map(|field| match field.value {
            FieldValue::Number(_) | FieldValue::Address(_) => {
                format!("{}{}", field.label, field.joint)
            }
            _ => field.to_string(),
        });
        let words: Vec<String> = words.collect();
        contains(&named.name, wanted) || contains(&sanitise(&words.join(" ")), wanted)
    }

    /// Whether an event's name, context or detail contains this, in lower case.
    pub(crate) fn contain(&mut self, event: &Event<'_>, trace: &Trace, wanted: &str) -> bool {
        let (name, detail) = match event.kind {
            // Most of what is searched are logs, and their name is known.
            EventKind::Log(print) => {
                let name = id::name(event.id).unwrap_or_default();
                (name.to_owned(), lines(&print.formatted().to_string()))
            }
            _ => self.words(event, trace),
        };
        contains(&name, wanted)
            || contains(&detail, wanted)
            || contains(&context_name(event.context, trace), wanted)
    }
}

/// Whether a text contains another one that is in lower case.
pub(crate) fn contains(text: &str, wanted: &str) -> bool {
    if text.is_ascii() {
        let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
        return text
            .windows(wanted.len().max(1))
            .any(|part| part.eq_ignore_ascii_case(wanted))
            || wanted.is_empty();
    }
    text.to_lowercase().contains(wanted)
}

/// Text of several lines, each made harmless.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().map(sanitise).collect();
    lines.join("\n")
}

/// The name of a context, as a person would call it, made harmless.
pub(crate) fn context_name(context: Context, trace: &Trace) -> String {
    let name = match context {
        Context::Unknown => "unknown".to_owned(),
        Context::Idle => "idle".to_owned(),
        Context::Scheduler => "scheduler".to_owned(),
        Context::Task(task) => (trace.tasks().get(task.index()))
            .map_or_else(|| "unknown".to_owned(), Task::display_name),
        Context::Interrupt(number) => {
            (trace.interrupt(number)).map_or_else(|| format!("irq {number}"), str::to_owned)
        }
    };
    sanitise(&name).into_owned()
}

/// An address, as the page shows it.
pub(crate) fn address(address: u64) -> String {
    format!("{address:#010x}")
}

/// The kind of a context, by the name that the page knows it by.
pub(crate) const fn context_kind(context: Context) -> &'static str {
    match context {
        Context::Unknown => "unknown",
        Context::Idle => "idle",
        Context::Scheduler => "scheduler",
        Context::Task(_) => "task",
        Context::Interrupt(_) => "interrupt",
    }
}

/// Where a context stands in lists, as in SystemView: interrupts by number, the scheduler, tasks by priority
/// (high first) and then by name, idle.
pub(crate) fn context_rank(context: Context, trace: &Trace) -> (u8, u32, String) {
    let (class, rank) = match context {
        Context::Interrupt(number) => (0, number),
        Context::Scheduler => (1, 0),
        Context::Task(task) => match trace.tasks().get(task.index()) {
            Some(task) => return task_rank(task),
            None => (2, u32::MAX),
        },
        Context::Idle => (3, 0),
        Context::Unknown => (4, 0),
    };
    (class, rank, context_name(context, trace))
}

/// As [`context_rank`], of a task.
pub(crate) fn task_rank(task: &Task) -> (u8, u32, String) {
    let name = sanitise(&task.display_name()).into_owned();
    (2, u32::MAX - task.priority.unwrap_or(0), name)
}
