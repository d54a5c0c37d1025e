//! Tables for spreadsheets: RFC 4180, with a heading. A null is an empty cell.

use std::io::{self, Write};

use leakscope_report::events::csv_cell;

use super::{Cell, Form};
use crate::Output;

/// A table that is being written.
#[derive(Debug)]
pub struct Csv<'o> {
    out: Output<'o>,
    /// Of the row under way.
    line: Vec<u8>,
}

impl<'o> Csv<'o> {
    /// Begins one: writes its heading.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(names: &[&str], mut out: Output<'o>) -> io::Result<Self> {
        write!(out, "{}\r\n", names.join(","))?;
        let line = Vec::new();
        Ok(Self { out, line })
    }
}

impl Form for Csv<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.line.clear();
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.line.push(b',');
            }
            match cell {
                Cell::Null => {}
                // Digits, as `write!` would write them, and in a fraction of the time.
                Cell::Number(number) => serde_json::to_writer(&mut self.line, number)?,
                Cell::Integer(number) => write!(self.line, "{number}")?,
                Cell::Real(number) => write!(self.line, "{number}")?,
                Cell::Text(text) => self.line.extend(csv_cell(text).as_bytes()),
            }
        }
        self.line.extend(b"\r\n");
        self.out.write_all(&self.line)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.out.close()
    }
}
