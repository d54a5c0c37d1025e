//! The bytes that live, as a curve: of each millisecond the least, the most and the last value, so that a long
//! recording can be drawn at all.

use std::io;

use super::packet::{Happening, Packets};

const MILLISECOND: u64 = 1_000_000;

/// The millisecond that is under way.
#[derive(Debug, Default)]
pub(super) struct Level {
    track: u64,
    /// Times and values: the least, the most, the last.
    values: Option<[(u64, u64); 3]>,
}

impl Level {
    /// From now on, so many bytes live.
    pub(super) fn set(
        &mut self,
        now: u64,
        bytes: u64,
        track: u64,
        packets: &mut Packets<'_>,
    ) -> io::Result<()> {
        let is_over = |last: u64| last / MILLISECOND != now / MILLISECOND;
        if self.values.is_some_and(|values| is_over(values[2].0)) {
            self.flush(packets)?;
        }
        self.track = track;
        let value = (now, bytes);
        let [least, most, last] = self.values.get_or_insert([value; 3]);
        if bytes < least.1 {
            *least = value;
        }
        if bytes > most.1 {
            *most = value;
        }
        *last = value;
        Ok(())
    }

    /// Writes what is there.
    pub(super) fn flush(&mut self, packets: &mut Packets<'_>) -> io::Result<()> {
        let Some(mut values) = self.values.take() else {
            return Ok(());
        };
        values[..2].sort_unstable();
        let [first, second, last] = values;
        packets.happening(first.0, self.track, &Happening::Value(first.1))?;
        if second != first {
            packets.happening(second.0, self.track, &Happening::Value(second.1))?;
        }
        if last != second {
            packets.happening(last.0, self.track, &Happening::Value(last.1))?;
        }
        Ok(())
    }
}
