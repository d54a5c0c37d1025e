//! Tables as lines of JSON: an object a row, with all columns.

use std::io::{self, Write};

use super::{Cell, Column, Form};
use crate::Output;

/// A table that is being written.
#[derive(Debug)]
pub(crate) struct JsonLines<'o> {
    columns: &'static [Column],
    out: Output<'o>,
    /// Of the row under way.
    line: Vec<u8>,
}

impl<'o> JsonLines<'o> {
    pub(crate) fn new(columns: &'static [Column], out: Output<'o>) -> Self {
        let line = Vec::new();
        Self { columns, out, line }
    }
}

impl Form for JsonLines<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.line.clear();
        for (place, ((name, _), cell)) in self.columns.iter().zip(cells).enumerate() {
            let separator = if place == 0 { '{' } else { ',' };
            write!(self.line, "{separator}\"{name}\":")?;
            match cell {
                Cell::Number(number) => write!(self.line, "{number}")?,
                Cell::Real(number) => serde_json::to_writer(&mut self.line, number)?,
                Cell::Text(text) => serde_json::to_writer(&mut self.line, text)?,
                Cell::Null => self.line.extend(b"null"),
            }
        }
        self.line.extend(b"}\n");
        self.out.write_all(&self.line)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.out.close()
    }
}
