//! The device's memory at the end of a recording, as a core dump beside it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use leakscope_capture::memory::{Registers, Snapshot, SnapshotRequest};
use leakscope_memory::image::{self, About, Machine, Piece, Thread};
use leakscope_report::units::bytes;
use leakscope_symbols::Symbols;

use crate::cli::Record;
use crate::image::words;
use crate::{output, screen};

/// What is asked of the device: the program's variables, stacks, and what the user names besides.
pub(super) fn request(
    record: &Record,
    symbols: Option<&Symbols>,
) -> anyhow::Result<Option<SnapshotRequest>> {
    if !record.image {
        return Ok(None);
    }
    let Some(symbols) = symbols else {
        bail!("--image needs --elf: the program says which memory it has");
    };
    let path = path(record);
    output::require_free(&path, record.force)?;
    let wanted = symbols.ram().iter().chain(&record.ram).cloned();
    let (machine, words) = (machine(symbols), words(symbols));
    let stack_pointer = move |core: &Registers| {
        Thread::of_gdb(machine, words, core.number, &core.values)?.stack_pointer
    };
    let request = SnapshotRequest::new(wanted.collect());
    Ok(Some(request.with_stacks(stack_pointer)))
}

fn machine(symbols: &Symbols) -> Machine {
    Machine {
        number: symbols.machine().number(),
        is_64_bit: words(symbols).is_64_bit,
    }
}

/// Where it is written.
pub(super) fn path(record: &Record) -> PathBuf {
    record.output.with_extension("core")
}

/// Writes what was read, and says what it was; whether there was anything.
pub(super) fn save(
    record: &Record,
    request: &SnapshotRequest,
    symbols: &Symbols,
) -> anyhow::Result<bool> {
    let path = path(record);
    let shown = path.display();
    let Some(snapshot) = request.taken() else {
        screen::note(
            "the device's memory was not read: the program had ended, or the link was lost",
        );
        return Ok(false);
    };
    let read: u64 = snapshot
        .pieces
        .iter()
        .map(|(_, bytes)| bytes.len() as u64)
        .sum();
    screen::note(&format!(
        "{} of memory in `{shown}`; the device stood still for {:.1} ms. It holds all that was in memory, keys and passwords \
         too: only you can read it",
        bytes(read),
        snapshot.halted.as_secs_f64() * 1e3
    ));
    for range in &snapshot.unread {
        let (start, end) = (range.start, range.end);
        screen::note(&format!(
            "memory from {start:#x} to {end:#x} could not be read"
        ));
    }
    let file = core_dump(record, snapshot, symbols);
    write_private(&path, &file, record.force)
        .with_context(|| format!("`{shown}` cannot be written"))?;
    Ok(true)
}

fn core_dump(record: &Record, snapshot: Snapshot, symbols: &Symbols) -> Vec<u8> {
    let (machine, words) = (machine(symbols), words(symbols));
    let about = About {
        trace: record.output.display().to_string(),
        halted_us: snapshot.halted.as_micros() as u64,
        chip: record.trigger.chip.clone().unwrap_or_default(),
    };
    let threads = snapshot.registers.iter();
    let threads: Vec<Thread> = threads
        .filter_map(|core| Thread::of_gdb(machine, words, core.number, &core.values))
        .collect();
    let pieces = snapshot.pieces.into_iter();
    let pieces: Vec<Piece> = pieces
        .map(|(address, bytes)| Piece { address, bytes })
        .collect();
    image::write(machine, words, &threads, &pieces, &about)
}

/// A file that nobody else can read.
fn write_private(path: &Path, content: &[u8], force: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        // An old file keeps its mode: it is made anew.
        let _ = std::fs::remove_file(path);
    }
    options.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}
