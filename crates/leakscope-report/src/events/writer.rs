//! Where rows are written to.

use std::io::{self, Write};

use super::{EventRow, csv, json, text};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, with a heading.
    Text,
    /// As [`Format::Text`] without heading, each heap event followed by its call stack, a frame a line.
    TextWithStacks,
    /// One JSON object a line.
    JsonLines,
    /// RFC 4180, with a heading.
    Csv,
}

/// Writes rows as they come.
pub struct Writer<'o> {
    out: &'o mut dyn Write,
    format: Format,
    begun: bool,
}

impl<'o> Writer<'o> {
    /// A list of which nothing was written yet.
    pub fn new(out: &'o mut dyn Write, format: Format) -> Self {
        Self {
            out,
            format,
            begun: false,
        }
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Only those of the output.
    pub fn write(&mut self, row: &EventRow) -> io::Result<()> {
        self.begin()?;
        match self.format {
            Format::Text => text::write(self.out, row),
            Format::TextWithStacks => text::write_with_stack(self.out, row),
            Format::JsonLines => json::write(self.out, row),
            Format::Csv => csv::write(self.out, row),
        }
    }

    /// Ends the list: even an empty one has its heading.
    ///
    /// # Errors
    /// Only those of the output.
    pub fn finish(mut self) -> io::Result<()> {
        self.begin()
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.format {
            Format::Text => text::write_heading(self.out),
            Format::Csv => csv::write_heading(self.out),
            Format::TextWithStacks | Format::JsonLines => Ok(()),
        }
    }
}
