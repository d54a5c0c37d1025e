//! A serial line: hello, the answer, and then what the target sends until it ends.

use std::io::{Read, Write};

use libtest_mimic::Failed;

use crate::emulator::Emulator;

/// Everything that the target sends after its answer.
pub(crate) fn record(emulator: &mut Emulator) -> Result<Vec<u8>, Failed> {
    let mut line = emulator.connect("uart.socket")?;
    line.write_all(b"SV\x03\x00")?;
    let mut answer = [0; 4];
    line.read_exact(&mut answer)?;
    if !answer.starts_with(b"SV") {
        return Err(format!("hello was answered with {answer:?}").into());
    }
    let mut bytes = Vec::new();
    line.read_to_end(&mut bytes)?;
    Ok(bytes)
}
