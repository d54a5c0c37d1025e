//! Columns. Numbers are never cut: if a table is too wide, it first shortens the columns that give way,
//! then leaves out columns that it can do without.

use std::io;

use unicode_width::UnicodeWidthStr;

use super::line::{Line, Paint};
use super::page::Page;
use super::shorten::{chain_of, end_of, middle_of};
use crate::sanitise::sanitise;

/// Where in its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::text) enum Align {
    Left,
    Right,
}

/// How a column makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::text) enum Give {
    /// Not at all.
    Never,
    /// Shows the innermost functions of a stack in one line, in this width at the least.
    Chain(usize),
    /// Shows both ends of its text.
    Middle(usize),
    /// Shows the end of its text.
    End(usize),
    /// Goes altogether, those with the lowest number first.
    Goes(u8),
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(in crate::text) struct Column {
    pub(in crate::text) title: &'static str,
    pub(in crate::text) align: Align,
    pub(in crate::text) give: Give,
}

impl Column {
    /// Of numbers.
    pub(in crate::text) const fn number(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Right,
            give: Give::Never,
        }
    }

    /// Of text.
    pub(in crate::text) const fn text(title: &'static str, give: Give) -> Self {
        Self {
            title,
            align: Align::Left,
            give,
        }
    }

    pub(in crate::text) const fn that_may_go(mut self, rank: u8) -> Self {
        self.give = Give::Goes(rank);
        self
    }

    fn least(&self, natural: usize) -> usize {
        match self.give {
            Give::Never | Give::Goes(_) => natural,
            Give::Chain(least) | Give::Middle(least) | Give::End(least) => natural.min(least),
        }
    }

    fn shorten(&self, text: &str, width: usize) -> String {
        match self.give {
            Give::Never | Give::Goes(_) => text.to_owned(),
            Give::Chain(_) => chain_of(text, width),
            Give::Middle(_) => middle_of(text, width),
            Give::End(_) => end_of(text, width),
        }
    }
}

/// One cell.
#[derive(Clone, Debug, Default)]
pub(in crate::text) struct Cell {
    pub(in crate::text) paint: Paint,
    pub(in crate::text) text: String,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            paint: Paint::Plain,
            text,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    pub(in crate::text) fn dim(text: impl Into<String>) -> Self {
        Self {
            paint: Paint::Dim,
            text: text.into(),
        }
    }
}

/// Rows of as many cells as there are columns.
#[derive(Clone, Debug)]
pub(in crate::text) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

const GAP: usize = 2;

impl Table {
    pub(in crate::text) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    pub(in crate::text) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        // Before anything is measured or shortened.
        let harmless = cells.into_iter().map(|cell| Cell {
            text: sanitise(&cell.text).into_owned(),
            ..cell
        });
        self.rows.push(harmless.collect());
    }

    pub(in crate::text) fn write(self, page: &mut Page<'_>, indent: usize) -> io::Result<()> {
        let widths = self.widths(page.width().saturating_sub(indent));
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let titles = self.columns.iter().map(|column| Cell::dim(column.title));
            page.line(indent, &self.laid_out(&titles.collect::<Vec<_>>(), &widths))?;
        }
        for row in &self.rows {
            page.line(indent, &self.laid_out(row, &widths))?;
        }
        Ok(())
    }

    /// The width of each column; `None` for those that are left out.
    fn widths(&self, available: usize) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> = (0..self.columns.len())
            .map(|column| Some(self.natural_width(column)))
            .collect();
        while self.least_width(&widths) > available
            && let Some(column) = self.next_to_go(&widths)
        {
            widths[column] = None;
        }
        // From the last column to the first: what comes first matters most.
        for column in (0..self.columns.len()).rev() {
            let total = total(widths.iter().flatten().copied());
            if let Some(width) = &mut widths[column] {
                let least = self.columns[column].least(*width);
                *width = least.max(width.saturating_sub(total.saturating_sub(available)));
            }
        }
        widths
    }

    fn natural_width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.text.width()).max().unwrap_or(0);
        widest.max(self.columns[column].title.width())
    }

    fn least_width(&self, widths: &[Option<usize>]) -> usize {
        let columns = self.columns.iter().zip(widths);
        total(columns.filter_map(|(column, width)| width.map(|width| column.least(width))))
    }

    fn next_to_go(&self, widths: &[Option<usize>]) -> Option<usize> {
        let candidates = self.columns.iter().zip(widths).enumerate();
        candidates
            .filter_map(|(index, (column, width))| match column.give {
                Give::Goes(rank) if width.is_some() => Some((rank, index)),
                _ => None,
            })
            .min()
            .map(|(_, index)| index)
    }

    fn laid_out(&self, cells: &[Cell], widths: &[Option<usize>]) -> Line {
        let mut line = Line::new();
        let mut behind = 0;
        for ((column, cell), width) in self.columns.iter().zip(cells).zip(widths) {
            let Some(width) = *width else { continue };
            let text = column.shorten(&cell.text, width);
            if text.is_empty() {
                behind += width + GAP;
                continue;
            }
            let padding = width.saturating_sub(text.width());
            let (before, after) = match column.align {
                Align::Left => (0, padding),
                Align::Right => (padding, 0),
            };
            line = line.plain(" ".repeat(behind + before));
            line = line.paint(cell.paint, text);
            behind = after + GAP;
        }
        line
    }
}

fn total(widths: impl Iterator<Item = usize>) -> usize {
    let (sum, count) = widths.fold((0, 0), |(sum, count), width| (sum + width, count + 1));
    sum + GAP * usize::saturating_sub(count, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(width: usize) -> String {
        let mut table = Table::new([
            Column::number("bytes"),
            Column::number("peak").that_may_go(1),
            Column::text("where", Give::Middle(10)),
        ]);
        table.row([
            "1,234,567".into(),
            "8".into(),
            "a_function_with_a_long_name".into(),
        ]);
        table.row(["8".into(), "17,706".into(), Cell::dim("f")]);
        let mut out = Vec::new();
        table
            .write(&mut Page::new(&mut out, width, false), 2)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_gives_way_before_columns_do_and_numbers_never() {
        assert_eq!(
            written(60),
            "      bytes    peak  where\n  \
               1,234,567       8  a_function_with_a_long_name\n          \
                       8  17,706  f\n"
        );
        assert_eq!(
            written(40),
            "      bytes    peak  where\n  \
               1,234,567       8  a_functio…long_name\n          \
                       8  17,706  f\n"
        );
    }
}
