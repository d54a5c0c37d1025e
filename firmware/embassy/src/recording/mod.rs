//! The recorder: streamed through a sink, or standalone. Which of them is decided when the program is built.
//!
//! | | |
//! |---|---|
//! | `init` | before the first task |
//! | `heap_trace_start`, `heap_trace_stop` | begin and end the recording; debuggers find them by these symbols |
//! | `attend` | whenever there is nothing else to do |
//! | `finish` | hands out what is left |

#[cfg(feature = "standalone")]
mod standalone;
#[cfg(not(feature = "standalone"))]
mod stream;

#[cfg(feature = "standalone")]
pub use standalone::*;
#[cfg(not(feature = "standalone"))]
pub use stream::*;

/// Makes the recorder the logger of the program too.
fn init_logger() {
    // SAFETY: nothing else runs yet.
    unsafe {
        log::set_logger_racy(&leakscope_recorder::log::LOGGER).expect("there is no other logger");
        log::set_max_level_racy(log::LevelFilter::Info);
    }
}
