//! What is remembered of an input: enough to notice that it holds another recording by now. What is only added to keeps all of it.

use std::io;

use leakscope_analysis::trace::Feed;

/// What was read is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// The input has become shorter.
    #[error(
        "The recording is shorter than it was: it was cut off, or another is written in its place. What was read before stays \
         here; start again to look at what is there now."
    )]
    Shorter,
    /// Other bytes stand where these stood.
    #[error(
        "The recording has become another one: other bytes stand in its file than were read. What was read before stays here; \
         start again to look at what is there now."
    )]
    Other,
}

impl From<Gone> for io::Error {
    fn from(gone: Gone) -> Self {
        Self::other(gone)
    }
}

/// The bytes at both ends of what was read of an input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    first: Vec<u8>,
    /// Those before `end`.
    last: Vec<u8>,
    /// How far it was ever read.
    pub(crate) end: u64,
}

/// Of headers, which are alike in all recordings of a program, and the first packets, which are not.
const FIRST: usize = 1024;

const LAST: usize = 4096;

impl Remembered {
    /// Whether bytes up to here are new.
    pub(crate) fn is_new(&self, behind: u64) -> bool {
        behind > self.end
    }

    /// These were read.
    pub(crate) fn learn(&mut self, offset: u64, bytes: &[u8]) {
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

    /// Whether all of it stands in this input still: if not, or if that cannot be read, the error says so.
    pub(crate) fn is_in<F>(&self, feed: &mut F, input: usize) -> io::Result<()>
    where
        F: Feed<Error = io::Error> + ?Sized,
    {
        stand(&self.first, feed, input, 0)?;
        self.ends_in(feed, input)
    }

    /// As [`Remembered::is_in`], of the end alone: who writes another recording comes there before anything new is seen behind it.
    pub(crate) fn ends_in<F>(&self, feed: &mut F, input: usize) -> io::Result<()>
    where
        F: Feed<Error = io::Error> + ?Sized,
    {
        stand(&self.last, feed, input, self.end - self.last.len() as u64)
    }
}

/// These bytes stand here.
fn stand<F>(bytes: &[u8], feed: &mut F, input: usize, offset: u64) -> io::Result<()>
where
    F: Feed<Error = io::Error> + ?Sized,
{
    let mut room = [0; LAST];
    let mut found = 0;
    while found < bytes.len() {
        let count = feed.read_at(input, offset + found as u64, &mut room[found..bytes.len()])?;
        if count == 0 {
            return Err(Gone::Shorter.into());
        }
        found += count;
    }
    if room[..found] == *bytes {
        Ok(())
    } else {
        Err(Gone::Other.into())
    }
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
