//! A file of the computer on which the emulator runs: `trace.svdat` in its working folder.

use core::cell::RefCell;

use critical_section::Mutex;
use leakscope_recorder::sink::ByteSink;
use leakscope_recorder::sink::semihosting::File;
use leakscope_recorder::stream::WhenFull;

use super::RECORDER;

static FILE: Mutex<RefCell<Option<File>>> = Mutex::new(RefCell::new(None));

/// A full buffer is written to the file then and there: nothing is lost.
pub(super) const WHEN_FULL: WhenFull = WhenFull::Write(write);

pub(super) fn open() {
    let file = File::create(c"trace.svdat").expect("the emulator makes the file");
    critical_section::with(|section| FILE.replace(section, Some(file)));
}

pub(super) fn begin() {
    RECORDER.start();
}

fn write(bytes: &[u8]) -> usize {
    critical_section::with(|section| match &mut *FILE.borrow_ref_mut(section) {
        Some(file) => file.write(bytes).expect("the emulator writes"),
        None => bytes.len(),
    })
}

pub(super) fn poll() {
    let Ok(_) = RECORDER.drain(0, &mut write);
}

pub(super) fn close() {
    critical_section::with(|section| FILE.replace(section, None));
}
