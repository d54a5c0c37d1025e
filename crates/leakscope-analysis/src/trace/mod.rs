//! From packets to events: when they happened, on which core, to whom, and what they say of the heap.
//!
//! [`Layout`] finds the streams of packets in the inputs; [`Trace`] reads them all at once and gives
//! [`Event`]s in time order. It does no I/O: bytes come from a [`Feed`].
mod admitted;
mod checkpoint;
mod clock;
mod context;
mod continued;
mod copies;
mod dialect;
mod event;
mod feed;
mod front;
mod interpret;
mod lane;
mod layout;
mod missing;
mod modules;
mod namesakes;
mod query;
mod rarity;
mod reader;
mod run;
mod stacks;
mod stream;
mod tasks;
mod together;
mod told_time;
mod unnamed;
mod unwind;

pub use checkpoint::Checkpoint;
pub use context::Context;
pub use event::{Event, EventKind, HeapEvent, ModuleEvent, Occasion, Start};
pub use feed::Feed;
pub use front::Front;
pub use layout::{Border, HEAD, Layout, Part};
pub(crate) use missing::MissingPart;
pub use modules::Module;
pub use namesakes::Namesakes;
pub use reader::{Counts, Step, Trace};
pub(crate) use run::Observer;
pub use run::{Pause, Switch};
pub use stacks::{StackId, Stacks};
pub use tasks::{Task, TaskIndex, TaskStack};
pub use unwind::{Certainty, Scan, StackCertainty, Unwind, Unwinder, Unwound};
