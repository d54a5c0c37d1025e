//! Rows for spreadsheets: RFC 4180, with CR LF.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a name from a
//! device could be one: such text gets an apostrophe in front, which spreadsheets do not show.

use std::borrow::Cow;
use std::io::{self, Write};

use super::EventRow;
use crate::sanitise::sanitise;

pub(super) fn write_heading(out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "index,time_s,ticks,core,context,id,name,parameters,input,offset\r\n"
    )
}

pub(super) fn write(out: &mut dyn Write, row: &EventRow) -> io::Result<()> {
    let time = row
        .clock
        .seconds(row.ticks)
        .map(|seconds| seconds.to_string());
    write!(
        out,
        "{},{},{},{},{},{},{},{},{},{}\r\n",
        row.index,
        time.unwrap_or_default(),
        row.ticks,
        row.core,
        csv_cell(&row.context),
        row.id,
        csv_cell(&row.name),
        csv_cell(&row.parameters_in_words()),
        row.input,
        row.offset
    )
}

/// A cell of text.
///
/// ```
/// use leakscope_report::events::csv_cell;
/// assert_eq!(csv_cell("a,b"), "\"a,b\"");
/// assert_eq!(csv_cell("=1+1"), "'=1+1");
/// ```
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let clean = sanitise(text);
    let inert = match clean.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@') => Cow::Owned(format!("'{clean}")),
        _ => clean,
    };
    if inert.contains([',', '"']) {
        Cow::Owned(format!("\"{}\"", inert.replace('"', "\"\"")))
    } else {
        inert
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn cells_are_quoted_where_needed() {
        assert_eq!(csv_cell("main"), "main");
        assert_eq!(csv_cell("a,b"), "\"a,b\"");
        assert_eq!(csv_cell("say \"a\""), "\"say \"\"a\"\"\"");
        assert_eq!(csv_cell("two\nlines"), "two lines");
    }

    #[test]
    fn formulas_lose_their_power() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u{200b}=1"] {
            assert!(csv_cell(formula).starts_with('\''), "{formula}");
        }
    }
}
