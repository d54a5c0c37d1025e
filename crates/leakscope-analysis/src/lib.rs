//! From SystemView bytes to events, a model of the heap, and verdicts on call stacks.
//!
//! A recording says which blocks a device allocated and freed, by which call stacks. This crate says
//! which of these call stacks leak, how sure that is, and why. It is one pure function: bytes come from a
//! [`Feed`](trace::Feed), and an [`Outcome`](outcome::Outcome) can be asked for at any moment, so that a recording that is
//! still being made is read by the same code as a file. It opens nothing, prints nothing and asks no
//! clock; the same bytes give the same answer.
//!
//! ```
//! use leakscope_analysis::Analysis;
//! use leakscope_analysis::findings::Verdict;
//! use leakscope_analysis::heap::KeepAll;
//! use leakscope_analysis::trace::Layout;
//! use leakscope_systemview::{Init, Packet, sync::SYNC, varint};
//!
//! // A recording: a device begins to record, tells of ESP-IDF's heap module, and then allocates
//! // 24 bytes every 1000 ticks without ever freeing them.
//! let init = Init { timestamp_hz: 1_000_000, cpu_hz: 160_000_000, ram_base: 0, id_shift: 0 };
//! let text = "M=ESP32 SystemView Heap Tracing Module".into();
//! let mut recording = SYNC.to_vec();
//! let mut send = |packet: Packet<'_>, delta| {
//!     let mut buffer = [0; 128];
//!     let length = packet.encode(delta, &mut buffer).expect("a short packet");
//!     recording.extend(&buffer[..length]);
//! };
//! send(Packet::TraceStart, 0);
//! send(Packet::Init(init), 0);
//! send(Packet::ModuleDesc { module: 0, offset: 512, text }, 0);
//! for block in 0..50 {
//!     let (address, size, caller) = (0x3FFB_0000 + block * 32, 24, 0x4008_1234);
//!     let fields = [address, size, caller].map(varint::write);
//!     let payload: Vec<u8> = fields.iter().flat_map(|(bytes, length)| &bytes[..*length]).copied().collect();
//!     send(Packet::Other { id: 512, payload: &payload }, 1000);
//! }
//!
//! // Where in the inputs the packets are; then all of them are read.
//! let inputs: &[&[u8]] = &[&recording];
//! let mut analysis = Analysis::new(&Layout::of(inputs), KeepAll);
//! analysis.run(inputs)?;
//!
//! let outcome = analysis.outcome();
//! assert_eq!(outcome.totals.outstanding_bytes, 50 * 24);
//! let worst = &outcome.call_sites[0];
//! assert_eq!(worst.stack, [0x4008_1234]);
//! assert_eq!(worst.finding.verdict, Verdict::LeakSteady);
//! # Ok::<(), std::convert::Infallible>(())
//! ```
//!
//! # The tour
//! - [`Analysis`] is the whole chain in one value.
//! - [`trace`] makes events of packets: [`Layout`](trace::Layout) finds the streams in the inputs,
//!   [`Trace`](trace::Trace) reads them all in order of time and says of each packet when it happened,
//!   on which core, in which task or interrupt, and what it means.
//! - [`heap`] replays allocations and frees: which blocks live, and how each call site fared over time.
//!   It takes room for live blocks and distinct call stacks, not for the length of the trace.
//! - [`findings`] judges call sites, one file a rule; `docs/verdicts.md` says what a verdict means to a
//!   user, and what it cannot know.
//! - [`outcome`] is the answer, in plain data; [`problem`] is what was wrong with the recording.
//! - [`describe`] names events that are not about the heap: calls of the operating system, other modules.
//!
//! # Terms
//! - **packet**: what is on the wire; **event**: what it means.
//! - **call stack**: return addresses, the innermost first; **call site**: a distinct call stack that
//!   allocates, without the allocator's own frames, which a [`FoldStack`](heap::FoldStack) tells.
//! - **live**: allocated and not yet freed; **outstanding**: live when its session ended, a fact.
//! - **verdict**: what the evidence says of a call site, for example that it leaks; **finding**: a verdict
//!   with its confidence and its reason.
//! - **session**: a stretch of the trace without a restart of the device.
//! - **gap**: data that were lost; each weighs on the findings that it could explain.
//! - **dialect**: one of the ways in which devices tell of their heap.
//! - Times are ticks of the device's clock since the trace began, sizes are bytes.
#![forbid(unsafe_code)]

mod analysis;
pub mod describe;
pub mod dump;
pub mod findings;
pub mod heap;
pub mod outcome;
pub mod problem;
pub mod trace;

pub use analysis::{Analysis, When};
