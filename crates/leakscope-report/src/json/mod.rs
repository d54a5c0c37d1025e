//! The report as a program reads it: `{"schema":"leakscope.report","version":1,…}`.
//!
//! Every field is documented in `docs/report-json.md`; a test holds document and output together. Fields
//! are always there: what is not known is `null`. Units are in the names, addresses are strings. The
//! text is complete, but a terminal that shows it is safe: see [`write()`]. What was written is read back
//! without a loss: see [`read()`].
mod escape;
mod read;

use std::io::{self, Write};

use serde::Serialize;

pub(crate) use escape::Escaped;
pub use read::{ReadError, read};

/// Writes the report, or another document, and a line break.
///
/// Control characters and those that change the direction of text are written as `\u…`, so that names
/// from a device do no harm to a terminal and nothing of them is lost.
///
/// # Errors
/// Only those of `out`.
pub fn write(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Escaped::pretty());
    document.serialize(&mut serializer)?;
    writeln!(out)
}
