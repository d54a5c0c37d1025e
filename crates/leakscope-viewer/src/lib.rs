//! SystemView's windows in the browser, with heap, call stacks and verdicts on the same clock.
//!
//! A trace is read once. What that pass leaves behind (the index) answers every question that the page asks,
//! for any window of time and any page of events, without reading the trace again but for some thousand
//! events around what is shown. The page comes from a server on this machine, or stands in one file with its
//! data.
//!
//! ```
//! # use leakscope_analysis::trace::Feed;
//! use leakscope_report::naming::Naming;
//! use leakscope_viewer::{Engine, Program, Query, TraceInputs, page};
//!
//! # use leakscope_systemview::{Init, Packet, sync::SYNC};
//! # struct Memory(Vec<u8>);
//! # impl Feed for Memory {
//! #     type Error = std::io::Error;
//! #     fn read_at(&mut self, _: usize, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
//! #         let Ok(count) = [&self.0].as_slice().read_at(0, offset, buffer);
//! #         Ok(count)
//! #     }
//! # }
//! # impl TraceInputs for Memory {
//! #     fn names(&self) -> Vec<String> { vec!["trace.svdat".to_owned()] }
//! #     fn head(&mut self, _: usize) -> std::io::Result<Vec<u8>> { Ok(self.0.clone()) }
//! #     fn length(&self) -> u64 { self.0.len() as u64 }
//! # }
//! # let mut trace = SYNC.to_vec();
//! # let init = Init { timestamp_hz: 1000, cpu_hz: 1000, ram_base: 0, id_shift: 0 };
//! # for packet in [Packet::TraceStart, Packet::Init(init), Packet::Idle] {
//! #     let mut buffer = [0; 64];
//! #     let length = packet.encode(0, &mut buffer).expect("a short packet");
//! #     trace.extend(&buffer[..length]);
//! # }
//! // Something that reads the recording's bytes, wherever they are.
//! let source = Box::new(Memory(trace));
//! let program = Program::default();
//! let mut engine = Engine::new(source, &program, Naming::default())?;
//! engine.read_all();
//!
//! // What the page asks: `GET api/events?limit=1`.
//! let query = Query::parse("events", &[("limit".to_owned(), "1".to_owned())])?;
//! let answer = engine.ask_and_wait(&query)?;
//! assert!(String::from_utf8(answer)?.contains("TRACE_START"));
//!
//! // The same page, as a file to mail.
//! let mut file = Vec::new();
//! page::write(&mut file, &mut engine, page::EVENTS)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The tour
//! - [`TraceInputs`] is where bytes come from; it may still grow. A [`Dump`] of a heap stands in for a trace.
//! - `scan` reads everything once, and fills the `index`, with a `second` thread if there is a core for it; `replay` reads a
//!   part again.
//! - [`Engine`] holds all of it and answers [`Query`]s, in slices of work; `answer` has a file of functions for each
//!   of them, `list` finds pages among millions of events.
//! - [`Server`] is the web server, with the engine on a thread of its own; [`page`] writes the single file.
//! - `web/` holds the page's own files, `API.md` says what the two sides agree on, `docs/viewer.md` is for
//!   users.
//!
//! # Terms
//! - **section**: a stretch of events, at whose begin reading can start again (a *checkpoint*).
//! - **lane**: a core and who runs on it. **stretch**, **span**: a time in which somebody ran or was ready.
//! - **bin**: a stretch of time of equal length, in which things are summed up.
//! - **actor**: somebody on a core, and the numbers that stand for it.
//! - **ledger**: of each event's effect, in order, what the event itself does not say. **entry**: one of these.
//! - **counter**: what is told of each event of a window that is read again. **census**: the sums of a window. **mate**: the other half of an allocation.
#![forbid(unsafe_code)]

mod answer;
mod dump;
mod engine;
mod gone;
mod html;
mod index;
mod list;
mod names;
mod query;
mod reader;
mod reading;
mod refusal;
mod replay;
mod scan;
mod second;
mod server;
mod source;

pub use dump::Dump;
pub use engine::{Asked, Engine, Job, Program};
pub use gone::Gone;
pub use html::file as page;
pub use query::{At, By, Columns, Filter, Limit, Owner, Picture, Query, QueryError, Window};
pub use reading::{Reading, Status};
pub use refusal::Refusal;
pub use server::{Download, Downloads, EngineThread, Server};
pub use source::TraceInputs;
