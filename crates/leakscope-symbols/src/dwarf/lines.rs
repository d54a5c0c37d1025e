//! The line table of one unit: which file and line an instruction came from.

use super::functions::InlinedCall;
use super::names::{Names, text};
use super::{Reader, UnitRef};
use crate::code::Code;
use crate::ranges::RangeMap;
use gimli::{ColumnType, FileEntry, LineProgramHeader};
use std::ops::Range;
use std::sync::Arc;

/// A unit has hundreds of files; a table with more than this is damaged.
const MOST_FILES: usize = 1 << 16;

/// A place in the source.
#[derive(Debug, Default)]
pub(super) struct Location {
    pub(super) file: Option<Arc<str>>,
    /// From 1.
    pub(super) line: Option<u32>,
    /// From 1.
    pub(super) column: Option<u32>,
}

/// The line table of one unit.
#[derive(Debug, Default)]
pub(super) struct Lines {
    version: u16,
    /// By the number that rows use.
    files: Vec<Option<Arc<str>>>,
    rows: Vec<LineRow>,
    /// The parts of `rows` that describe code without a hole.
    sequences: RangeMap<Range<usize>>,
}

#[derive(Debug, Clone, Copy)]
struct LineRow {
    address: u64,
    file: u32,
    /// 0: no line of the source.
    line: u32,
    /// 0: the whole line.
    column: u32,
}

impl Lines {
    /// Reads the table as far as it is sound, without code that the linker discarded.
    pub(super) fn read(unit: UnitRef<'_, '_>, code: &Code, names: &Names) -> Self {
        let Some(program) = unit.line_program.clone() else {
            return Self::default();
        };
        let header = program.header();
        let count = header.file_names().len().min(MOST_FILES) as u64;
        // Before DWARF 5, 0 stands for no file, and the first has the number 1.
        let files = (0..=count)
            .map(|index| path(unit, header, header.file(index)?, names))
            .collect();
        let version = header.version();
        let (rows, sequences) = rows(program, code);
        Self {
            version,
            files,
            rows,
            sequences: RangeMap::new(sequences),
        }
    }

    /// The addresses that the table describes.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.sequences.iter().map(|(range, _)| range)
    }

    /// The line of the instruction that holds the byte at `address`.
    pub(super) fn location(&self, address: u64) -> Option<Location> {
        let rows = &self.rows[self.sequences.containing(address).next()?.clone()];
        let after = rows.partition_point(|row| row.address <= address);
        let row = rows.get(after.checked_sub(1)?)?;
        Some(Location {
            file: self.file(u64::from(row.file)),
            line: (row.line != 0).then_some(row.line),
            column: (row.line != 0 && row.column != 0).then_some(row.column),
        })
    }

    /// The line from which an inlined function was called.
    pub(super) fn call_location(&self, call: &InlinedCall) -> Location {
        Location {
            file: call.file.and_then(|index| self.file(index)),
            line: (call.line != 0).then_some(call.line),
            column: (call.column != 0).then_some(call.column),
        }
    }

    fn file(&self, index: u64) -> Option<Arc<str>> {
        if index == 0 && self.version < 5 {
            return None;
        }
        self.files.get(usize::try_from(index).ok()?)?.clone()
    }
}

/// The addresses of a sequence of rows, and the indices of the rows.
type Sequence = (Range<u64>, Range<usize>);

/// Runs the line program: rows, and which of them belong together.
fn rows(
    program: gimli::IncompleteLineProgram<Reader<'_>>,
    code: &Code,
) -> (Vec<LineRow>, Vec<Sequence>) {
    let mut rows: Vec<LineRow> = Vec::new();
    let mut sequences = Vec::new();
    let mut first = 0;
    let mut described = program.rows();
    while let Ok(Some((_, row))) = described.next_row() {
        if row.end_sequence() {
            let sequence = &mut rows[first..];
            if !sequence.is_sorted_by_key(|row| row.address) {
                sequence.sort_by_key(|row| row.address);
            }
            match sequence.first() {
                Some(start) if code.is_linked(start.address) => {
                    sequences.push((start.address..row.address(), first..rows.len()));
                }
                _ => rows.truncate(first),
            }
            first = rows.len();
            continue;
        }
        rows.push(LineRow {
            address: row.address(),
            file: u32::try_from(row.file_index()).unwrap_or(u32::MAX),
            line: row.line().map_or(0, |line| saturate(line.get())),
            column: match row.column() {
                ColumnType::LeftEdge => 0,
                ColumnType::Column(column) => saturate(column.get()),
            },
        });
    }
    rows.truncate(first);
    (rows, sequences)
}

pub(super) fn saturate(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The path of a file: absolute, if the compiler said in which directory it ran.
fn path<'file>(
    unit: UnitRef<'_, 'file>,
    header: &LineProgramHeader<Reader<'file>>,
    file: &FileEntry<Reader<'file>>,
    names: &Names,
) -> Option<Arc<str>> {
    let mut path = String::new();
    if let Some(directory) = unit.comp_dir {
        path.push_str(&text(directory));
    }
    // Directory 0 is the one that the compiler ran in.
    if file.directory_index() != 0
        && let Some(directory) = file.directory(header)
    {
        join(&mut path, &text(unit.attr_string(directory).ok()?));
    }
    join(&mut path, &text(unit.attr_string(file.path_name()).ok()?));
    Some(names.intern(&path))
}

fn join(path: &mut String, part: &str) {
    let drive = |path: &str| matches!(path.as_bytes(), [_, b':', b'/' | b'\\', ..]);
    if part.starts_with(['/', '\\']) || drive(part) {
        path.clear();
    } else if !path.is_empty() && !path.ends_with(['/', '\\']) {
        let windows = path.contains('\\') && !path.contains('/');
        path.push(if windows { '\\' } else { '/' });
    }
    path.push_str(part);
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_are_joined_in_the_style_of_the_directory() {
        for (directory, part, expected) in [
            ("/home/me", "main/a.c", "/home/me/main/a.c"),
            ("/home/me/", "a.c", "/home/me/a.c"),
            ("/home/me", "/usr/include/b.h", "/usr/include/b.h"),
            (r"C:\esp", "a.c", r"C:\esp\a.c"),
            ("C:/esp", "a.c", "C:/esp/a.c"),
            ("/cygdrive", r"D:\b.c", r"D:\b.c"),
            ("/cygdrive", "D:/b.c", "D:/b.c"),
            ("", "a.c", "a.c"),
        ] {
            let mut path = directory.to_owned();
            join(&mut path, part);
            assert_eq!(path, expected);
        }
    }
}
