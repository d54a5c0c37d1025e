//! The target's memory through the server.

use super::client::{Client, refused};
use super::error::GdbError;
use super::{hex, reply};
use crate::memory::{Memory, MemoryError};

impl Client {
    /// All registers of the current thread; none if the server does not give them. Those that it does not know are 0.
    pub(super) fn registers(&mut self) -> Vec<u8> {
        let Ok(answer) = self.ask(b"g", "the target's registers") else {
            return Vec::new();
        };
        let known = answer
            .iter()
            .map(|&digit| if digit == b'x' { b'0' } else { digit });
        hex::decode(&known.collect::<Vec<u8>>()).unwrap_or_default()
    }

    /// Whether memory can be read now.
    pub fn can_read_memory(&self) -> bool {
        !self.is_running || self.server.reads_running_target()
    }

    /// Reads as much as the server gives at once.
    fn read_part(&mut self, address: u64, bytes: &mut [u8]) -> Result<usize, MemoryError> {
        let is_binary = self.features.has_binary_upload;
        let letter = if is_binary { 'x' } else { 'm' };
        let request = format!("{letter}{address:x},{:x}", bytes.len());
        let answer = self.ask(request.as_bytes(), "the target's memory")?;
        let read = if is_binary {
            answer.strip_prefix(b"b").map(<[u8]>::to_owned)
        } else {
            hex::decode(&answer)
        };
        match read.filter(|read| (1..=bytes.len()).contains(&read.len())) {
            Some(read) => {
                bytes[..read.len()].copy_from_slice(&read);
                Ok(read.len())
            }
            None => Err(unmapped(address, bytes.len(), &answer)),
        }
    }

    fn write_part(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        let request = format!("M{address:x},{:x}:{}", bytes.len(), hex::encode(bytes));
        match self.ask(request.as_bytes(), "a write to the target's memory")? {
            answer if answer == b"OK" => Ok(()),
            answer => Err(unmapped(address, bytes.len(), &answer)),
        }
    }

    /// Bytes of memory that an answer, or a request, has room for in digits.
    fn part(&self) -> usize {
        (self.features.packet_size - 32) / 2
    }
}

fn unmapped(address: u64, length: usize, answer: &[u8]) -> MemoryError {
    let reason = match reply::error(answer) {
        Some(reason) => format!("the GDB server says {reason}"),
        None => refused("memory", answer).to_string(),
    };
    MemoryError::Unmapped {
        address,
        length,
        reason,
    }
}

impl Memory for Client {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        if !self.can_read_memory() {
            return Err(MemoryError::Running);
        }
        let mut done = 0;
        while done < bytes.len() {
            let end = bytes.len().min(done + self.part());
            let place = address.wrapping_add(done as u64);
            done += self.read_part(place, &mut bytes[done..end])?;
        }
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        if !self.can_read_memory() {
            return Err(MemoryError::Running);
        }
        let mut place = address;
        for part in bytes.chunks(self.part()) {
            self.write_part(place, part)?;
            place = place.wrapping_add(part.len() as u64);
        }
        Ok(())
    }
}

impl From<MemoryError> for GdbError {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Lost(source) => match source.downcast::<Self>() {
                Ok(error) => *error,
                Err(source) => Self::Refused {
                    request: "memory".to_owned(),
                    answer: source.to_string(),
                },
            },
            error => Self::Refused {
                request: "memory".to_owned(),
                answer: error.to_string(),
            },
        }
    }
}
