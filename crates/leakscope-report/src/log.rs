//! Log messages as rows: SystemView's Terminal view, outside of it.

use std::io::{self, Write};

use anstyle::AnsiColor;
use leakscope_analysis::trace::{Event, EventKind, Trace};
use leakscope_systemview::{Level, Print};
use serde::Serialize;

use crate::events::{context_name, hz};
use crate::filter::Filter;
use crate::json::Escaped;
use crate::sanitise::sanitise;
use crate::symbolizer::Symbolizer;
use crate::units::Clock;

/// One log message. Texts come from the device as they are; the writers make them harmless.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Ticks since the trace began.
    pub ticks: u64,
    /// What the ticks are.
    pub clock: Clock,
    /// The core it comes from.
    pub core: u8,
    /// The context that sent it.
    pub context: String,
    /// How urgent it is.
    pub level: Level,
    /// The text, its arguments filled in.
    pub text: String,
    /// Whether it goes on where the message before ended.
    pub appends: bool,
    /// The input it comes from.
    pub input: usize,
    /// Where its packet begins in that input, in bytes.
    pub offset: u64,
}

impl LogRow {
    /// The message that an event is, if it is one.
    ///
    /// Of a message whose text stands in the program's ELF file, only the address is known if `program` has none.
    pub fn new(event: &Event<'_>, trace: &Trace, program: &Symbolizer<'_>) -> Option<Self> {
        let (options, text) = match event.kind {
            EventKind::Log(print) => (print.options, print.formatted().to_string()),
            EventKind::LogInElf {
                address,
                options,
                arguments,
            } => {
                let text = program.message(address, arguments);
                let text =
                    text.unwrap_or_else(|| format!("[text at {address:#010x} in the ELF file]"));
                (options, text)
            }
            _ => return None,
        };
        Some(Self {
            ticks: event.time,
            clock: Clock::new(hz(event, trace), 0),
            core: event.core,
            context: context_name(event.context, trace),
            level: Level::of(options),
            text,
            appends: options & Print::APPEND != 0,
            input: event.input,
            offset: event.offset,
        })
    }

    fn level_name(&self) -> &'static str {
        match self.level {
            Level::Log => "log",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, without colour.
    Text,
    /// The same, with the level in colour.
    ColouredText,
    /// One JSON object a line.
    JsonLines,
}

/// Writes messages as they come; those that go on where another ended are joined to it.
pub struct Writer<'o> {
    out: &'o mut dyn Write,
    format: Format,
    filter: &'o Filter,
    /// The last message, to which others may yet be joined.
    open: Option<LogRow>,
    written: u64,
}

impl<'o> Writer<'o> {
    /// A list of which nothing was written yet.
    ///
    /// Of messages whose events `filter` asked for, those are written whose whole text matches.
    pub fn new(out: &'o mut dyn Write, format: Format, filter: &'o Filter) -> Self {
        Self {
            out,
            format,
            filter,
            open: None,
            written: 0,
        }
    }

    /// Takes a message. It is written when it is known that none is joined to it.
    ///
    /// # Errors
    /// Only those of the output.
    pub fn write(&mut self, row: LogRow) -> io::Result<()> {
        match &mut self.open {
            Some(open) if row.appends && row.core == open.core => {
                open.text += &row.text;
                open.level = open.level.max(row.level);
                Ok(())
            }
            _ => match self.open.replace(row) {
                Some(whole) => self.write_whole(&whole),
                None => Ok(()),
            },
        }
    }

    /// Writes the last message, and returns how many there were.
    ///
    /// # Errors
    /// Only those of the output.
    pub fn finish(mut self) -> io::Result<u64> {
        if let Some(whole) = self.open.take() {
            self.write_whole(&whole)?;
        }
        Ok(self.written)
    }

    fn write_whole(&mut self, row: &LogRow) -> io::Result<()> {
        if !self.filter.matches_text(&row.text) && !self.filter.matches_text(&row.context) {
            return Ok(());
        }
        self.written += 1;
        write_row(self.out, self.format, row)
    }
}

fn write_row(out: &mut dyn Write, format: Format, row: &LogRow) -> io::Result<()> {
    match format {
        Format::Text => write_text(out, row, false),
        Format::ColouredText => write_text(out, row, true),
        Format::JsonLines => write_json(out, row),
    }
}

/// A message of several lines goes on under its first.
fn write_text(out: &mut dyn Write, row: &LogRow, colour: bool) -> io::Result<()> {
    let style = match row.level {
        _ if !colour => anstyle::Style::new(),
        Level::Log => anstyle::Style::new(),
        Level::Warning => AnsiColor::Yellow.on_default().bold(),
        Level::Error => AnsiColor::Red.on_default().bold(),
    };
    let time = row.clock.stamp(row.ticks);
    let context = sanitise(&row.context);
    let before = format!(
        "{time:>14}  {style}{:<7}{style:#}  {context:<16}  ",
        row.level_name()
    );
    let width = 14 + 2 + 7 + 2 + context.chars().count().max(16) + 2;
    let mut lines = row.text.trim_end().lines();
    let first = format!("{before}{}", sanitise(lines.next().unwrap_or_default()));
    writeln!(out, "{}", first.trim_end())?;
    for line in lines {
        let line = format!("{:width$}{}", "", sanitise(line));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[derive(Serialize)]
struct LogObject<'r> {
    time_s: Option<f64>,
    ticks: u64,
    core: u8,
    context: &'r str,
    level: &'static str,
    text: &'r str,
    input: usize,
    offset: u64,
}

fn write_json(out: &mut dyn Write, row: &LogRow) -> io::Result<()> {
    let fields = LogObject {
        time_s: row.clock.seconds(row.ticks),
        ticks: row.ticks,
        core: row.core,
        context: &row.context,
        level: row.level_name(),
        text: &row.text,
        input: row.input,
        offset: row.offset,
    };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Escaped::compact());
    fields.serialize(&mut serializer)?;
    writeln!(out)
}
