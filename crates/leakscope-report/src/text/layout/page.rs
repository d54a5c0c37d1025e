//! Where lines are written to.

use std::io::{self, Write};

use super::line::{Line, Paint};

/// Lines of text longer than this are hard to read, however wide the terminal is.
const MEASURE: usize = 100;

/// An output of some width, with or without colour.
pub(in crate::text) struct Page<'o> {
    out: &'o mut dyn Write,
    width: usize,
    colour: bool,
}

impl<'o> Page<'o> {
    /// The narrowest width that is respected.
    const NARROWEST: usize = 40;

    pub(in crate::text) fn new(out: &'o mut dyn Write, width: usize, colour: bool) -> Self {
        Self {
            out,
            width: width.max(Self::NARROWEST),
            colour,
        }
    }

    /// In columns of a terminal.
    pub(in crate::text) fn width(&self) -> usize {
        self.width
    }

    pub(in crate::text) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// As it is, `indent` columns in.
    pub(in crate::text) fn line(&mut self, indent: usize, line: &Line) -> io::Result<()> {
        write!(self.out, "{:indent$}", "")?;
        for pieces in line.pieces.chunk_by(|(one, _), (next, _)| one == next) {
            let text: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
            let text = text.replace('\u{A0}', " ");
            let paint = pieces.first().map_or(Paint::Plain, |(paint, _)| *paint);
            if self.colour && paint != Paint::Plain && !text.trim().is_empty() {
                let style = paint.style();
                write!(self.out, "{style}{text}{style:#}")?;
            } else {
                write!(self.out, "{text}")?;
            }
        }
        writeln!(self.out)
    }

    /// Broken into as many lines as it takes: the first begins at `indent` with `first`, the others
    /// under what follows it.
    pub(in crate::text) fn paragraph(
        &mut self,
        indent: usize,
        first: Line,
        text: &Line,
    ) -> io::Result<()> {
        let hanging = indent + first.width();
        let width = self.width.min(MEASURE).saturating_sub(hanging).max(16);
        let mut first = Some(first);
        for line in text.broken(width) {
            match first.take() {
                Some(mut first) => {
                    first.pieces.extend(line.pieces);
                    self.line(indent, &first)?;
                }
                None => self.line(hanging, &line)?,
            }
        }
        Ok(())
    }

    /// An empty line, then the name of a section with what is said about all of it.
    pub(in crate::text) fn heading(&mut self, name: &str, note: &str) -> io::Result<()> {
        self.blank()?;
        let heading = Line::new().strong(name);
        if note.is_empty() {
            return self.line(0, &heading);
        }
        self.paragraph(0, heading.plain("  "), &Line::new().dim(note))
    }
}
