//! Semihosting without a debugger: the program's calls to the computer on which the board runs.
//!
//! RISC-V Semihosting, version 1.0, and Arm's list of operations, which it shares. Only the operations that the
//! firmware here asks for; any other is answered with -1.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::bus::{AccessFault, Bus};
use crate::hart::Hart;

/// The instructions before and after the `ebreak` of a call.
const BEFORE: u32 = 0x01F0_1013;
const AFTER: u32 = 0x4070_5013;

const A0: usize = 10;
const A1: usize = 11;
const FAILED: u32 = u32::MAX;

/// The reason that is no error (`ADP_Stopped_ApplicationExit`).
const APPLICATION_EXIT: u32 = 0x2_0026;

/// The computer's side.
#[derive(Debug)]
pub struct Host {
    folder: PathBuf,
    command_line: String,
    files: Vec<Option<File>>,
}

/// Whether the `ebreak` at `pc` is a call to the host.
pub fn is_call(bus: &Bus, pc: u32) -> bool {
    bus.read(pc.wrapping_sub(4), 4) == Ok(BEFORE) && bus.read(pc.wrapping_add(4), 4) == Ok(AFTER)
}

impl Host {
    /// A host whose files are in `folder`, and that started the program with these words.
    pub fn new(folder: &Path, arguments: &[String]) -> Self {
        Self {
            folder: folder.to_owned(),
            command_line: arguments.join(" "),
            files: Vec::new(),
        }
    }

    /// Does what the registers ask for; the exit code if the program ends.
    pub fn answer(&mut self, hart: &mut Hart, bus: &mut Bus) -> Option<i32> {
        const SYS_EXIT: u32 = 0x18;
        const SYS_EXIT_EXTENDED: u32 = 0x20;
        let (operation, parameter) = (hart.register(A0), hart.register(A1));
        match operation {
            SYS_EXIT => Some(exit_code(parameter, 0)),
            SYS_EXIT_EXTENDED => {
                let block = [0, 4].map(|offset| bus.read(parameter.wrapping_add(offset), 4));
                Some(match block {
                    [Ok(reason), Ok(code)] => exit_code(reason, code),
                    _ => 1,
                })
            }
            _ => {
                let answer = self.answer_operation(operation, parameter, bus);
                hart.set_register(A0, answer.unwrap_or(FAILED));
                None
            }
        }
    }

    fn answer_operation(
        &mut self,
        operation: u32,
        block: u32,
        bus: &mut Bus,
    ) -> Result<u32, AccessFault> {
        const SYS_OPEN: u32 = 0x01;
        const SYS_CLOSE: u32 = 0x02;
        const SYS_WRITE: u32 = 0x05;
        const SYS_GET_CMDLINE: u32 = 0x15;
        let word = |index: u32| bus.read(block.wrapping_add(4 * index), 4);
        match operation {
            SYS_OPEN => {
                let name = bus.bytes(word(0)?, word(2)?)?;
                let name = String::from_utf8_lossy(name).into_owned();
                Ok(self.create(&name))
            }
            SYS_CLOSE => {
                let file = self.file(word(0)?);
                Ok(file.and_then(Option::take).map_or(FAILED, |_| 0))
            }
            SYS_WRITE => {
                let bytes = bus.bytes(word(1)?, word(2)?)?;
                let file = self.file(word(0)?).and_then(Option::as_mut);
                let is_written = file.is_some_and(|file| file.write_all(bytes).is_ok());
                // The answer is how many bytes were not written.
                Ok(if is_written { 0 } else { bytes.len() as u32 })
            }
            SYS_GET_CMDLINE => {
                let length = self.command_line.len() as u32;
                if word(1)? <= length {
                    return Ok(FAILED);
                }
                let text = bus.bytes_mut(word(0)?, length + 1)?;
                text[..length as usize].copy_from_slice(self.command_line.as_bytes());
                text[length as usize] = 0;
                bus.write(block.wrapping_add(4), 4, length)?;
                Ok(0)
            }
            _ => Ok(FAILED),
        }
    }

    /// Makes a file in the folder; its handle.
    fn create(&mut self, name: &str) -> u32 {
        match File::create(self.folder.join(name)) {
            Ok(file) => {
                self.files.push(Some(file));
                self.files.len() as u32
            }
            Err(_) => FAILED,
        }
    }

    fn file(&mut self, handle: u32) -> Option<&mut Option<File>> {
        self.files.get_mut((handle as usize).checked_sub(1)?)
    }
}

fn exit_code(reason: u32, code: u32) -> i32 {
    if reason == APPLICATION_EXIT {
        code as i32
    } else {
        1
    }
}
