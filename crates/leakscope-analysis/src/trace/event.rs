//! Events: what packets mean, once it is known when they happened, on which core and to whom.

use leakscope_systemview::Print;

use super::context::Context;
use super::stacks::StackId;

/// One event of the trace, in time order over all cores.
#[derive(Clone, Copy, Debug)]
pub struct Event<'t> {
    /// Ticks since the trace began.
    pub time: u64,
    /// The core it happened on.
    pub core: u8,
    /// What ran there when it happened.
    pub context: Context,
    /// The input it comes from, in the order in which the inputs were given.
    pub input: usize,
    /// Its stream, for what [`Trace`](super::Trace) knows of that.
    pub(super) stream: usize,
    /// Where its packet begins in that input, in bytes.
    pub offset: u64,
    /// The packet's id; of an [`EventKind::Gap`], the id of what showed it.
    pub id: u32,
    /// The packet's parameters, encoded.
    pub payload: &'t [u8],
    /// What it means.
    pub kind: EventKind<'t>,
}

/// When, where and to whom something happened, and where that stands in the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// As [`Event::time`].
    pub time: u64,
    /// As [`Event::context`].
    pub context: Context,
    /// As [`Event::core`].
    pub core: u8,
    /// As [`Event::input`].
    pub input: usize,
    /// As [`Event::offset`].
    pub offset: u64,
}

impl Event<'_> {
    /// The event without what it says.
    pub fn occasion(&self) -> Occasion {
        Occasion {
            time: self.time,
            context: self.context,
            core: self.core,
            input: self.input,
            offset: self.offset,
        }
    }
}

/// The meaning of an event, as far as the analysis acts on it. Everything else is for the describing
/// modules to put in words.
#[derive(Clone, Copy, Debug)]
pub enum EventKind<'t> {
    /// A packet with a predefined id: interrupts, tasks, descriptions …
    System,
    /// A call of the operating system's API (ids 32 to 511), or the end of one.
    Api,
    /// An event of a module other than the heap's: [`Trace::module_event`](super::Trace::module_event)
    /// describes it.
    Module,
    /// Something happened to a heap.
    Heap(HeapEvent),
    /// A block was freed that is not in the recording: it is older than that, or the device left it out.
    FreeOfOther {
        /// Which.
        address: u64,
        /// From where.
        stack: StackId,
    },
    /// A log message.
    Log(Print<'t>),
    /// A log message whose text stands in the ELF file.
    LogInElf {
        /// The address of the text.
        address: u32,
        /// As in [`Print::options`].
        options: u32,
        /// Numbers, then strings.
        arguments: &'t [u8],
    },
    /// The user marked a moment, or the beginning of a stretch.
    Mark {
        /// The marker's number.
        marker: u32,
    },
    /// Data were lost before this event.
    Gap {
        /// When the last event before the loss happened.
        from: u64,
        /// How many packets were lost, where the target counted them.
        packets: Option<u64>,
        /// How many bytes were skipped.
        bytes: u64,
    },
    /// Recording began, or began again.
    Start(Start),
    /// Recording was stopped.
    Stop,
    /// A packet whose fields could not be read.
    Unreadable,
}

/// How a recording began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The first time in this trace.
    First,
    /// Again, after it had been stopped.
    AfterStop,
    /// Again, after the target had been reset: its heap is another one.
    AfterReset,
    /// Again, and the target may have been reset before, or run on.
    PerhapsAfterReset,
    /// The start sequence was only repeated.
    Repeated,
}

/// What happened to a heap. Addresses are never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeapEvent {
    /// A heap exists.
    Define {
        /// Its address.
        heap: u64,
        /// Where its memory begins.
        base: u64,
        /// How much there is.
        size: u64,
    },
    /// A block was allocated.
    Allocation {
        /// From which heap; 0 if the target tells none apart.
        heap: u64,
        /// Where.
        address: u64,
        /// How much was asked for.
        size: u64,
        /// From where.
        stack: StackId,
        /// The user's tag.
        tag: Option<u32>,
    },
    /// A block was given another size, and perhaps another place, in one event.
    Reallocation {
        /// Where it was.
        old_address: u64,
        /// Where it is.
        address: u64,
        /// How much was asked for.
        size: u64,
        /// From where.
        stack: StackId,
    },
    /// A block is about to be given another size, and perhaps another place: from here on its address may be another
    /// block's.
    Moving {
        /// Which.
        address: u64,
        /// From where.
        stack: StackId,
    },
    /// It was given another size; here it lives on.
    Moved {
        /// Where it was.
        old_address: u64,
        /// Where it is.
        address: u64,
        /// How much was asked for.
        size: u64,
        /// From where.
        stack: StackId,
    },
    /// There was no memory for that: the block lives on as it was.
    Kept {
        /// Which.
        address: u64,
        /// How much was asked for.
        size: u64,
        /// From where.
        stack: StackId,
    },
    /// A block was freed.
    Free {
        /// To which heap; 0 if the target tells none apart.
        heap: u64,
        /// Which.
        address: u64,
        /// Its size, where the target says it.
        size: Option<u64>,
        /// From where.
        stack: StackId,
    },
    /// An allocation found no memory.
    Failed {
        /// How much was asked for.
        size: u64,
        /// From where.
        stack: StackId,
    },
    /// `free(NULL)`, which is allowed and does nothing.
    FreeOfNull {
        /// From where.
        stack: StackId,
    },
}

impl HeapEvent {
    /// The heap that it says it is about; 0 if it says none.
    #[inline]
    pub const fn named(&self) -> u64 {
        match self {
            Self::Allocation { heap, .. } | Self::Free { heap, .. } => *heap,
            _ => 0,
        }
    }
}

/// Where a module's event stands in its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleEvent<'t> {
    /// The module's description, `M=name,…`.
    pub description: &'t str,
    /// The event's number within the module.
    pub number: u32,
}
