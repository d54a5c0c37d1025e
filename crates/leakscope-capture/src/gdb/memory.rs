//! The target's memory through the server.

use std::ops::Range;

use super::client::{Client, refused};
use super::error::GdbError;
use super::server::Server;
use super::{features, hex, reply};
use crate::memory::{Memory, MemoryError, Registers};

impl Client {
    /// The registers of all threads: servers have one for each core or, if they know the operating system, one for each
    /// task. None if the server does not give them; those that it does not know are 0.
    pub(super) fn registers(&mut self) -> Vec<Registers> {
        let threads = self.threads().unwrap_or_default();
        if threads.is_empty() {
            let values = self.registers_of_current();
            return values
                .map(|values| Registers { number: 1, values })
                .into_iter()
                .collect();
        }
        let mut all = Vec::new();
        for (name, number) in threads {
            let choice = format!("Hg{name}");
            if self.ask_for_ok(choice.as_bytes(), "a thread").is_ok() {
                let values = self.registers_of_current();
                all.extend(values.map(|values| Registers { number, values }));
            }
        }
        // The next question is one about any thread.
        let _ = self.ask_for_ok(b"Hg0", "a thread");
        all
    }

    fn registers_of_current(&mut self) -> Option<Vec<u8>> {
        let answer = self.ask(b"g", "the target's registers").ok()?;
        let known = answer
            .iter()
            .map(|&digit| if digit == b'x' { b'0' } else { digit });
        let values = hex::decode(&known.collect::<Vec<u8>>())?;
        (!values.is_empty()).then_some(values)
    }

    /// The threads, as the server calls them, and their numbers.
    fn threads(&mut self) -> Result<Vec<(String, u64)>, GdbError> {
        /// More than any device has; a server may never come to an end.
        const MOST: usize = 1024;
        let mut threads = Vec::new();
        let mut request = &b"qfThreadInfo"[..];
        while threads.len() < MOST {
            let answer = self.ask(request, "its threads")?;
            let Some(list) = answer.strip_prefix(b"m") else {
                break;
            };
            for name in String::from_utf8_lossy(list).split(',') {
                // `p1.2` is the second thread of the first process.
                let number = name.rsplit('.').next().unwrap_or_default();
                let number = u64::from_str_radix(number, 16).ok();
                threads.extend(number.map(|number| (name.to_owned(), number)));
            }
            request = b"qsThreadInfo";
        }
        Ok(threads)
    }

    /// Where the target has RAM, if the server says it.
    pub(super) fn ram(&mut self) -> Result<Vec<Range<u64>>, GdbError> {
        /// Some servers know flash alone, and call all addresses between it RAM. No device here has more than this.
        const LARGEST: u64 = 64 << 20;
        // OpenOCD is one of these, whatever lies between.
        if !self.features.has_memory_map || self.server == Server::OpenOcd {
            return Ok(Vec::new());
        }
        let map = self.transfer("memory-map", "")?;
        let mut ram = features::ram(&map);
        ram.retain(|range| range.end - range.start <= LARGEST);
        Ok(ram)
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
            if !self.reads_patiently && self.interrupt.is_past_grace() {
                return Err(GdbError::TooSlow.into());
            }
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
