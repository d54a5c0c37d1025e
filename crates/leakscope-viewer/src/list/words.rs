//! Whether the words of events contain a text: most of them are those of an event before, but for their numbers, and are not
//! made again.

use std::fmt::{self, Write as _};

use leakscope_analysis::trace::{Context, Event, EventKind, HeapEvent, StackId, Trace};
use leakscope_systemview::id;
use rustc_hash::FxHashMap;

use crate::names::{Names, contains, context_name};

/// A text, and what is known of the words that were looked at.
pub(super) struct Words {
    text: String,
    place: Place,
    of_heap: FxHashMap<Shape, bool>,
    of_payload: FxHashMap<(u32, u8, Box<[u8]>), bool>,
    of_context: FxHashMap<Context, bool>,
}

/// Where in the words of a heap event the text can stand: `address=0x3ffb1234 size=10 callers=app_main:66`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In what is the same in all events of a shape.
    BesideNumbers,
    /// There, or within a number.
    WithinANumber,
    Anywhere,
}

impl Place {
    /// A number stands behind `=`, and a space or nothing behind it.
    fn of(text: &str) -> Self {
        let is_of_number = |letter: u8| matches!(letter, b'0'..=b'9' | b'a'..=b'f' | b'x');
        let first = text.split(' ').next().unwrap_or_default();
        if !text.is_empty() && text.bytes().all(is_of_number) {
            return Self::WithinANumber;
        }
        let begins_in_number = !first.is_empty() && first.bytes().all(is_of_number);
        let has_number =
            (text.as_bytes().windows(2)).any(|pair| pair[0] == b'=' && pair[1].is_ascii_digit());
        if begins_in_number || has_number {
            return Self::Anywhere;
        }
        Self::BesideNumbers
    }
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
        Self {
            text: text.to_owned(),
            place: Place::of(text),
            of_heap: FxHashMap::default(),
            of_payload: FxHashMap::default(),
            of_context: FxHashMap::default(),
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
            EventKind::Heap(heap) if self.place != Place::Anywhere => {
                let shape = Shape::of(event, heap);
                let known = self.of_heap.get(&shape).copied();
                let is_beside = known.unwrap_or_else(|| {
                    let found = names.contain_beside_numbers(event, trace, &self.text);
                    bounded(&mut self.of_heap).insert(shape, found);
                    found
                });
                is_beside || self.place == Place::WithinANumber && is_in_numbers(heap, &self.text)
            }
            EventKind::System
            | EventKind::Api
            | EventKind::Module
            | EventKind::FreeOfOther { .. }
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

/// Whether a number of a heap event, as it is shown, has this in it.
fn is_in_numbers(heap: HeapEvent, text: &str) -> bool {
    let own = |heap: u64| Some(heap).filter(|&heap| heap != 0);
    let (addresses, numbers) = match heap {
        HeapEvent::Define { heap, base, size } => ([Some(heap), Some(base)], [Some(size), None]),
        HeapEvent::Allocation {
            heap,
            address,
            size,
            tag,
            ..
        } => ([Some(address), own(heap)], [Some(size), tag.map(u64::from)]),
        HeapEvent::Free {
            heap,
            address,
            size,
            ..
        } => ([Some(address), own(heap)], [size, None]),
        HeapEvent::Moving { address, .. } => ([Some(address), None], [None; 2]),
        HeapEvent::Kept { address, size, .. } => ([Some(address), None], [Some(size), None]),
        HeapEvent::Reallocation {
            old_address,
            address,
            size,
            ..
        }
        | HeapEvent::Moved {
            old_address,
            address,
            size,
            ..
        } => ([Some(old_address), Some(address)], [Some(size), None]),
        HeapEvent::Failed { size, .. } => ([Some(0), None], [Some(size), None]),
        HeapEvent::FreeOfNull { .. } => ([Some(0), None], [None; 2]),
    };
    let mut shown = Shown::default();
    let mut has = |written: fmt::Arguments<'_>| {
        shown.length = 0;
        // A number of 64 bits has room.
        let _ = shown.write_fmt(written);
        contains(shown.text(), text)
    };
    addresses
        .into_iter()
        .flatten()
        .any(|address| has(format_args!("{address:#010x}")))
        || numbers
            .into_iter()
            .flatten()
            .any(|number| has(format_args!("{number}")))
}

/// A number in digits.
#[derive(Default)]
struct Shown {
    digits: [u8; 24],
    length: usize,
}

impl Shown {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.length]).unwrap_or_default()
    }
}

impl fmt::Write for Shown {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = self.digits.get_mut(self.length..self.length + part.len());
        room.ok_or(fmt::Error)?.copy_from_slice(part.as_bytes());
        self.length += part.len();
        Ok(())
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
