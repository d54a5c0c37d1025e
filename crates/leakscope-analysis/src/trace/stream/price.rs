//! What it costs to tell bytes as packets, given what the stream has held: the likelier, the cheaper.
//!
//! Prices are lengths of a proper code, `-log2` of shares, in sixteenths of a bit. Bytes that nothing
//! explains cost eight bits each, and to begin such a gap costs [`GAP`]. Whatever has not been seen before
//! has a price, too, an *escape*. All escapes that one packet can need cost less than [`GAP`] together:
//! a packet that is unusual, but valid, is never dearer than the gap that would swallow it.

use leakscope_systemview::{Frame, fields_without_length, id, varint};

use super::counts::{Counts, Topic};
use super::explain::is_silence;
use super::kinds::Kinds;
use super::news::News;
use super::texts::{is_text, text, text_end};

/// Sixteenths of a bit.
pub(super) type Price = u32;

/// One bit.
pub(super) const BIT: Price = 16;

/// A byte that nothing explains.
pub(super) const BYTE: Price = 8 * BIT;

/// To begin a gap. Earned back by 6 to 8 bytes of packets.
pub(super) const GAP: Price = 36 * BIT;

/// An id below 32, of 1,024 packets, at most.
const RARE_PREDEFINED: u64 = ONE >> 10;

/// An id that was never seen: 1 packet in 256, or more at the beginning.
const NEW: u64 = ONE >> 8;
const NEW_FIRST: u64 = 8;

/// It is one of so many of the operating system's, or of modules.
const API_IDS: u64 = 480;
const MODULE_IDS: u64 = 8192;

/// A payload whose fields are known is none of them.
const NOT_ITS_FIELDS: Price = 12 * BIT;

/// The most that a length, a count of numbers or a text costs above its bytes.
pub(super) const SURPLUS: Price = 2 * BIT;

/// A delta of a size that was never seen costs at most this, beside its bits.
const NEW_DELTA: Price = 8 * BIT;

/// A long delta costs this much more if none was so long before: in bytes that are in doubt, it is likely made of those
/// of other packets.
const ODD_DELTA: Price = 8 * BIT;

/// So much, if it is the beginning of one usual delta and the whole of another, as when what stood between them is gone.
const SPLICED_DELTA: Price = 60 * BIT;

/// And so much if no recorder writes it: the fifth byte of a number holds no more than four bits.
const NO_DELTA: Price = 1 << 20;
const MOST_IN_FIFTH: u8 = 0x0F;

/// How much less certain it is what comes where little came before.
const FEW: u32 = 6;

/// One zero more.
pub(super) const ZERO: Price = 5 * BIT / 2;

/// Payloads are read as numbers up to this many bytes.
const MOST_NUMBERS: usize = 512;

/// Numbers that cost this much more than may be are not read on: what follows will not make up for it.
const MUCH: Price = 12 * BIT;

/// Which part of a clock's period passed.
const PART_OF_PERIOD: Price = 6 * BIT;

/// A part of another clock's period passed just before: in payloads, zeros stand before powers of two, too.
const OTHER_CLOCK: Price = 40 * BIT;

/// The probability of what is certain.
const ONE: u64 = 1 << 32;

/// `log2(number)`; 0 for 0.
const fn log2(number: u64) -> Price {
    const FRACTIONS: [u8; 16] = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15];
    if number == 0 {
        return 0;
    }
    let whole = number.ilog2();
    let fraction = (number << (63 - whole)) >> 59 & 15;
    whole * BIT + FRACTIONS[fraction as usize] as Price
}

/// The price of what happens `part` times of `whole`.
const fn share(part: u32, whole: u32) -> Price {
    log2(whole as u64).saturating_sub(log2(part as u64))
}

/// The length of a number in bits; 0 for 0.
#[inline(always)]
pub(super) const fn bits_of(number: u32) -> u32 {
    32 - number.leading_zeros()
}

/// This many of a number's topmost bits say about how large it is.
const ABOUT: u32 = 8;

/// The length of a number, and its topmost bits.
const fn about(number: u32) -> u32 {
    let bits = bits_of(number);
    bits << ABOUT | number >> bits.saturating_sub(ABOUT)
}

/// The bits of a number whose length in bits is known: the topmost is set.
const fn lower_bits(number: u32) -> Price {
    bits_of(number).saturating_sub(1) * BIT
}

/// A field: an id, and the field's index. The tasks of all packets are one field.
const fn place(id: u32, index: u32) -> u32 {
    match (id, index) {
        (
            id::TASK_START_EXEC
            | id::TASK_START_READY
            | id::TASK_STOP_READY
            | id::TASK_CREATE
            | id::TASK_INFO
            | id::STACK_INFO
            | id::TASK_TERMINATE,
            0,
        ) => id::TASK_START_EXEC << 6,
        _ => id << 6 | if index < 63 { index } else { 63 },
    }
}

/// What fields packets have, where that is known: numbers, and whether a text follows these.
fn fields(id: u32) -> Option<(usize, bool)> {
    match id {
        id::INIT => Some((4, false)),
        id::NAME_RESOURCE => Some((1, true)),
        id::PRINT_FORMATTED => Some((0, true)),
        _ => fields_without_length(id).map(|(numbers, has_text)| (usize::from(numbers), has_text)),
    }
}

/// The length of a payload, in bytes.
fn length(length: usize) -> Price {
    let most = varint::length(length as u32) as u32 * BYTE + SURPLUS;
    (3 * BIT + 2 * log2(length as u64 + 1)).min(most)
}

/// Prices, given what was counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices<'c> {
    pub(super) counts: &'c Counts,
    pub(super) kinds: &'c Kinds,
    /// Of chains of packets in the bytes that are searched.
    pub(super) news: &'c [News],
}

/// A payload of which the end may be missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload<'a> {
    pub(super) bytes: &'a [u8],
    /// How long it is.
    pub(super) whole: usize,
    /// What its bytes cost if they say nothing.
    pub(super) plain: Price,
}

impl Prices<'_> {
    /// A packet up to its delta, whose payload costs `plain` if it says nothing, behind a packet with the id `before` or behind a
    /// gap; `None` if it costs much more than its bytes and `slack`.
    pub(super) fn without_delta(
        &self,
        frame: &Frame<'_>,
        plain: Price,
        before: Option<u32>,
        slack: Price,
    ) -> Option<Price> {
        let length = match frame.id {
            id if id < id::FIRST_WITH_LENGTH => 0,
            _ => varint::length(frame.payload.len() as u32),
        };
        // Recorders write 127 as two bytes.
        let id = varint::length(frame.id + u32::from(frame.id == 0x7F));
        let padding = frame.payload_start.saturating_sub(id + length) as Price * BYTE;
        let payload = Payload {
            bytes: frame.payload,
            whole: frame.payload.len(),
            plain,
        };
        let price = self.id(frame.id, before) + padding;
        let slack = (frame.payload_start as Price * BYTE + slack).saturating_sub(price) + MUCH;
        Some(price + self.payload(frame.id, payload, slack)?)
    }

    /// A packet.
    pub(super) fn packet(&self, frame: &Frame<'_>, before: Option<u32>) -> Price {
        let plain = frame.payload.len() as Price * BYTE;
        let price = self.without_delta(frame, plain, before, Price::MAX / 4);
        price.map_or(Price::MAX / 4, |price| price + self.delta(frame))
    }

    /// Whether packets with this id may well come.
    pub(super) fn has_seen(&self, id: u32) -> bool {
        self.kinds.is_known(id) || self.counts.of(Topic::Id, id) > 0 || self.more_with(id) > 0
    }

    /// How much more a packet costs because of its delta, of which this is the last byte: 0 if such are usual.
    pub(super) fn surcharge(&self, frame: &Frame<'_>, last: u8) -> Price {
        let is_of_five =
            frame.length - frame.payload_start - frame.payload.len() == varint::MAX_LENGTH;
        if is_of_five && last > MOST_IN_FIFTH {
            NO_DELTA
        } else if is_silence(frame)
            || !self.kinds.is_odd_delta(frame.delta)
            || self.more_as_long(bits_of(frame.delta)) > 1
        {
            0
        } else if self.is_spliced(frame) {
            SPLICED_DELTA
        } else {
            ODD_DELTA
        }
    }

    /// Whether a delta is made of two that are usual for such packets: a part of one, then all of another.
    fn is_spliced(&self, frame: &Frame<'_>) -> bool {
        let topic = Topic::DeltasOf(frame.id);
        let is_usual =
            |delta| 8 * self.counts.of(topic, about(delta)) >= self.counts.all(topic).max(32);
        (14..28).step_by(7).any(|bits| {
            let part = frame.delta & ((1 << bits) - 1);
            let all = frame.delta >> bits;
            is_usual(all) && is_usual(all >> bits << bits | part)
        })
    }

    fn more_with(&self, id: u32) -> u32 {
        let more = self.news.iter().map(|news| news.more_with(id));
        more.max().unwrap_or(0)
    }

    fn more_as_long(&self, bits: u32) -> u32 {
        let more = self.news.iter().map(|news| news.more_as_long(bits));
        more.max().unwrap_or(0)
    }

    /// A packet's id.
    pub(super) fn id(&self, id: u32, before: Option<u32>) -> Price {
        let counts = self.counts;
        let seen = u64::from(counts.of(Topic::Id, id) + self.more_with(id));
        let packets = u64::from(counts.all(Topic::Id)) + 32;
        let new = NEW.max(ONE * NEW_FIRST / packets);
        // In 64ths of a packet.
        let (prior, least) = match id {
            id::ISR_ENTER..=id::TASK_STOP_READY | id::IDLE | id::ISR_TO_SCHEDULER => {
                (128, RARE_PREDEFINED)
            }
            id::NOP => (1, RARE_PREDEFINED >> 2),
            1..id::FIRST_API => (16, RARE_PREDEFINED),
            _ if self.kinds.is_known(id) => (32, new / MODULE_IDS),
            id::FIRST_API..id::FIRST_MODULE => (0, new / API_IDS),
            _ => (0, new / MODULE_IDS),
        };
        let alone = ((64 * seen + prior) * ONE / (64 * packets)).clamp(least, ONE - 1);
        let likely = match before {
            None => alone,
            Some(before) => {
                let all = u64::from(counts.all(Topic::Behind(before)));
                let behind = u64::from(counts.of(Topic::Behind(before), id)).min(all);
                // The share of what is known behind that id falls to a quarter as that is known better.
                let rest = (8 * ONE / (all + 8)).max(ONE / 4);
                let known = (ONE - rest).checked_div(all).unwrap_or(0) * behind;
                known + ((alone * (rest >> 16)) >> 16)
            }
        };
        32 * BIT - log2(likely.max(1))
    }

    /// A packet's delta.
    pub(super) fn delta(&self, frame: &Frame<'_>) -> Price {
        let length = frame.length - frame.payload_start - frame.payload.len();
        if varint::length(frame.delta) != length {
            return NEW_DELTA + length as u32 * BYTE;
        }
        if is_silence(frame) {
            return PART_OF_PERIOD;
        }
        let bits = bits_of(frame.delta);
        let seen = self.counts.of(Topic::Deltas, bits) + self.more_as_long(bits);
        let size = share(4 * seen + 1, 4 * self.counts.all(Topic::Deltas) + 32);
        let by_size = size.min(NEW_DELTA) + lower_bits(frame.delta);
        // A second is also the clock's frequency, and costs as little as in a gap.
        let known = self.anywhere(frame.delta);
        let by_size = known.map_or(by_size, |known| by_size.min(known));
        let topic = Topic::DeltasOf(frame.id);
        let all = self.counts.all(topic);
        if all == 0 {
            return by_size;
        }
        let price = match self.counts.of(topic, about(frame.delta)) {
            0 => by_size,
            alike => {
                let rest = bits.saturating_sub(ABOUT) * BIT;
                by_size.min(share(alike, all + FEW) + rest)
            }
        };
        // Which of the two it is costs one bit.
        BIT + price
    }

    /// How much more a silence costs behind one of so many ticks: nothing if it is a quarter where that is a half, or the other way
    /// round, and such were told. The first that is told costs about as much as its bytes.
    pub(super) fn other_part(&self, before: u32, delta: u32) -> Price {
        let bits = bits_of(delta);
        let is_told = self.counts.of(Topic::DeltasOf(id::NOP), about(delta)) > 0
            || self.news.iter().any(|news| news.has_silences(bits));
        match bits_of(before).abs_diff(bits) {
            0 => 0,
            1 if is_told => 0,
            1 => (varint::length(delta) as Price - 1) * PART_OF_PERIOD,
            _ => OTHER_CLOCK,
        }
    }

    /// The fields of a packet; `None` if they cost more than their bytes and `slack`.
    pub(super) fn payload(&self, id: u32, payload: Payload<'_>, slack: Price) -> Option<Price> {
        if id < id::FIRST_WITH_LENGTH {
            return self.known_fields(id, payload, slack);
        }
        let raw = length(payload.whole) + payload.plain + BIT;
        let numbers = if fields(id).is_some() {
            self.known_fields(id, payload, slack)
        } else {
            self.all_numbers(id, payload, slack.min(NOT_ITS_FIELDS))
        };
        let other = if id < id::EX { NOT_ITS_FIELDS } else { 0 };
        Some(numbers.map_or(raw + other, |numbers| numbers.min(raw + other)))
    }

    /// A payload that is numbers and nothing else.
    fn all_numbers(&self, id: u32, payload: Payload<'_>, slack: Price) -> Option<Price> {
        let Payload { bytes, whole, .. } = payload;
        let (price, end) = self.numbers(id, bytes, usize::MAX, slack)?;
        if bytes.len() < whole {
            return Some(price + (bytes.len() - end) as u32 * BYTE + length(whole));
        }
        let count = varint::Numbers::new(bytes).count() as u32;
        let seen = self.counts.of(Topic::Arity(id), count);
        let arity = share(4 * seen + 1, 4 * self.counts.all(Topic::Arity(id)) + 32);
        (end == bytes.len()).then_some(price + arity.min(BYTE + SURPLUS))
    }

    /// A payload of fields that are known.
    fn known_fields(&self, id: u32, payload: Payload<'_>, slack: Price) -> Option<Price> {
        let Payload { bytes, whole, .. } = payload;
        let (numbers, has_text) = fields(id)?;
        let (price, at) = self.numbers(id, bytes, numbers, slack)?;
        let rest = bytes.get(at..).unwrap_or_default();
        if id < id::FIRST_WITH_LENGTH {
            return Some(
                price
                    + if has_text {
                        text(rest)
                    } else {
                        rest.len() as u32 * BYTE
                    },
            );
        }
        if bytes.len() < whole {
            return Some(price + length(whole) + text(rest));
        }
        let price = price + SURPLUS;
        if !has_text {
            return rest.is_empty().then_some(price);
        }
        let end = text_end(bytes, at)?;
        let behind = &bytes[end..];
        let mut arguments = varint::Numbers::new(behind);
        let count = arguments.by_ref().nth(1);
        let fits = id != id::PRINT_FORMATTED
            || count.is_none_or(|count| arguments.clone().count() == count as usize);
        let (numbers, length) = self.numbers(id, behind, usize::MAX, slack)?;
        (fits && length == behind.len()).then_some(price + text(&bytes[at..end]) + numbers)
    }

    /// At most `count` numbers; their price, and where they end. Gives up where they cost more than their bytes and
    /// `slack`.
    fn numbers(&self, id: u32, bytes: &[u8], count: usize, slack: Price) -> Option<(Price, usize)> {
        let (mut at, mut price, mut index) = (0, 0, 0);
        let mut before = None;
        while index < count && at < bytes.len() {
            if at >= MOST_NUMBERS || price > at as u32 * BYTE + slack {
                return None;
            }
            let Ok((number, next)) = varint::read(bytes, at) else {
                break;
            };
            price += if number == 0 && before == Some(0) {
                ZERO
            } else {
                self.number(number, next - at, place(id, index as u32))
            };
            (at, before, index) = (next, Some(number), index + 1);
        }
        Some((price, at))
    }

    /// A number of `length` bytes in its place.
    fn number(&self, number: u32, length: usize, place: u32) -> Price {
        let most = length as u32 * BYTE + BIT;
        if varint::length(number) != length {
            return most;
        }
        let counts = self.counts;
        let all = counts.all(Topic::Values(place));
        let seen = counts.of(Topic::Values(place), number);
        if seen > 0 {
            // What came a few times is not certain yet.
            return (BIT + share(seen, all + FEW)).min(most);
        }
        let mut price = most;
        if all > 0 {
            let size = counts.of(Topic::Sizes(place), bits_of(number));
            let size = share(4 * size + 1, 4 * all + 32).min(6 * BIT);
            price = price.min(2 * BIT + size + lower_bits(number));
        }
        if number >> 20 != 0 {
            let near = counts.of(Topic::Near(place), number >> 12);
            if near > 0 {
                price = price.min(14 * BIT + share(near, counts.all(Topic::Near(place))));
            }
            let elsewhere = self.anywhere(number).or_else(|| self.nearby(number));
            price = price.min(elsewhere.unwrap_or(Price::MAX));
        }
        price
    }

    /// A large number that stood in any place before.
    pub(super) fn anywhere(&self, number: u32) -> Option<Price> {
        let is_known = number >> 20 != 0 && self.counts.of(Topic::Anywhere, number) > 0;
        is_known.then(|| 8 * BIT + log2(u64::from(self.counts.all(Topic::Anywhere))))
    }

    /// A large number near one that stood in any place before.
    fn nearby(&self, number: u32) -> Option<Price> {
        let is_known = number >> 20 != 0 && self.counts.of(Topic::Nearby, number >> 12) > 0;
        is_known.then(|| 20 * BIT + log2(u64::from(self.counts.all(Topic::Nearby))))
    }
}

impl Counts {
    /// Counts a packet, behind one with the id `before`.
    pub(super) fn learn(&mut self, id: u32, payload: &[u8], delta: u32, before: Option<u32>) {
        if id == id::NOP {
            // However long a recorder is silent, silence is found in payloads no more often: only that it was told teaches.
            if self.of(Topic::DeltasOf(id), about(delta)) == 0 {
                self.add(Topic::DeltasOf(id), about(delta));
            }
            return;
        }
        if let Some(before) = before {
            self.add(Topic::Behind(before), id);
        }
        self.add(Topic::Id, id);
        self.add(Topic::Deltas, bits_of(delta));
        self.add(Topic::DeltasOf(id), about(delta));
        let known = fields(id);
        let mut numbers = varint::Numbers::new(payload);
        let count = numbers.by_ref().count();
        let is_numbers = numbers.is_whole() && payload.len() <= MOST_NUMBERS && !is_text(payload);
        if known.is_none() && !is_numbers {
            return;
        }
        if known.is_none() {
            self.add(Topic::Arity(id), count as u32);
        }
        let count = known.map_or(count, |(numbers, _)| numbers);
        for (index, number) in varint::Numbers::new(payload).take(count).enumerate() {
            let place = place(id, index as u32);
            self.add(Topic::Values(place), number);
            self.add(Topic::Sizes(place), bits_of(number));
            if number >> 20 != 0 {
                self.add(Topic::Near(place), number >> 12);
                for (topic, symbol) in [(Topic::Anywhere, number), (Topic::Nearby, number >> 12)] {
                    if self.of(topic, symbol) == 0 {
                        self.add(topic, symbol);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain::Plain;
    use super::*;
    use crate::trace::layout::Part;

    /// Bytes that are as good as random, the same each time.
    fn bytes(seed: u64, count: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    /// A gap in a packet's place is dearer than the packet, whatever it says and whatever was seen before it: a payload, too, of
    /// numbers that are cheap in a gap.
    #[test]
    fn all_escapes_together_cost_less_than_a_gap() {
        let mut counts = Counts::default();
        let kinds = Kinds::new(&Part::default());
        let mut checked = 0;
        for seed in 1..60 {
            let mut bytes = bytes(seed, 600);
            for at in (0..590).step_by(16) {
                bytes[at..at + 4].copy_from_slice(&[0x80, 0x80, 0x80, 2]);
            }
            for at in 0..bytes.len() {
                let Ok(frame) = Frame::split(&bytes[at..]) else {
                    continue;
                };
                if !super::super::explain::is_packet(&frame) {
                    continue;
                }
                let prices = Prices {
                    counts: &counts,
                    kinds: &kinds,
                    news: &[],
                };
                let last = bytes[at + frame.length - 1];
                let odd = prices.surcharge(&frame, last).min(ODD_DELTA);
                // Where the payload has no length, its fields are told by their kinds.
                let start = frame.payload_start;
                let known = match frame.id {
                    ..id::FIRST_WITH_LENGTH => 0..0,
                    _ => start..start + frame.payload.len(),
                };
                let others = (frame.length - known.len()) as Price * BYTE;
                let payload = Plain::of(&bytes[at..], prices).price(known);
                let before = Some(id::ISR_EXIT);
                let price = prices.without_delta(&frame, payload, before, Price::MAX / 4);
                let price = price.expect("any slack will do") + prices.delta(&frame) + odd;
                let most = payload + others + GAP;
                assert!(price < most, "{price} of {most}: {frame:?}");
                checked += 1;
                if checked % 7 == 0 {
                    counts.learn(513, &[0x80, 0x80, 0x80, 2], 20, None);
                    counts.learn(id::ISR_ENTER, &[5], 300, Some(id::ISR_EXIT));
                    counts.learn(id::ISR_EXIT, &[], 20, Some(id::ISR_ENTER));
                }
            }
        }
        assert!(checked > 5000, "{checked}");
    }

    #[test]
    fn logarithms() {
        assert_eq!([0, 1, 2, 3, 1024].map(log2), [0, 0, 16, 25, 160]);
    }
}
