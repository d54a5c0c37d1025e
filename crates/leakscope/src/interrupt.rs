//! Signals: Ctrl-C, of which the first asks for an end and the second is one, and a limit of the size of files.

use std::process;
use std::sync::{LazyLock, Mutex};

use anyhow::Context;
use leakscope_capture::Interrupt;

static INTERRUPT: LazyLock<Interrupt> = LazyLock::new(Interrupt::default);
/// What a second Ctrl-C does before it ends the program.
static LAST_ACT: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// The exit code of a program that SIGINT ended, as shells reckon it.
const INTERRUPTED: i32 = 130;

/// From now on, Ctrl-C (and SIGTERM and SIGHUP) sets what is returned; a second one ends the program.
pub(crate) fn catch() -> anyhow::Result<&'static Interrupt> {
    ctrlc::set_handler(|| {
        if INTERRUPT.want() {
            if let Some(act) = LAST_ACT.lock().ok().and_then(|mut act| act.take()) {
                act();
            }
            process::exit(INTERRUPTED);
        }
    })
    .context("Ctrl-C cannot be caught")?;
    Ok(&INTERRUPT)
}

/// From now on, a second Ctrl-C does this first; with `None`, nothing any more.
pub(crate) fn before_exit(act: Option<Box<dyn FnOnce() + Send>>) {
    if let Ok(mut last) = LAST_ACT.lock() {
        *last = act;
    }
}

/// From now on, a file that has reached the limit of its size (`ulimit -f`) takes no more, as on a full disk. The
/// program is not ended by that.
pub(crate) fn survive_file_size_limit() {
    #[cfg(unix)]
    #[allow(unsafe_code, reason = "no safe function changes what a signal does")]
    // SAFETY: ignoring a signal installs no handler, and no other thread runs yet.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}
