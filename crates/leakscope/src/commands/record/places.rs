//! The places in the program where a recording begins and ends.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::{Context, bail};
use leakscope_capture::course::Plan;
use leakscope_symbols::{AddressKind, Symbols};

use crate::cli::Record;

/// ESP-IDF's functions, which other programs may have too.
pub(in crate::commands) const USUAL_START: &str = "heap_trace_start";
pub(in crate::commands) const USUAL_STOP: &str = "heap_trace_stop";

/// From where to where is recorded: as the user says, else between the usual functions, as far as the program has
/// them.
pub(super) fn plan(record: &Record, symbols: Option<&Symbols>) -> anyhow::Result<Plan> {
    let trigger = &record.trigger;
    Ok(Plan {
        reset: trigger.reset,
        start: place("--start", trigger.start.as_deref(), USUAL_START, symbols)?,
        stop: place("--stop", trigger.stop.as_deref(), USUAL_STOP, symbols)?,
    })
}

fn place(
    option: &str,
    given: Option<&str>,
    usual: &str,
    symbols: Option<&Symbols>,
) -> anyhow::Result<Option<u64>> {
    let find = |name: &str| symbols.and_then(|symbols| symbols.symbol(name));
    let Some(text) = given else {
        return Ok(find(usual).map(|symbol| symbol.address));
    };
    if let Some(address) = address(text) {
        return Ok(Some(address?));
    }
    if symbols.is_none() {
        bail!("{option} {text} needs --elf: it is looked up in the program");
    }
    match find(text) {
        Some(symbol) => Ok(Some(symbol.address)),
        None => bail!("the program has no symbol `{text}`, which {option} asks for"),
    }
}

/// A number, in hexadecimal with `0x` or in decimal; `None` if it is a name.
fn address(text: &str) -> Option<anyhow::Result<u64>> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    Some(parsed.with_context(|| format!("`{text}` is not an address")))
}

/// Says where an address of the program is. The thread that records cannot share the report's symbols, so this opens
/// the ELF file itself: once, and only if it is asked.
pub(super) fn namer(elf: Option<PathBuf>) -> impl Fn(u64) -> String + Send + 'static {
    let opened = OnceCell::new();
    move |address| {
        let symbols = opened.get_or_init(|| Symbols::open(elf.as_ref()?).ok());
        let frames = symbols
            .as_ref()
            .map(|symbols| symbols.frames(address, AddressKind::Exact));
        let function = frames.and_then(|frames| frames.last()?.function.clone());
        match function {
            Some(function) => format!("{function} ({address:#x})"),
            None => format!("{address:#x}"),
        }
    }
}
