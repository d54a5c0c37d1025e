//! Rows for people. Rows come one by one, so columns have fixed widths; what is longer pushes the rest
//! to the right, and nothing is cut.

use std::io::{self, Write};

use super::EventRow;
use crate::naming::FieldValue;
use crate::sanitise::sanitise;

pub(super) fn write_heading(out: &mut dyn Write) -> io::Result<()> {
    columns(
        out,
        "index",
        "time/s",
        "core",
        "context",
        "event",
        "parameters",
    )
}

pub(super) fn write(out: &mut dyn Write, row: &EventRow) -> io::Result<()> {
    write_row(out, row, &row.parameters_in_words())
}

/// The event, and its call stack below it: a frame a line.
pub(super) fn write_with_stack(out: &mut dyn Write, row: &EventRow) -> io::Result<()> {
    let is_stack =
        |value: &FieldValue| matches!(value, FieldValue::Stack(_) | FieldValue::Frames(_));
    let fields = row.fields.iter().filter(|field| !is_stack(&field.value));
    let parameters: Vec<String> = fields.map(ToString::to_string).collect();
    write_row(out, row, &parameters.join(" "))?;
    write_stack(out, row)
}

fn write_row(out: &mut dyn Write, row: &EventRow, parameters: &str) -> io::Result<()> {
    columns(
        out,
        &row.index.to_string(),
        &row.clock.stamp(row.ticks),
        &row.core.to_string(),
        &sanitise(&row.context),
        &sanitise(&row.name),
        &sanitise(parameters),
    )
}

fn columns(
    out: &mut dyn Write,
    index: &str,
    time: &str,
    core: &str,
    context: &str,
    event: &str,
    parameters: &str,
) -> io::Result<()> {
    let line =
        format!("{index:>8}  {time:>14}  {core:>4}  {context:<16}  {event:<24}  {parameters}");
    writeln!(out, "{}", line.trim_end())
}

fn write_stack(out: &mut dyn Write, row: &EventRow) -> io::Result<()> {
    for frame in &*row.stack {
        let address = frame.address.to_string();
        let function = frame.function.as_deref().map(sanitise).unwrap_or_default();
        let marks = frame.marks();
        let place = match (&frame.file, frame.line) {
            (Some(file), Some(line)) => format!("  {}:{line}", sanitise(file)),
            (Some(file), None) => format!("  {}", sanitise(file)),
            (None, _) => String::new(),
        };
        let line = format!("{:32}{address}  {function}{marks}{place}", "");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
