//! The text of a `SYSVIEW_<name>.txt`.

use std::collections::BTreeMap;

use super::event::EventDescription;
use super::named_type::NamedTypes;
use super::number;
use super::problem::{DescriptionProblem, DescriptionProblemKind as Kind};
use super::specifier::Specifier;
use super::task_states::TaskStates;

/// A parsed description file (UM08027, section 6.1.5): events by id, named types, task states, options.
///
/// ```text
/// # comment            (// is also used)
/// <id> <Function> [<parameters>] [| <text for the returned value>]
/// NamedType <Type> <value>=<text> …
/// TaskState <mask> <value>=<text>, …
/// PreemptingTaskStates <value>[, <value>…]
/// Option ReversePriority
/// ```
#[derive(Clone, Debug, Default)]
pub struct DescriptionFile {
    events: BTreeMap<u32, EventDescription>,
    named_types: NamedTypes,
    task_states: TaskStates,
    reverse_priority: bool,
}

impl DescriptionFile {
    /// Reads a file's text. Never fails: what is not understood is left out and becomes a problem, in
    /// the order of lines.
    pub fn parse(text: &str) -> (Self, Vec<DescriptionProblem>) {
        let mut file = Self::default();
        let mut problems = Vec::new();
        let mut event_lines = BTreeMap::new();
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        for (line, number) in text.lines().map(str::trim).zip(1..) {
            if line.is_empty() || line.starts_with('#') || line.starts_with("//") {
                continue;
            }
            let mut problem =
                |kind, words: &str| problems.push(DescriptionProblem::new(number, kind, words));
            if let Some(id) = file.add(line, &mut problem) {
                event_lines.insert(id, number);
            }
        }
        for (id, &line) in &event_lines {
            for word in file.undeclared_types(*id) {
                let kind = Kind::UndeclaredType;
                problems.push(DescriptionProblem::new(line, kind, word));
            }
        }
        problems.sort_by_key(|problem| problem.line);
        (file, problems)
    }

    /// Adds a line; returns the id if it describes an event.
    fn add(&mut self, line: &str, problem: &mut impl FnMut(Kind, &str)) -> Option<u32> {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        if let Some(id) = number::parse(first) {
            let Some(event) = EventDescription::parse(rest) else {
                problem(Kind::NoName, line);
                return None;
            };
            if self.events.insert(id, event).is_some() {
                problem(Kind::DuplicateEvent, line);
            }
            return Some(id);
        }
        if first.eq_ignore_ascii_case("NamedType") && !rest.is_empty() {
            self.named_types.add(rest, problem);
        } else if first.eq_ignore_ascii_case("TaskState") {
            self.task_states.add(rest, problem);
        } else if first.eq_ignore_ascii_case("PreemptingTaskStates") {
            self.task_states.add_preempting(rest, problem);
        } else if first.eq_ignore_ascii_case("Option") {
            if rest.eq_ignore_ascii_case("ReversePriority") {
                self.reverse_priority = true;
            } else {
                problem(Kind::UnknownOption, line);
            }
        } else {
            problem(Kind::UnknownLine, line);
        }
        None
    }

    fn undeclared_types(&self, id: u32) -> impl Iterator<Item = &str> {
        let words = self.events.get(&id).into_iter();
        words.flat_map(EventDescription::words).filter(|word| {
            let (specifier, _) = Specifier::resolve(word, &self.named_types);
            matches!(specifier, Specifier::Undeclared)
        })
    }

    /// The description of the event `id`.
    pub fn event(&self, id: u32) -> Option<&EventDescription> {
        self.events.get(&id)
    }

    /// All events, by rising id.
    pub fn events(&self) -> impl Iterator<Item = (u32, &EventDescription)> {
        self.events.iter().map(|(&id, event)| (id, event))
    }

    /// The types that the events' parameters refer to.
    pub fn named_types(&self) -> &NamedTypes {
        &self.named_types
    }

    /// The text for the cause in a `TASK_STOP_READY` packet. `None`: show the number.
    pub fn task_state(&self, cause: u32) -> Option<&str> {
        self.task_states.text(cause)
    }

    /// Whether a task that stopped with `cause` was preempted and still wants to run.
    pub fn is_preempting(&self, cause: u32) -> bool {
        self.task_states.is_preempting(cause)
    }

    /// Whether a larger number is a lower priority.
    pub fn has_reverse_priority(&self) -> bool {
        self.reverse_priority
    }
}
