//! Tables: rows of events, blocks, call sites, log messages and problems, for programs that calculate.
//!
//! - `columns` says what is in each table of a recording; `rows` makes the rows.
//! - `csv`, `jsonl` and, as a feature, `parquet` write them, and tables of any other columns ([`Form`]).
mod columns;
mod csv;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;

use std::borrow::Cow;
use std::io;

use serde::Serialize;

pub use columns::{Column, Kind, Table};
pub use csv::Csv;
pub(crate) use jsonl::JsonLines;
#[cfg(feature = "parquet")]
pub use parquet::Parquet;
pub(crate) use rows::Rows;

/// A cell of a row. What is infinite is null in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell<'c> {
    /// Nothing is known.
    Null,
    /// Of a column of [`Kind::Number`].
    Number(u64),
    /// Of a column of [`Kind::Integer`] or [`Kind::Time`].
    Integer(i64),
    /// Of a column of [`Kind::Real`].
    Real(f64),
    /// Of a column of [`Kind::Text`], without control characters.
    Text(Cow<'c, str>),
}

impl<'c> Cell<'c> {
    /// Text that has no control characters already.
    fn clean(text: &'c str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<u64> for Cell<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<'c> From<&'c str> for Cell<'c> {
    fn from(text: &'c str) -> Self {
        Self::Text(leakscope_report::sanitise(text))
    }
}

impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl<'c, C: Into<Cell<'c>>> From<Option<C>> for Cell<'c> {
    fn from(cell: Option<C>) -> Self {
        cell.map_or(Cell::Null, Into::into)
    }
}

/// A form of tables: rows have as many cells as the table has columns, of their kinds or null.
///
/// # Errors
/// All functions: those of the output.
pub trait Form {
    /// Writes a row.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;

    /// Writes what is left.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
