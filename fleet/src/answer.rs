//! What comes out of a question: a table, and what it does not say. Written as text, JSON or CSV.

use std::io::{self, Write};

use leakscope_export::Output;
use leakscope_export::tables::{Cell, Csv, Form};
use serde::{Serialize, Serializer};

/// A table, and notes on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What was asked.
    pub question: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// What is in it.
    pub rows: Vec<Row>,
    /// What can be claimed, and what cannot, a sentence each without a full stop.
    pub notes: Vec<String>,
}

/// As many cells as there are columns.
pub type Row = Vec<Cell<'static>>;

/// A column's name, and what stands there of a thing.
pub(crate) type Column<'c, T> = (&'c str, &'c dyn Fn(&T) -> Cell<'static>);

impl Answer {
    /// A row of each thing.
    pub(crate) fn of<T>(things: &[T], columns: &[Column<'_, T>]) -> Self {
        let row = |thing| columns.iter().map(|(_, cell)| cell(thing)).collect();
        Self {
            columns: columns.iter().map(|(name, _)| (*name).into()).collect(),
            rows: things.iter().map(row).collect(),
            ..Self::default()
        }
    }

    /// The cell of a column; nothing of a column that is not there.
    pub fn cell(&self, row: &[Cell<'static>], column: &str) -> Cell<'static> {
        let place = self.columns.iter().position(|name| name == column);
        let cell = place.and_then(|place| row.get(place));
        cell.cloned().unwrap_or(Cell::Null)
    }

    /// The text in a column; empty if it is null.
    pub fn text<'r>(&self, row: &'r [Cell<'static>], column: &str) -> &'r str {
        let place = self.columns.iter().position(|name| name == column);
        match place.and_then(|place| row.get(place)) {
            Some(Cell::Text(text)) => text,
            _ => "",
        }
    }

    /// The number in a column, if it is not null.
    pub fn number(&self, row: &[Cell<'static>], column: &str) -> Option<f64> {
        match self.cell(row, column) {
            Cell::Real(number) => Some(number),
            Cell::Integer(number) => Some(number as f64),
            Cell::Number(number) => Some(number as f64),
            Cell::Text(_) | Cell::Null => None,
        }
    }

    /// The count in a column; 0 if it is null.
    pub fn count(&self, row: &[Cell<'static>], column: &str) -> u64 {
        self.number(row, column).unwrap_or(0.0) as u64
    }

    /// Rows that follow each other and have the same text in these columns.
    pub(crate) fn groups(&self, columns: &[&str]) -> impl Iterator<Item = &[Row]> {
        self.rows.chunk_by(|one, next| {
            let mut columns = columns.iter();
            columns.all(|column| self.text(one, column) == self.text(next, column))
        })
    }

    /// Whether text stands in a column.
    pub(crate) fn is_text(&self, place: usize) -> bool {
        let mut cells = self.rows.iter().map(|row| &row[place]);
        cells.any(|cell| matches!(cell, Cell::Text(_)))
    }

    /// Keeps so many rows, and notes how many there were.
    pub fn cut(&mut self, top: usize) {
        let all = self.rows.len();
        if all > top {
            let note = format!("{all} rows in all: --top {all} shows them");
            self.notes.push(note);
            self.rows.truncate(top);
        }
    }

    /// Writes it for people: columns aligned, numbers short.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = vec![self.columns.clone()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(short).collect()));
        let column = |place: usize| {
            let cells = lines.iter().map(|line| line[place].chars().count());
            (cells.max().unwrap_or(0), self.is_text(place))
        };
        let columns: Vec<(usize, bool)> = (0..self.columns.len()).map(column).collect();
        for cells in &lines {
            let mut line = String::new();
            for (cell, &(width, is_text)) in cells.iter().zip(&columns) {
                let aligned = if is_text {
                    format!("{cell:width$}  ")
                } else {
                    format!("{cell:>width$}  ")
                };
                line += &aligned;
            }
            writeln!(out, "{}", line.trim_end())?;
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
        let rows = self.rows.iter().map(|row| Named(&self.columns, row));
        let document = Document {
            schema: "leakscope.fleet-answer",
            version: 1,
            question: &self.question,
            rows: rows.collect(),
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

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    version: u32,
    question: &'a str,
    rows: Vec<Named<'a>>,
    notes: &'a [String],
}

/// A row with the names of its columns.
struct Named<'a>(&'a [String], &'a Row);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
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
            let digits = 2 - number.abs().log10().floor() as i32;
            format!("{number:.*}", digits.clamp(0, 6) as usize)
        }
        Cell::Real(number) => format!("{number:.1e}"),
        Cell::Text(text) => leakscope_report::sanitise(text).into_owned(),
    }
}
