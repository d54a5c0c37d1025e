//! What is remembered of an input: enough to notice that it holds other bytes by now. What is only added to keeps all of it.

use std::io;

/// Whether what was read of an input still stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All that is remembered of it does.
    Whole,
    /// The input is shorter than what was read of it.
    Shorter,
    /// Other bytes stand where these stood.
    Other,
}

/// The bytes at both ends of what was read of an input.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    first: Vec<u8>,
    /// Those before `end`.
    last: Vec<u8>,
    /// How far it was ever read.
    end: u64,
}

/// Of headers, which are alike in all recordings of a program, and the first packets, which are not.
const FIRST: usize = 1024;

const LAST: usize = 4096;

impl Remembered {
    /// How far it was ever read, in bytes.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Whether bytes up to here are new.
    pub fn is_new(&self, behind: u64) -> bool {
        behind > self.end
    }

    /// These bytes were read at this offset.
    pub fn learn(&mut self, offset: u64, bytes: &[u8]) {
        let behind = offset + bytes.len() as u64;
        if offset <= self.first.len() as u64 {
            let known = self.first.len() - offset as usize;
            let room = FIRST - self.first.len();
            let new = bytes.get(known..).unwrap_or_default();
            self.first.extend(&new[..new.len().min(room)]);
        }
        if !self.is_new(behind) {
            return;
        }
        // What lies between was not read.
        if offset > self.end {
            self.last.clear();
        }
        let known = self.end.saturating_sub(offset) as usize;
        let new = &bytes[known..];
        self.last.extend(&new[new.len().saturating_sub(LAST)..]);
        self.last.drain(..self.last.len().saturating_sub(LAST));
        self.end = behind;
    }

    /// Whether all of it stands in this input still, which is read by `read_at` (where, and into what; how much there was).
    ///
    /// # Errors
    /// Those of `read_at`.
    pub fn is_in(
        &self,
        mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Standing> {
        match stand(&self.first, 0, &mut read_at)? {
            Standing::Whole => self.ends_in(read_at),
            gone => Ok(gone),
        }
    }

    /// As [`Remembered::is_in`], of the end alone: who writes another recording comes there before anything new is seen behind it.
    ///
    /// # Errors
    /// Those of `read_at`.
    pub fn ends_in(
        &self,
        read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Standing> {
        stand(&self.last, self.end - self.last.len() as u64, read_at)
    }
}

/// Whether these bytes stand here.
fn stand(
    bytes: &[u8],
    offset: u64,
    mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
) -> io::Result<Standing> {
    let mut room = [0; LAST];
    let mut found = 0;
    while found < bytes.len() {
        match read_at(offset + found as u64, &mut room[found..bytes.len()])? {
            0 => return Ok(Standing::Shorter),
            count => found += count,
        }
    }
    Ok(if room[..found] == *bytes {
        Standing::Whole
    } else {
        Standing::Other
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read in pieces of any length, twice, or with a gap: both ends are those of what was read.
    #[test]
    fn both_ends_are_known_however_they_were_read() {
        let bytes: Vec<u8> = (0..20_000u32).map(|n| ((n * n) >> 5) as u8).collect();
        for step in [1, 7, 4095, 4096, 4097, 9000] {
            let mut remembered = Remembered::default();
            for begin in (0..15_000).step_by(step) {
                let end = begin + step;
                remembered.learn(begin as u64, &bytes[begin..end.min(bytes.len())]);
                remembered.learn(begin as u64 / 2, &bytes[begin / 2..begin / 2 + 10]);
                let end = remembered.end as usize;
                assert_eq!(remembered.first, bytes[..end.min(FIRST)]);
                assert_eq!(remembered.last, bytes[end.saturating_sub(LAST)..end]);
            }
            remembered.learn(19_000, &bytes[19_000..19_500]);
            assert_eq!(remembered.last, bytes[19_000..19_500]);
        }
    }
}
