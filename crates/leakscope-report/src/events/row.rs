//! One event, in words.

use std::rc::Rc;

use leakscope_analysis::trace::{Context, Event, EventKind, HeapEvent, Task, Trace};

use crate::naming::{Field, Named, Naming};
use crate::symbolizer::{NamedFrame, Symbolizer};
use crate::units::Clock;

/// One event. Texts may come from the device as they are; the writers make them harmless.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its place among all events of the trace, from 0.
    pub index: u64,
    /// Ticks since the trace began.
    pub ticks: u64,
    /// What the ticks are.
    pub clock: Clock,
    /// The core it happened on.
    pub core: u8,
    /// What ran there.
    pub context: String,
    /// The packet's id.
    pub id: u32,
    /// The event's name.
    pub name: String,
    /// Its parameters.
    pub fields: Vec<Field>,
    /// The input it comes from.
    pub input: usize,
    /// Where its packet begins in that input, in bytes.
    pub offset: u64,
    /// Of a heap event, its call stack, the innermost frame first.
    pub stack: Rc<[NamedFrame]>,
}

impl EventRow {
    /// Puts an event in words, as it is understood at this moment of the trace.
    pub fn new(
        index: u64,
        event: &Event<'_>,
        trace: &Trace,
        naming: &mut Naming,
        symbolizer: &mut Symbolizer<'_>,
    ) -> Self {
        let Named { name, fields } = naming.named(event, trace, symbolizer);
        Self {
            index,
            ticks: event.time,
            clock: Clock::new(hz(event, trace), 0),
            core: event.core,
            context: context_name(event.context, trace),
            id: event.id,
            name,
            fields,
            input: event.input,
            offset: event.offset,
            stack: stack(event, trace, symbolizer),
        }
    }

    /// The parameters in one line: "address=0x3ffb1234 size=10".
    pub fn parameters_in_words(&self) -> String {
        let words: Vec<String> = self.fields.iter().map(ToString::to_string).collect();
        words.join(" ")
    }
}

/// The frames of a heap event's call stack.
fn stack(event: &Event<'_>, trace: &Trace, symbolizer: &mut Symbolizer<'_>) -> Rc<[NamedFrame]> {
    let EventKind::Heap(
        HeapEvent::Allocation { stack, .. }
        | HeapEvent::Reallocation { stack, .. }
        | HeapEvent::Moving { stack, .. }
        | HeapEvent::Moved { stack, .. }
        | HeapEvent::Kept { stack, .. }
        | HeapEvent::Free { stack, .. }
        | HeapEvent::Failed { stack, .. }
        | HeapEvent::FreeOfNull { stack },
    ) = event.kind
    else {
        return Rc::default();
    };
    let addresses = trace.stacks().frames(stack).iter();
    let frames = addresses.flat_map(|&address| symbolizer.frames(address).to_vec());
    frames.collect()
}

/// Ticks in a second at an event; 0 if that is not known yet. The first moment is 0 s on any clock.
pub(crate) fn hz(event: &Event<'_>, trace: &Trace) -> u32 {
    match trace.init(event) {
        Some(init) => init.timestamp_hz,
        None => u32::from(event.time == 0),
    }
}

/// The name of a context, as a person would call it.
pub(crate) fn context_name(context: Context, trace: &Trace) -> String {
    match context {
        Context::Unknown => "unknown".to_owned(),
        Context::Idle => "idle".to_owned(),
        Context::Scheduler => "scheduler".to_owned(),
        Context::Task(task) => (trace.tasks().get(task.index()))
            .map_or_else(|| "unknown".to_owned(), Task::display_name),
        Context::Interrupt(number) => {
            (trace.interrupt(number)).map_or_else(|| format!("irq {number}"), str::to_owned)
        }
    }
}
