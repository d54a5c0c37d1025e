//! Names and parameters of events, in words.
//!
//! From id 32 on, a packet is a number and some encoded values; what they mean stands elsewhere. This
//! room knows the three places, and turns a payload into [`Parameter`]s:
//!
//! - a [`ModuleDescription`]: what a module says of its own events, in the trace;
//! - a [`DescriptionFile`]: the text of a `SYSVIEW_<name>.txt`, which names the calls of an operating
//!   system (SEGGER's manual UM08027, section 6.1.5);
//! - [`built_in`]: the same for FreeRTOS, in the two numberings that are about. Which of them a trace
//!   uses, [`NumberingEvidence`] finds out.
//!
//! ```
//! use leakscope_analysis::describe::{DescriptionFile, NoNames, phrase};
//!
//! let text = "\
//! NamedType Timeout *=\"%u ticks\" 4294967295=forever
//! 42 queue_take   queue=%p, timeout=%Timeout, tag=%s | Returns %d
//! ";
//! let (file, problems) = DescriptionFile::parse(text);
//! assert!(problems.is_empty());
//!
//! let event = file.event(42).unwrap();
//! assert_eq!(&*event.name, "queue_take");
//!
//! // 0x20001000, then 500, then a string of two bytes.
//! let payload = [0x80, 0xA0, 0x80, 0x80, 0x02, 0xF4, 0x03, 2, b'r', b'x'];
//! let parameters = event.parameters(&payload, &NoNames, file.named_types());
//! assert_eq!(parameters[1].label, "timeout");
//! assert_eq!(parameters[1].text, "500 ticks");
//! assert_eq!(phrase(&parameters), "queue=0x20001000, timeout=500 ticks, tag=rx");
//!
//! // What a later END_CALL packet says.
//! let returned = event.return_value(Some(u32::MAX), &NoNames, file.named_types());
//! assert_eq!(phrase(&returned), "Returns -1");
//! ```
//!
//! # Terms
//! - **description**: a name and a text with specifiers, `queue=%p, timeout=%Timeout`.
//! - **specifier**: `%` and a letter or the name of a named type; takes one value from the payload.
//! - **named type**: names for the values of a parameter, `NamedType Bool 0=false 1=true`.
//! - **label**: the words before a specifier.
//! - **as transmitted**: tasks and resources are compared by the id in the packet, which is an address
//!   shrunk ([`leakscope_systemview::Init::shrink`]).
//!
//! Names of packets below 32 are [`leakscope_systemview::id::name`]'s. Files that are meant to describe
//! a trace are written by people: nothing here fails, and what was not understood becomes a
//! [`DescriptionProblem`] with its line. A payload comes from a device: for any bytes, the answer is
//! as many parameters as it holds, then what is left over as raw numbers.

pub mod built_in;
mod event;
mod file;
mod module;
mod named_type;
mod number;
mod numbering;
mod parameter;
mod payload;
mod problem;
mod specifier;
mod task_states;
mod template;

pub use event::EventDescription;
pub use file::DescriptionFile;
pub use module::ModuleDescription;
pub use named_type::NamedTypes;
pub use numbering::{NumberingEvidence, RtosNumbering};
pub use parameter::{Names, NoNames, Parameter, Value, phrase, raw_parameters};
pub use problem::{DescriptionProblem, DescriptionProblemKind};
