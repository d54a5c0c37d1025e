//! What comes out of a question: a table, and what it does not say. Written as text, JSON or CSV.

use std::io::{self, Write};

use leakscope_export::Output;
use leakscope_export::tables::{Cell, Csv, Form};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A table, and notes on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What was asked.
    pub question: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// As many cells each as there are columns.
    pub rows: Vec<Vec<Cell<'static>>>,
    /// What can be claimed, and what cannot, a sentence each without a full stop.
    pub notes: Vec<String>,
}

impl Answer {
    /// An answer without rows.
    pub fn new(question: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            question: question.into(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Where a column is.
    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// The cell of a column; nothing of a column that is not there.
    pub fn cell<'r>(&self, row: &'r [Cell<'static>], column: &str) -> &'r Cell<'static> {
        self.place(column)
            .and_then(|place| row.get(place))
            .unwrap_or(&Cell::Null)
    }

    /// The text in a column; empty if it is null.
    pub fn text<'r>(&self, row: &'r [Cell<'static>], column: &str) -> &'r str {
        match self.cell(row, column) {
            Cell::Text(text) => text,
            _ => "",
        }
    }

    /// The number in a column, if it is not null.
    pub fn number(&self, row: &[Cell<'static>], column: &str) -> Option<f64> {
        match *self.cell(row, column) {
            Cell::Real(number) => Some(number),
            Cell::Integer(number) => Some(number as f64),
            Cell::Number(number) => Some(number as f64),
            _ => None,
        }
    }

    /// The count in a column; 0 if it is null.
    pub fn count(&self, row: &[Cell<'static>], column: &str) -> u64 {
        self.number(row, column).unwrap_or(0.0) as u64
    }

    /// Keeps so many rows, and notes how many there were.
    pub fn cut(&mut self, top: usize) {
        if self.rows.len() > top {
            self.notes.push(format!(
                "{} rows in all: --top {} shows them",
                self.rows.len(),
                self.rows.len()
            ));
            self.rows.truncate(top);
        }
    }

    /// Writes it for people: columns aligned, numbers short.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let shown: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(short).collect())
            .collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|place| {
                let cells = shown.iter().map(|row| row[place].chars().count());
                cells.chain([self.columns[place].len()]).max().unwrap_or(0)
            })
            .collect();
        let is_text = |place: usize| {
            let mut cells = self.rows.iter().map(|row| &row[place]);
            cells.any(|cell| matches!(cell, Cell::Text(_)))
        };
        let mut line = |cells: &[String]| {
            let mut line = String::new();
            for (place, cell) in cells.iter().enumerate() {
                let gap = " ".repeat(widths[place] - cell.chars().count());
                let (before, behind) = if is_text(place) {
                    ("", &*gap)
                } else {
                    (&*gap, "")
                };
                line.extend([before, cell, behind, "  "]);
            }
            writeln!(out, "{}", line.trim_end())
        };
        line(&self.columns)?;
        for row in &shown {
            line(row)?;
        }
        if self.rows.is_empty() {
            writeln!(out, "(no rows)")?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        Ok(())
    }

    /// Writes it for programs: `{"schema": "leakscope.fleet-answer", "version": 1, …}`, an object a row.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let document = Document {
            schema: "leakscope.fleet-answer",
            version: 1,
            question: &self.question,
            rows: self
                .rows
                .iter()
                .map(|row| Row(&self.columns, row))
                .collect(),
            notes: &self.notes,
        };
        leakscope_report::json::write(out, &document)
    }

    /// Writes the table as CSV, without the notes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_csv(&self, out: impl Write + Send) -> io::Result<()> {
        let names: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let mut csv = Csv::new(&names, Output::plain(out))?;
        for row in &self.rows {
            csv.row(row)?;
        }
        Box::new(csv).finish()
    }
}

/// An answer as JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    version: u32,
    question: &'a str,
    rows: Vec<Row<'a>>,
    notes: &'a [String],
}

/// Names and cells.
struct Row<'a>(&'a [String], &'a [Cell<'static>]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1.iter().map(value)))
    }
}

fn value(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Number(number) => (*number).into(),
        Cell::Integer(number) => (*number).into(),
        // What is infinite is no number of JSON's.
        Cell::Real(number) => (*number).into(),
        Cell::Text(text) => (&**text).into(),
    }
}

/// A cell for people.
pub(crate) fn short(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "-".to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) if *number == 0.0 => "0".to_owned(),
        Cell::Real(number) if number.is_infinite() => "∞".to_owned(),
        Cell::Real(number) if (1e-3..1e7).contains(&number.abs()) => {
            let digits = (3 - number.abs().log10().floor() as i32 - 1).clamp(0, 6);
            format!("{number:.*}", digits as usize)
        }
        Cell::Real(number) => format!("{number:.1e}"),
        Cell::Text(text) => leakscope_report::sanitise(text).into_owned(),
    }
}
