//! The formats.

use std::io;

use crate::facts::Facts;
use crate::folded::Folded;
use crate::heaptrack;
use crate::output::Output;
use crate::perfetto::Perfetto;
use crate::pprof::Pprof;
use crate::selection::Selection;
use crate::sink::Sink;
#[cfg(feature = "parquet")]
use crate::tables::Parquet;
use crate::tables::{Csv, Form, JsonLines, Rows, Table};
use crate::value::Value;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Traces of Perfetto: who ran, what happened to the heap, flame graphs.
    Perfetto,
    /// Profiles of Go, which many tools read.
    Pprof,
    /// What heaptrack's programs read.
    Heaptrack,
    /// A line a stack.
    Folded,
    /// Tables, as RFC 4180.
    Csv,
    /// Tables, an object of JSON a row.
    JsonLines,
    /// Tables, by columns.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// What some formats ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Of formats with one number a stack: which.
    pub value: Value,
    /// Of formats that are tables: which.
    pub table: Table,
}

impl Format {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Perfetto,
        Self::Pprof,
        Self::Heaptrack,
        Self::Folded,
        Self::Csv,
        Self::JsonLines,
        #[cfg(feature = "parquet")]
        Self::Parquet,
    ];

    /// What it is called, and what its files' names end with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Perfetto => "perfetto",
            Self::Pprof => "pprof",
            Self::Heaptrack => "heaptrack",
            Self::Folded => "folded",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }

    /// What it is for, and what opens it.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Perfetto => {
                "tasks, interrupts, heap, logs and flame graphs on one time line: ui.perfetto.dev"
            }
            Self::Pprof => {
                "who allocated and who holds the heap, as graph, flame graph or source: `go tool pprof`, speedscope.app"
            }
            Self::Heaptrack => {
                "the heap over time, call tree, comparison of two recordings: `heaptrack_gui`, `heaptrack_print`"
            }
            Self::Folded => {
                "flame graphs as pictures: `inferno-flamegraph`, `flamegraph.pl`, speedscope.app"
            }
            Self::Csv => {
                "tables of events, blocks, call sites, logs and problems: spreadsheets, DuckDB"
            }
            Self::JsonLines => "the same tables, an object a line: `jq`, Polars, DuckDB",
            #[cfg(feature = "parquet")]
            Self::Parquet => "the same tables, small and quick to search: DuckDB, Polars, pyarrow",
        }
    }

    /// Whether people cannot read it.
    pub const fn is_binary(self) -> bool {
        !matches!(
            self,
            Self::Heaptrack | Self::Folded | Self::Csv | Self::JsonLines
        )
    }

    /// Whether it may be packed with gzip, and is not yet.
    pub const fn can_be_packed(self) -> bool {
        match self {
            Self::Pprof => false,
            #[cfg(feature = "parquet")]
            Self::Parquet => false,
            _ => true,
        }
    }

    /// Whether it is a table of several: [`Options::table`].
    pub const fn is_table(self) -> bool {
        match self {
            Self::Perfetto | Self::Pprof | Self::Heaptrack | Self::Folded => false,
            Self::Csv | Self::JsonLines => true,
            #[cfg(feature = "parquet")]
            Self::Parquet => true,
        }
    }

    /// Whether it is made of sums by call site, which is what a heap dump has.
    pub const fn is_of_sums(self) -> bool {
        matches!(self, Self::Pprof | Self::Folded)
    }

    /// Begins to write a heap dump, of which `facts` know everything: [`Sink::finish`] comes next. `None` if the format
    /// is made of events.
    pub fn begin_moment<'r>(
        self,
        facts: &'r Facts<'r>,
        value: Value,
        out: Output<'r>,
    ) -> Option<Box<dyn Sink + 'r>> {
        match self {
            Self::Pprof => Some(Box::new(Pprof::of_moment(facts, out))),
            Self::Folded => Some(Box::new(Folded::of_moment(facts, value, out))),
            _ => None,
        }
    }

    /// Begins to write a recording.
    ///
    /// # Errors
    /// Those of the output.
    pub fn begin<'r>(
        self,
        facts: &'r Facts<'r>,
        selection: &Selection,
        options: Options,
        out: Output<'r>,
    ) -> io::Result<Box<dyn Sink + 'r>> {
        let table = options.table;
        let form: Box<dyn Form + 'r> = match self {
            Self::Perfetto => return Ok(Box::new(Perfetto::new(facts, selection, out)?)),
            Self::Pprof => return Ok(Box::new(Pprof::new(facts, out))),
            Self::Heaptrack => return Ok(Box::new(heaptrack::Writer::new(facts, out))),
            Self::Folded => return Ok(Box::new(Folded::new(facts, options.value, out))),
            Self::Csv => {
                let names = table.columns().iter().map(|(name, _)| *name);
                Box::new(Csv::new(&names.collect::<Vec<_>>(), out)?)
            }
            Self::JsonLines => Box::new(JsonLines::new(table.columns(), out)),
            #[cfg(feature = "parquet")]
            Self::Parquet => {
                let about = [
                    ("leakscope.schema", table.name()),
                    ("leakscope.version", env!("CARGO_PKG_VERSION")),
                ];
                Box::new(Parquet::new(table.name(), table.columns(), &about, out)?)
            }
        };
        Ok(Box::new(Rows::new(facts, table, form, selection.is_all())))
    }
}
