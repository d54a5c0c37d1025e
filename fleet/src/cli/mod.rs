//! What can be typed, and what it does.
mod ask;
mod ingest;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use leakscope_fleet::ingest::elf_store::ElfStore;
use leakscope_fleet::ingest::names;
use leakscope_fleet::store::Folder;

/// Heap leaks of many devices: recordings become tables, and questions are asked of them.
#[derive(Debug, Parser)]
#[command(name = "leakscope fleet", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ingest(ingest::Ingest),
    Ask(ask::Ask),
    Sql(ask::Sql),
    Page(ask::Page),
    Resymbolize(Resymbolize),
}

/// Name call stacks whose ELF files have come since their recordings were read.
#[derive(Debug, Args)]
struct Resymbolize {
    /// The fleet's folder.
    #[arg(long = "in", value_name = "DIR")]
    folder: PathBuf,
    /// A folder of ELF files, each named by its checksum: <sha256>.elf.
    #[arg(long, value_name = "DIR")]
    elf_store: PathBuf,
}

impl Arguments {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Ingest(ingest) => return ingest.run(),
            Command::Ask(ask) => ask.run()?,
            Command::Sql(sql) => sql.run()?,
            Command::Page(page) => page.run()?,
            Command::Resymbolize(options) => {
                let mut store = ElfStore::open(&options.elf_store)?;
                let count = names::resymbolize(&Folder::new(&options.folder), &mut store, now())?;
                anstream::eprintln!("named {count} call stacks");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Microseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as i64)
}
