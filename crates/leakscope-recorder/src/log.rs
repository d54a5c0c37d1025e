//! A logger for the crate `log`: its messages become SystemView's, with their level.
//!
//! ```
//! # use leakscope_recorder::{platform::Silent, standalone::RecordBuffer};
//! # static RECORDER: RecordBuffer<0> = RecordBuffer::new(Silent);
//! # leakscope_recorder::global_recorder!(RECORDER);
//! use leakscope_recorder::log::LOGGER;
//!
//! // SAFETY: nothing else runs yet. (On chips with compare-and-swap: `log::set_logger`.)
//! unsafe { log::set_logger_racy(&LOGGER) }.expect("there is no other logger");
//! // SAFETY: as above.
//! unsafe { log::set_max_level_racy(log::LevelFilter::Info) };
//! log::warn!("the queue holds {} of {} entries", 14, 16);
//! ```

use core::fmt::Write;

use log::{Level, Log, Metadata, Record};

use crate::global::recorder;
use crate::line::Line;

/// The logger. Messages are formatted by the caller, outside the critical section, and cut after 128
/// bytes.
pub static LOGGER: Logger = Logger {};

/// The type of [`LOGGER`].
#[derive(Debug)]
pub struct Logger {}

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let level = match record.level() {
            Level::Error => crate::Level::Error,
            Level::Warn => crate::Level::Warning,
            Level::Info | Level::Debug | Level::Trace => crate::Level::Log,
        };
        let mut line = Line::NEW;
        // The end of a line that is too long is left out.
        let _ = write!(line, "{}: {}", record.target(), record.args());
        recorder().print(level, line.bytes());
    }

    fn flush(&self) {}
}
