//! Ctrl-C: the first asks for an end, the second is one.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

static ASKED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that SIGINT ended, as shells reckon it.
const INTERRUPTED: i32 = 130;

/// From now on, Ctrl-C (and SIGTERM and SIGHUP) sets what is returned; a second one ends the program.
pub(crate) fn catch() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED);
        }
    })
    .context("Ctrl-C cannot be caught")?;
    Ok(&ASKED)
}
