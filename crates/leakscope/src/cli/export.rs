//! What can be typed behind `leakscope export`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use leakscope_export::{Format, Table, Value};

use super::{Period, Symbols, Trace, Unpacking};

/// Write a recording in the format of another profiler: Perfetto, pprof, heaptrack, flame graphs, tables.
///
/// What a format has no words for is printed on standard error, a line each. With --from and --to, what is written is of blocks
/// that are allocated in that time; those that live at its end are outstanding.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Recordings: one file, or one file a core; `-` is standard input. May be packed (gzip, zstd).
    #[arg(required_unless_present = "list", value_name = "TRACE")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) unpacking: Unpacking,
    /// List the formats, what each is for and what opens it.
    #[arg(long, exclusive = true)]
    pub(crate) list: bool,
    /// The format.
    #[arg(long = "as", value_parser = one_of(Format::ALL, Format::name), value_name = "FORMAT", required_unless_present = "list")]
    pub(crate) format: Option<Format>,
    /// The file to write, packed if its name ends with .gz; of tables, a folder for all of them, unless --table
    /// chooses one. Without it, standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the file if it exists.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) period: Period,
    /// Only blocks that the task with this name allocates, the interrupt, or `idle`.
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
    /// Only this table (csv, jsonl, parquet); on standard output, events are the default.
    #[arg(long, value_parser = one_of(Table::ALL, Table::name), value_name = "TABLE")]
    pub(crate) table: Option<Table>,
    /// What the numbers of folded stacks are; outstanding is the default.
    #[arg(long, value_parser = one_of(Value::ALL, Value::name), value_name = "VALUE")]
    pub(crate) value: Option<Value>,
}

impl Export {
    /// All of a recording.
    pub(crate) fn of(trace: &Trace, symbols: &Symbols) -> Self {
        Self {
            inputs: trace.inputs.clone(),
            unpacking: trace.unpacking.clone(),
            list: false,
            format: None,
            output: None,
            force: false,
            symbols: symbols.clone(),
            period: Period::default(),
            task: None,
            table: None,
            value: None,
        }
    }
}

/// One of all that there are, by its name.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = all.iter().map(move |&one| name(one));
    PossibleValuesParser::new(names).try_map(move |wanted| {
        let mut all = all.iter().copied();
        all.find(|&one| name(one) == wanted).ok_or("no such name")
    })
}
