//! The hooks of operating systems written in Rust.
//!
//! - [`embassy`]: embassy-executor's own tracing; the feature `embassy` defines its symbols.
//! - `rtos_trace` (feature `rtos-trace`): the trait of the crate `rtos-trace`, for esp-rtos and older embassy.
//!
//! Operating systems without hooks are traced by hand. RTIC, for example, has none; a macro around each
//! task says what it does:
//!
//! ```
//! use leakscope_recorder::{SystemEvent, platform, recorder};
//!
//! /// In a hardware task of RTIC: the interrupt, from its beginning to its end.
//! macro_rules! traced_interrupt {
//!     ($body:block) => {{
//!         recorder().event(SystemEvent::IsrEnter(platform::interrupt_number()));
//!         let result = $body;
//!         recorder().event(SystemEvent::IsrExit);
//!         result
//!     }};
//! }
//! # use leakscope_recorder::{platform::Silent, standalone::RecordBuffer};
//! # static RECORDER: RecordBuffer<0> = RecordBuffer::new(Silent);
//! # leakscope_recorder::global_recorder!(RECORDER);
//! # fn main() {
//! assert_eq!(traced_interrupt!({ 1 + 1 }), 2);
//! # }
//! ```
//!
//! # Allocators with hooks
//! `esp-alloc` (0.10 and later, feature `alloc-hooks`) calls two functions that the program defines;
//! they are all that is needed, without [`Traced`](crate::Traced): `firmware/allocators/src/esp_alloc.rs` has them.

pub mod embassy;
#[cfg(feature = "rtos-trace")]
pub mod rtos_trace;
