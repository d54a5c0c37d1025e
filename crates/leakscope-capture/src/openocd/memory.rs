//! OpenOCD as the target's memory.

use super::client::Client;
use super::error::OpenOcdError;
use super::target::number;
use crate::memory::{Memory, MemoryError};

/// Elements in one request: OpenOCD allows 64 Ki.
const MOST: usize = 4096;

impl Memory for Client {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        let mut address = address;
        for piece in bytes.chunks_mut(4 * MOST) {
            let width = width(address, piece.len());
            let count = piece.len() / width;
            let script = format!("read_memory {address:#x} {} {count}", 8 * width);
            let text = self
                .query(&script)
                .map_err(|error| memory_error(error, address, piece.len()))?;
            let values: Option<Vec<u64>> = text.split_whitespace().map(number).collect();
            let values = values
                .filter(|values| values.len() == count)
                .ok_or_else(|| OpenOcdError::refused(&script, &text))?;
            for (place, value) in piece.chunks_mut(width).zip(values) {
                place.copy_from_slice(&value.to_le_bytes()[..width]);
            }
            address += piece.len() as u64;
        }
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        let mut address = address;
        for piece in bytes.chunks(4 * MOST) {
            let width = width(address, piece.len());
            let values: Vec<String> = piece
                .chunks(width)
                .map(|bytes| {
                    let add = |value, &byte| value << 8 | u32::from(byte);
                    let value = bytes.iter().rev().fold(0u32, add);
                    format!("{value:#x}")
                })
                .collect();
            let list = values.join(" ");
            let script = format!("write_memory {address:#x} {} {{{list}}}", 8 * width);
            self.query(&script)
                .map_err(|error| memory_error(error, address, piece.len()))?;
            address += piece.len() as u64;
        }
        Ok(())
    }
}

/// Words if that is possible, else bytes.
fn width(address: u64, length: usize) -> usize {
    if address.is_multiple_of(4) && length.is_multiple_of(4) {
        4
    } else {
        1
    }
}

fn memory_error(error: OpenOcdError, address: u64, length: usize) -> MemoryError {
    match error {
        OpenOcdError::Refused { answer, .. } if answer.contains("not halted") => {
            MemoryError::Running
        }
        OpenOcdError::Refused { answer, .. } => MemoryError::Unmapped {
            address,
            length,
            reason: answer,
        },
        error => error.into(),
    }
}
