//! `leakscope gdbinit`: the recording as a file of GDB commands.
//!
//! - [`espressif`]: OpenOCD takes the trace out of an ESP chip, into a file.
//! - [`rtt`]: GDB takes it out of RTT's buffer, at the end.

mod espressif;
mod rtt;

use std::io::Write;
use std::path::{Path, absolute};

use anyhow::{Context, bail};
use leakscope_symbols::{Machine, Symbols};

use crate::cli::{GdbTarget, Gdbinit};
use crate::commands::record::places;
use crate::screen::Screen;

/// What the file is about.
struct Session<'a> {
    symbols: &'a Symbols,
    /// As GDB's `file` takes it.
    elf: String,
    server: &'a str,
    /// Absolute, and without spaces: GDB and OpenOCD take none.
    output: String,
    /// As GDB's `thbreak` takes it.
    start: String,
    stop: String,
}

impl Gdbinit {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let symbols =
            Symbols::open(&self.elf).with_context(|| format!("`{}`", self.elf.display()))?;
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
        let commands = match self.target.map_or_else(|| target(&symbols), Ok)? {
            GdbTarget::Espressif => espressif::commands(&session),
            GdbTarget::Rtt => rtt::commands(&session)?,
        };
        let mut screen = Screen::new();
        screen.out.write_all(commands.as_bytes())?;
        screen.out.flush()?;
        Ok(())
    }
}

/// An absolute path: nobody knows in which folder GDB will be started.
fn text(path: &Path) -> anyhow::Result<String> {
    let path = absolute(path)?;
    match path.to_str() {
        Some(text) if !text.contains(['"', '\\', '\n']) || cfg!(windows) => Ok(text.to_owned()),
        _ => bail!("GDB cannot be told of `{}`", path.display()),
    }
}

/// A place in the program in GDB's words: names, so that the file is good for the next build too.
fn location(given: Option<&str>, usual: &str, symbols: &Symbols) -> anyhow::Result<String> {
    let text = given.unwrap_or(usual);
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(format!("*{text}"));
    }
    match symbols.symbol(text) {
        Some(_) => Ok(text.to_owned()),
        None => bail!("the program has no function `{text}`; --start and --stop name others"),
    }
}

/// What the program seems to be made for.
fn target(symbols: &Symbols) -> anyhow::Result<GdbTarget> {
    let has = |name: &str| symbols.symbol(name).is_some();
    if symbols.machine() == Machine::Xtensa || has("esp_apptrace_init") || has("app_main") {
        return Ok(GdbTarget::Espressif);
    }
    if has(rtt::CONTROL_BLOCK) {
        return Ok(GdbTarget::Rtt);
    }
    bail!("it cannot be told what the program runs on: name it with --target");
}
