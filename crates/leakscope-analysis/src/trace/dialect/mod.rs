//! The ways in which targets tell of their heap: a file each, and a row each in the table below.
//!
//! A file says how its dialect is recognised and what its packets say; the row, which of its events take the fast
//! lane. Everything else in `trace/` is made from the table, and names no dialect.

use std::fmt::Debug;

use leakscope_systemview::{Extended, Init};

use super::admitted::Admitted;
use super::event::HeapEvent;
use super::lane::Lane;
use super::stacks::{StackId, Stacks};
use crate::problem::ProblemKind;

/// The table, given to another macro: the file and the type of each dialect, and its lanes by number of event.
macro_rules! with_dialects {
    ($then:ident) => {
        $then! {
            idf::Idf { 0: IdfAllocation, 1: IdfFree }
            leakscope::Leakscope { 0: LeakscopeAllocation, 1: LeakscopeFreeOfSize, 2: LeakscopeReallocation, 7: LeakscopeFree }
            segger::Segger {}
            #[cfg(test)]
            example::Example { #[cfg(test)] 0: ExampleAllocation }
        }
    };
}
pub(super) use with_dialects;

/// A way in which targets tell of their heap. The value is what one stream has told, and its events refer to: units,
/// for example. All three ways to recognise a dialect may be left out.
pub(super) trait Dialect: Clone + Debug + Default {
    /// The name of its module, without the `M=` before it.
    const MODULE: Option<&'static str> = None;
    /// Whether leakscope's own recorder speaks it.
    const IS_RECORDERS: bool = false;
    /// How many event ids belong to its module, from the module's offset on.
    const EVENTS: u32 = 0;

    /// Whether this payload, which no description covers, has the shape of its module's event 0, with at least so many
    /// callers, and of nothing else.
    fn is_first_event(_payload: &[u8], _callers: usize) -> bool {
        false
    }

    /// What an extended event with a predefined number says of the heap.
    fn read_extended(_extended: &Extended<'_>, _init: &Init) -> Option<HeapEvent> {
        None
    }

    /// What an event of its module says, by its number in the module; `None` if a field that it must have is missing.
    fn read(
        &mut self,
        _number: u32,
        _payload: &[u8],
        _stacks: &mut Stacks,
        _admitted: &mut Admitted,
    ) -> Option<Said> {
        None
    }
}

/// What an event of a heap module says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Heap(HeapEvent),
    /// The same, with something wrong about it.
    Doubtful(HeapEvent, ProblemKind),
    /// A block is freed that is not recorded, where the device leaves blocks out.
    FreeOfOther {
        address: u64,
        stack: StackId,
    },
    /// Something is to be known of the recording.
    Noted(ProblemKind),
    /// Units, definitions, or something from a newer recorder.
    Nothing,
}

/// Is told of an event in its lane.
pub(super) trait Listener: Sized {
    /// The event's parameters.
    fn payload(&self) -> &[u8];

    /// Whether it has done what there is to do.
    fn hear(self, event: HeapEvent, stacks: &Stacks) -> bool;

    /// As [`Listener::hear`], of a lane that is no dialect's.
    fn hear_other(self, _lane: Lane) -> bool {
        false
    }
}

/// Makes of the table what the rest of `trace/` needs.
macro_rules! dialects {
    ($(
        $(#[$of_dialect:meta])*
        $module:ident::$dialect:ident { $($(#[$of_lane:meta])* $number:literal: $lane:ident),* $(,)? }
    )*) => {
        $($(#[$of_dialect])* mod $module;)*

        /// Which dialect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum DialectId {
            $($(#[$of_dialect])* $dialect,)*
        }

        /// What one stream has told in each dialect.
        #[derive(Clone, Debug, Default)]
        pub(super) struct Dialects {
            $($(#[$of_dialect])* $module: $module::$dialect,)*
        }

        impl DialectId {
            const ALL: &[Self] = &[$($(#[$of_dialect])* Self::$dialect,)*];

            const fn module(self) -> Option<&'static str> {
                match self {
                    $($(#[$of_dialect])* Self::$dialect => $module::$dialect::MODULE,)*
                }
            }

            /// Whether leakscope's own recorder speaks it.
            pub(super) const fn is_recorders(self) -> bool {
                match self {
                    $($(#[$of_dialect])* Self::$dialect => $module::$dialect::IS_RECORDERS,)*
                }
            }

            /// How many event ids belong to its module.
            pub(super) const fn events(self) -> u32 {
                match self {
                    $($(#[$of_dialect])* Self::$dialect => $module::$dialect::EVENTS,)*
                }
            }

            fn has_first_event(self, payload: &[u8], callers: usize) -> bool {
                match self {
                    $($(#[$of_dialect])* Self::$dialect => $module::$dialect::is_first_event(payload, callers),)*
                }
            }

            fn read_extended(self, extended: &Extended<'_>, init: &Init) -> Option<HeapEvent> {
                match self {
                    $($(#[$of_dialect])*
                    Self::$dialect => $module::$dialect::read_extended(extended, init),)*
                }
            }

            /// The way of an event of its module.
            pub(super) const fn lane(self, number: u32) -> Lane {
                match (self, number) {
                    $($($(#[$of_lane])* (Self::$dialect, $number) => Lane::$lane,)*)*
                    _ => Lane::Common,
                }
            }
        }

        impl Dialects {
            /// As [`Dialect::read`].
            pub(super) fn read(
                &mut self,
                dialect: DialectId,
                number: u32,
                payload: &[u8],
                stacks: &mut Stacks,
                admitted: &mut Admitted,
            ) -> Option<Said> {
                match dialect {
                    $($(#[$of_dialect])*
                    DialectId::$dialect => self.$module.read(number, payload, stacks, admitted),)*
                }
            }

            /// Reads an event that takes a lane of its own. Each lane has code of its own, up to who is told.
            #[inline(always)]
            pub(super) fn read_in_lane(
                &mut self,
                lane: Lane,
                stacks: &mut Stacks,
                admitted: &mut Admitted,
                listener: impl Listener,
            ) -> bool {
                match lane {
                    $($($(#[$of_lane])*
                    Lane::$lane => match self.$module.read($number, listener.payload(), stacks, admitted) {
                        Some(Said::Heap(event)) => listener.hear(event, stacks),
                        _ => false,
                    },)*)*
                    other => listener.hear_other(other),
                }
            }
        }
    };
}

with_dialects!(dialects);

impl DialectId {
    /// The dialect whose module has this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|dialect| dialect.module() == Some(name))
    }

    /// The dialect whose module has nearly this name: a few characters that follow each other are damaged, or more bytes
    /// were taken for the name than are it.
    pub(super) fn resembling(name: &str) -> Option<Self> {
        let whole = name.split(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER);
        let is_near = |known: &str| damaged(known.as_bytes(), name.as_bytes()) <= MOST_DAMAGED;
        let mut all = Self::ALL.iter().copied();
        Self::named(whole.clone().next()?)
            .or_else(|| all.find(|dialect| dialect.module().is_some_and(is_near)))
    }

    /// The dialect whose module's first event this payload must be, for want of a description. It has at least so many
    /// callers.
    pub(super) fn guessed(payload: &[u8], callers: usize) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|dialect| dialect.has_first_event(payload, callers))
    }
}

/// A name with more damaged characters is another name.
const MOST_DAMAGED: usize = 4;

/// How many characters between those that both begin with and those that both end with.
fn damaged(known: &[u8], read: &[u8]) -> usize {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let start = known.iter().zip(read).take_while(same).count();
    let end = known[start..].iter().rev().zip(read[start..].iter().rev());
    known.len().max(read.len()) - start - end.take_while(same).count()
}

/// What an extended event with a predefined number says of the heap, in whichever dialect.
pub(super) fn read_extended(extended: &Extended<'_>, init: &Init) -> Option<HeapEvent> {
    let mut all = DialectId::ALL.iter();
    all.find_map(|dialect| dialect.read_extended(extended, init))
}
