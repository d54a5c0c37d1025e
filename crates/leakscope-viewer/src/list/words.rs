//! Whether the words of events contain a text: most of them are those of an event before, but for their numbers, and are not
//! made again.

use leakscope_analysis::trace::{Context, Event, EventKind, HeapEvent, StackId, Trace};
use leakscope_systemview::id;
use rustc_hash::FxHashMap;

use crate::names::{Names, contains, context_name};

/// A text, and what is known of the words that were looked at.
#[derive(Default)]
pub(super) struct Words {
    text: String,
    /// Whether the text can only stand in what numbers leave: then it is in all events of a shape, or in none.
    is_apart_from_numbers: bool,
    of_heap: FxHashMap<Shape, bool>,
    of_payload: FxHashMap<(u32, u8, Box<[u8]>), bool>,
    of_context: FxHashMap<Context, bool>,
}

/// What the words of a heap event are made of, but for its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    id: u32,
    core: u8,
    stack: StackId,
    kind: u8,
}

/// More words than this are forgotten, and made anew.
const KNOWN: usize = 1 << 16;

/// Longer payloads are seldom the same.
const PAYLOAD: usize = 16;

impl Words {
    /// In lower case.
    pub(super) fn with(text: &str) -> Self {
        let is_of_number = |letter: u8| matches!(letter, b'a'..=b'f' | b'x');
        let mut letters = text.bytes();
        Self {
            // Numbers begin with a digit, and a space stands behind them.
            is_apart_from_numbers: !letters
                .clone()
                .any(|letter| letter.is_ascii_digit() || letter == b' ')
                && !letters.all(is_of_number),
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Whether an event's name, context or detail contains the text, as [`Names::contain`] says it.
    pub(super) fn are_in(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        names: &mut Names<'_>,
    ) -> bool {
        if names_something(event) {
            self.forget();
        }
        if self.context_has(event.context, trace) {
            return true;
        }
        match event.kind {
            EventKind::Heap(heap) if self.is_apart_from_numbers => {
                let shape = Shape::of(event, heap);
                let known = self.of_heap.get(&shape).copied();
                known.unwrap_or_else(|| {
                    let found = names.contain(event, trace, &self.text);
                    bounded(&mut self.of_heap).insert(shape, found);
                    found
                })
            }
            EventKind::System | EventKind::Api | EventKind::Module
                if event.payload.len() <= PAYLOAD =>
            {
                let said = (event.id, event.core, event.payload.into());
                let known = self.of_payload.get(&said).copied();
                known.unwrap_or_else(|| {
                    let found = names.contain(event, trace, &self.text);
                    bounded(&mut self.of_payload).insert(said, found);
                    found
                })
            }
            _ => names.contain(event, trace, &self.text),
        }
    }

    fn context_has(&mut self, context: Context, trace: &Trace) -> bool {
        let text = &self.text;
        let has = || contains(&context_name(context, trace), text);
        *bounded(&mut self.of_context)
            .entry(context)
            .or_insert_with(has)
    }

    fn forget(&mut self) {
        self.of_heap.clear();
        self.of_payload.clear();
        self.of_context.clear();
    }
}

impl Shape {
    fn of(event: &Event<'_>, heap: HeapEvent) -> Self {
        let (kind, stack) = match heap {
            HeapEvent::Define { .. } => (0, StackId::NONE),
            HeapEvent::Allocation {
                heap, stack, tag, ..
            } => (1 + u8::from(heap != 0) + 2 * u8::from(tag.is_some()), stack),
            HeapEvent::Free {
                heap, size, stack, ..
            } => (
                5 + u8::from(heap != 0) + 2 * u8::from(size.is_some()),
                stack,
            ),
            HeapEvent::Moving { stack, .. } => (9, stack),
            HeapEvent::Kept { stack, .. } => (10, stack),
            HeapEvent::Reallocation { stack, .. } | HeapEvent::Moved { stack, .. } => (11, stack),
            HeapEvent::Failed { stack, .. } => (12, stack),
            HeapEvent::FreeOfNull { stack } => (13, stack),
        };
        Self {
            id: event.id,
            core: event.core,
            stack,
            kind,
        }
    }
}

/// Whether an event may change what others are called.
fn names_something(event: &Event<'_>) -> bool {
    match event.kind {
        EventKind::System => !matches!(
            event.id,
            id::TASK_START_EXEC
                | id::TASK_STOP_EXEC
                | id::TASK_START_READY
                | id::TASK_STOP_READY
                | id::ISR_ENTER
                | id::ISR_EXIT
                | id::ISR_TO_SCHEDULER
                | id::IDLE
        ),
        EventKind::Start(_) => true,
        _ => false,
    }
}

/// Room for one more.
fn bounded<K, V>(known: &mut FxHashMap<K, V>) -> &mut FxHashMap<K, V> {
    if known.len() >= KNOWN {
        known.clear();
    }
    known
}
