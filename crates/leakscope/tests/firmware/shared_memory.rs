//! The target's memory as a file, which QEMU maps: it is read while the target runs.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;

use libtest_mimic::Failed;

use crate::emulator::Emulator;
use crate::rtt::{Channel, Memory};
use crate::symbols;

struct SharedMemory {
    file: File,
    base: u64,
}

impl Memory for SharedMemory {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Failed> {
        Ok(self.file.read_exact_at(bytes, address - self.base)?)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Failed> {
        Ok(self.file.write_all_at(bytes, address - self.base)?)
    }
}

/// Everything that the target sends until it ends.
pub(crate) fn record(emulator: &mut Emulator, elf: &Path, base: u64) -> Result<Vec<u8>, Failed> {
    let control_block = symbols::address(elf, "_SEGGER_RTT")?;
    let mut memory = SharedMemory {
        file: open(emulator)?,
        base,
    };
    let mut channel = None;
    let mut bytes = Vec::new();
    loop {
        // Asked first: what it wrote before its end is read after it.
        let is_last = !emulator.is_running()?;
        if channel.is_none() {
            channel = Channel::find(&mut memory, control_block)?;
        }
        if let Some(channel) = &channel {
            channel.take(&mut memory, &mut bytes)?;
        }
        if is_last {
            return Ok(bytes);
        }
        thread::yield_now();
    }
}

/// The file, as soon as QEMU has made it and given it its size.
fn open(emulator: &mut Emulator) -> Result<File, Failed> {
    let path = emulator.folder().join("ram");
    loop {
        let is_running = emulator.is_running()?;
        if let Ok(file) = OpenOptions::new().read(true).write(true).open(&path)
            && file.metadata()?.len() > 0
        {
            return Ok(file);
        }
        if !is_running {
            return Err("the target's memory never came".into());
        }
        thread::yield_now();
    }
}
