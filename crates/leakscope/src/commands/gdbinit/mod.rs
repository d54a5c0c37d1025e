//! `leakscope gdbinit`: the recording as a file of GDB commands.
//!
//! - [`espressif`]: OpenOCD takes the trace out of an ESP chip, into a file.
//! - [`rtt`]: GDB takes it out of RTT's buffer, at the end.

mod espressif;
mod rtt;

use std::io::Write;
use std::ops::Range;
use std::path::{Path, absolute};

use anyhow::bail;
use leakscope_symbols::{Machine, Symbols};

use crate::cli::{GdbTarget, Gdbinit};
use crate::commands::record::places;
use crate::firmware;
use crate::screen::{Advised, Screen};

/// What the file is about.
struct Session<'a> {
    symbols: &'a Symbols,
    /// As GDB's `file` takes it.
    elf: String,
    server: &'a str,
    /// Absolute, and without spaces: GDB and OpenOCD take none.
    output: String,
    /// As GDB's `thbreak` takes it; where it is `None`, the recording begins at once.
    start: Option<String>,
    /// The same; where it is `None`, Ctrl-C ends the recording.
    stop: Option<String>,
}

impl Gdbinit {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let symbols = firmware::open_file(&self.elf)?;
        let session = Session {
            elf: text(&self.elf)?,
            server: &self.gdb,
            output: text(&self.output)?,
            start: location(self.start.as_deref(), places::USUAL_START, &symbols)?,
            stop: location(self.stop.as_deref(), places::USUAL_STOP, &symbols)?,
            symbols: &symbols,
        };
        if session.output.contains(char::is_whitespace) {
            bail!(
                "GDB cannot write to `{}`: it takes no path with spaces",
                session.output
            );
        }
        let commands = match self
            .target
            .map_or_else(|| target(&symbols, session.start.as_deref()), Ok)?
        {
            GdbTarget::Espressif => espressif::commands(&session)?,
            GdbTarget::Rtt => rtt::commands(&session)?,
        };
        let mut screen = Screen::new();
        screen.out.write_all(commands.as_bytes())?;
        screen.out.flush()?;
        Ok(())
    }
}

/// An absolute path: GDB may be started in any folder.
fn text(path: &Path) -> anyhow::Result<String> {
    let path = absolute(path)?;
    match path.to_str() {
        Some(text) if !text.contains(['"', '\\', '\n']) || cfg!(windows) => Ok(text.to_owned()),
        _ => bail!(
            "GDB takes no path with quotes or backslashes, such as `{}`",
            path.display()
        ),
    }
}

/// A place in the program in GDB's words: by name, so that the file is good for the next build too, and with an
/// asterisk, which means its first instruction. (GDB's usual choice, behind the prologue, may be a later one,
/// which comes too late for a program that waits for its debugger there.)
/// As `record` does, a program without the usual ones goes without.
fn location(given: Option<&str>, usual: &str, symbols: &Symbols) -> anyhow::Result<Option<String>> {
    let text = given.unwrap_or(usual);
    let is_address = text.starts_with(|first: char| first.is_ascii_digit());
    if is_address || symbols.symbol(text).is_some() {
        return Ok(Some(text.to_owned()));
    }
    match given {
        Some(_) => Err(no_function(text)),
        None => Ok(None),
    }
}

fn no_function(name: &str) -> anyhow::Error {
    Advised {
        message: format!("the program has no function `{name}`"),
        hint: "--start and --stop name others; in ESP-IDF, heap_trace_start and heap_trace_stop are there if \
               the program calls them and heap tracing is on in its configuration",
    }
    .into()
}

/// Where Espressif's RISC-V chips see the code in their flash (`SOC_IROM_LOW` in ESP-IDF's `soc.h`).
const ESP_FLASH: Range<u64> = 0x4200_0000..0x4400_0000;

/// What the program seems to be made for, which begins to record at `start`.
fn target(symbols: &Symbols, start: Option<&str>) -> anyhow::Result<GdbTarget> {
    let has = |name: &str| symbols.symbol(name).is_some();
    let start = start.and_then(|start| symbols.symbol(start));
    let is_in_esp_flash = symbols.machine() == Machine::RiscV32
        && start.is_some_and(|start| ESP_FLASH.contains(&start.address));
    if symbols.machine() == Machine::Xtensa || is_in_esp_flash || has("app_main") {
        return Ok(GdbTarget::Espressif);
    }
    if has(rtt::CONTROL_BLOCK) {
        return Ok(GdbTarget::Rtt);
    }
    Err(Advised {
        message: "the program does not show what it runs on".to_owned(),
        hint: "--target esp, or --target rtt, says it",
    }
    .into())
}
