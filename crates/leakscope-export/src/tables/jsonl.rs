//! Tables as lines of JSON: an object a row, with all columns.

use std::io::{self, Write};
use std::iter;

use super::{Cell, Column, Form};
use crate::Output;

/// A table that is being written.
#[derive(Debug)]
pub(crate) struct JsonLines<'o> {
    /// What stands before each cell: a separator and the column's name.
    starts: Vec<String>,
    out: Output<'o>,
    /// Of the row under way.
    line: Vec<u8>,
}

impl<'o> JsonLines<'o> {
    pub(crate) fn new(columns: &[Column], out: Output<'o>) -> Self {
        let separators = iter::once('{').chain(iter::repeat(','));
        let names = separators.zip(columns);
        Self {
            starts: names
                .map(|(separator, (name, _))| format!("{separator}\"{name}\":"))
                .collect(),
            out,
            line: Vec::new(),
        }
    }
}

impl Form for JsonLines<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        self.line.clear();
        for (start, cell) in self.starts.iter().zip(cells) {
            self.line.extend(start.as_bytes());
            serde_json::to_writer(&mut self.line, cell)?;
        }
        self.line.extend(b"}\n");
        self.out.write_all(&self.line)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.out.close()
    }
}
