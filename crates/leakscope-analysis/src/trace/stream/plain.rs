//! What bytes cost as nothing but bytes: in a gap, and in a payload that says nothing else.

use std::ops::Range;

use leakscope_systemview::varint;

use super::price::{BYTE, Price, Prices, ZERO};

/// The bytes of a window. One price for both, so that no gap is cheaper than the packets that it would swallow.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// At each offset, the length and the price of what costs less than its bytes.
    cheap: Vec<Option<(usize, Price)>>,
    /// What the bytes up to each offset cost.
    sums: Vec<Price>,
}

impl Plain {
    pub(super) fn of(bytes: &[u8], prices: Prices<'_>) -> Self {
        let cheap = (0..bytes.len()).map(|at| cheap(&bytes[at..], prices));
        let cheap: Vec<_> = cheap.collect();
        let mut sums = vec![Price::MAX; bytes.len() + 1];
        sums[0] = 0;
        for (at, &cheap) in cheap.iter().enumerate() {
            for (length, price) in [Some((1, BYTE)), cheap].into_iter().flatten() {
                sums[at + length] = sums[at + length].min(sums[at] + price);
            }
        }
        Self { cheap, sums }
    }

    /// What stands there and costs less than its bytes, if anything does: its length, and its price.
    pub(super) fn cheap(&self, at: usize) -> Option<(usize, Price)> {
        self.cheap[at]
    }

    /// No more than these bytes cost in a gap.
    pub(super) fn price(&self, place: Range<usize>) -> Price {
        self.sums[place.end].saturating_sub(self.sums[place.start])
    }
}

/// Two zeros, or a number of three bytes or more that the stream has held before: what is left of packets consists of such.
fn cheap(bytes: &[u8], prices: Prices<'_>) -> Option<(usize, Price)> {
    if bytes.starts_with(&[0, 0]) {
        return Some((2, 2 * ZERO));
    }
    let (number, length) = varint::read(bytes, 0).ok()?;
    let is_long = length >= 3 && varint::length(number) == length;
    let price = prices.anywhere(number).filter(|_| is_long)?;
    (price < length as Price * BYTE).then_some((length, price))
}
