//! The bytes that live, as a curve: of each millisecond the least, the most and the last value, so that a long
//! recording can be drawn at all.

const MILLISECOND: u64 = 1_000_000;

/// The bytes that live, and the millisecond that is under way.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) bytes: u64,
    /// Times and values: the least, the most, the last.
    values: Option<[(u64, u64); 3]>,
}

impl Level {
    /// What the level was in the millisecond that is over `now`; nothing if it is under way.
    pub(super) fn take_until(&mut self, now: u64) -> Vec<(u64, u64)> {
        let is_over = |[.., (last, _)]: &mut [_; 3]| *last / MILLISECOND != now / MILLISECOND;
        let over = self.values.take_if(is_over);
        over.map(in_order).unwrap_or_default()
    }

    /// What the level was in the last millisecond.
    pub(super) fn take(&mut self) -> Vec<(u64, u64)> {
        self.values.take().map(in_order).unwrap_or_default()
    }

    /// From now on it is what it is.
    pub(super) fn note(&mut self, now: u64) {
        let value = (now, self.bytes);
        let [least, most, last] = self.values.get_or_insert([value; 3]);
        if value.1 < least.1 {
            *least = value;
        }
        if value.1 > most.1 {
            *most = value;
        }
        *last = value;
    }
}

/// Each value once, in order of time.
fn in_order([least, most, last]: [(u64, u64); 3]) -> Vec<(u64, u64)> {
    let mut values = vec![least.min(most), least.max(most), last];
    values.dedup();
    values
}
