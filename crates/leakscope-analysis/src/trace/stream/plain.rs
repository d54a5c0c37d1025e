//! What bytes cost as nothing but bytes: in a gap, and in a payload that says nothing else. One price for both, so that no gap is
//! cheaper than the packets that it would swallow.

use std::ops::Range;

use leakscope_systemview::varint;

use super::price::{BYTE, Price, Prices};

/// The bytes of a window.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// At each offset, the length and the price of a number that the stream has held before.
    numbers: Vec<Option<(usize, Price)>>,
    /// What the bytes up to each offset cost.
    sums: Vec<Price>,
}

impl Plain {
    pub(super) fn of(bytes: &[u8], prices: Prices<'_>) -> Self {
        let numbers = (0..bytes.len()).map(|at| number(&bytes[at..], prices));
        let numbers: Vec<_> = numbers.collect();
        let mut sums = vec![Price::MAX; bytes.len() + 1];
        sums[0] = 0;
        for (at, &number) in numbers.iter().enumerate() {
            for (length, price) in [Some((1, BYTE)), number].into_iter().flatten() {
                sums[at + length] = sums[at + length].min(sums[at] + price);
            }
        }
        Self { numbers, sums }
    }

    /// The number that the stream has held before, if one stands there: its length, and its price.
    pub(super) fn number(&self, at: usize) -> Option<(usize, Price)> {
        self.numbers[at]
    }

    /// No more than these bytes cost in a gap.
    pub(super) fn price(&self, place: Range<usize>) -> Price {
        self.sums[place.end].saturating_sub(self.sums[place.start])
    }
}

/// A number of three bytes or more that the stream has held before: what is left of packets consists of such.
fn number(bytes: &[u8], prices: Prices<'_>) -> Option<(usize, Price)> {
    let (number, length) = varint::read(bytes, 0).ok()?;
    let is_long = length >= 3 && varint::length(number) == length;
    let price = prices.anywhere(number).filter(|_| is_long)?;
    (price < length as Price * BYTE).then_some((length, price))
}
