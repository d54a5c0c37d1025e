//! What it costs to tell bytes as packets, given what the stream has held: the likelier, the cheaper.
//!
//! Prices are lengths of a proper code, `-log2` of shares, in sixteenths of a bit. Bytes that nothing
//! explains cost eight bits each, and to begin such a gap costs [`GAP`]. Whatever has not been seen before
//! has a price, too, an *escape*. All escapes that one packet can need cost less than [`GAP`] together:
//! a packet that is unusual, but valid, is never dearer than the gap that would swallow it.

use leakscope_systemview::{fields_without_length, id, varint};

use super::counts::{Counts, Topic};

/// Sixteenths of a bit.
pub(super) type Price = u32;

/// One bit.
pub(super) const BIT: Price = 16;

/// A byte that nothing explains.
pub(super) const BYTE: Price = 8 * BIT;

/// To begin a gap. Earned back by 6 to 8 bytes of packets.
pub(super) const GAP: Price = 32 * BIT;

/// Ten zeros before a `TRACE_START`.
pub(super) const SYNC: Price = 12 * BIT;

/// Two zeros in a gap.
pub(super) const ZEROS_IN_GAP: Price = 21 * BIT / 2;

/// An id below 32, of 1,024 packets, at most.
const RARE_PREDEFINED: u64 = ONE >> 10;

/// An id of the operating system that was never seen: 1 packet in 256, and one id of 480.
const NEW_API: u64 = (ONE >> 8) / 480;

/// An id of a module that was never seen.
const NEW_MODULE: u64 = (ONE >> 8) / 8192;

/// A payload is what this id's usually is not: numbers, or bytes.
const OTHER_FORM: Price = 5 * BIT;

/// A payload whose fields are known is none of them.
const NOT_ITS_FIELDS: Price = 12 * BIT;

/// The most that a length, a count of numbers or a text costs above its bytes.
const SURPLUS: Price = 2 * BIT;

/// A delta of a size that was never seen costs at most this, beside its bits.
const NEW_DELTA: Price = 8 * BIT;

/// A number, or a letter, that is that before it once more, and has been so often.
pub(super) const fn repeated(times: u32) -> Price {
    if times <= 8 { 5 * BIT / 2 } else { BIT / 2 }
}

/// Payloads are read as numbers up to this many bytes.
const MOST_NUMBERS: usize = 512;

/// Numbers that cost this much more than their bytes are not read on: as bytes, they are cheaper.
const MUCH: Price = 6 * BIT;

/// The probability of what is certain.
const ONE: u64 = 1 << 32;

/// In what way a number was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It stood in its place before.
    Seen,
    /// One with the same upper 20 bits did.
    Near,
    /// Only its length in bits is known.
    Size,
}

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

const fn bits_of(number: u32) -> u32 {
    32 - number.leading_zeros()
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

/// What fields packets from 24 on have, where that is known: numbers, and whether a text follows these.
const fn fields_with_length(id: u32) -> Option<(u8, bool)> {
    match id {
        id::INIT => Some((4, false)),
        id::NAME_RESOURCE => Some((1, true)),
        id::PRINT_FORMATTED => Some((0, true)),
        _ => None,
    }
}

/// A byte of a text, at the rate of all texts.
pub(super) const fn letter(byte: u8) -> Price {
    match byte {
        b' ' | b'a' | b'c' | b'd' | b'e' | b'h' | b'i' | b'l' | b'n' | b'o' | b'r' | b's'
        | b't' | b'u' => 75,
        b'\t' | b'\n' | b'\r' | 0x1B => 7 * BIT,
        0x20..=0x7E => 6 * BIT,
        0x80.. => 17 * BIT / 2,
        _ => 14 * BIT,
    }
}

/// Prices, given what was counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices<'c> {
    pub(super) counts: &'c Counts,
    /// Ids of packets that a search has found in the bytes it looks at, and how many of each, in order: what
    /// is new there, but comes often, is no surprise each time.
    pub(super) news: &'c [(u32, u32)],
}

impl Prices<'_> {
    /// A packet's id, behind a packet with the id `before` or behind a gap.
    pub(super) fn id(&self, id: u32, before: Option<u32>) -> Price {
        let counts = self.counts;
        let news = self.news.binary_search_by_key(&id, |&(id, _)| id);
        let news = news.map_or(0, |found| self.news[found].1.saturating_sub(1));
        let seen = u64::from(counts.of(Topic::Id, id) + news);
        // In 64ths of a packet.
        let (prior, least) = match id {
            id::ISR_ENTER..=id::TASK_STOP_READY | id::IDLE | id::ISR_TO_SCHEDULER => {
                (128, RARE_PREDEFINED)
            }
            id::NOP => (1, RARE_PREDEFINED >> 2),
            1..id::FIRST_API => (16, RARE_PREDEFINED),
            _ if counts.of(Topic::Announced, id) > 0 => (32, NEW_MODULE),
            id::FIRST_API..id::FIRST_MODULE => (0, NEW_API),
            _ => (0, NEW_MODULE),
        };
        let packets = u64::from(counts.all(Topic::Id)) + 32;
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

    /// A delta that takes `length` bytes.
    pub(super) fn delta(&self, delta: u32, length: usize) -> Price {
        if varint::length(delta) != length {
            return NEW_DELTA + length as u32 * BYTE;
        }
        let seen = self.counts.of(Topic::Deltas, bits_of(delta));
        let size = share(4 * seen + 1, 4 * self.counts.all(Topic::Deltas) + 32);
        size.min(NEW_DELTA) + lower_bits(delta)
    }

    /// Whether a delta is long, and of a size that was not seen before.
    pub(super) fn is_new_delta(&self, delta: u32) -> bool {
        delta >> 20 != 0 && self.counts.of(Topic::Deltas, bits_of(delta)) == 0
    }

    /// A number of `length` bytes in its place, behind so many that are the same.
    fn number(&self, number: u32, length: usize, place: u32, repeats: u32) -> Price {
        let most = length as u32 * BYTE + BIT;
        if varint::length(number) != length {
            return most;
        }
        let (counts, all) = (self.counts, self.counts.all(Topic::Ways(place)));
        let way = |way: Way| {
            share(counts.of(Topic::Ways(place), way as u32) + 1, all + 3).min(OTHER_FORM)
        };
        let sized = counts.all(Topic::Sizes(place));
        let size = share(
            4 * counts.of(Topic::Sizes(place), bits_of(number)) + 1,
            4 * sized + 32,
        );
        let mut price = most.min(way(Way::Size) + size.min(6 * BIT) + lower_bits(number));
        let seen = counts.of(Topic::Values(place), number);
        if seen > 0 {
            price = price.min(way(Way::Seen) + share(seen, counts.all(Topic::Values(place))));
        }
        let near = counts.of(Topic::Near(place), number >> 12);
        if near > 0 {
            price =
                price.min(way(Way::Near) + share(near, counts.all(Topic::Near(place))) + 12 * BIT);
        }
        if repeats > 0 {
            price = price.min(repeated(repeats));
        }
        price.min(self.anywhere(number).unwrap_or(Price::MAX))
    }

    /// A large number that stood in any place before.
    fn anywhere(&self, number: u32) -> Option<Price> {
        let is_known = number >> 20 != 0 && self.counts.of(Topic::Anywhere, number) > 0;
        is_known.then(|| 8 * BIT + log2(u64::from(self.counts.all(Topic::Anywhere))))
    }

    /// In a gap, a number of three bytes or more that the stream has held before: what is left of packets
    /// consists of such. Its length, and its price.
    pub(super) fn in_gap(&self, bytes: &[u8]) -> Option<(usize, Price)> {
        let (number, length) = varint::read(bytes, 0).ok()?;
        let is_long = length >= 3 && varint::length(number) == length;
        let price = self.anywhere(number).filter(|_| is_long)?;
        (price < length as u32 * BYTE).then_some((length, price))
    }

    /// The fields of a packet: `payload` stands at `at` in bytes whose letters' prices are summed up in
    /// `letters`. `whole` is the payload's length, of which the end may be missing.
    pub(super) fn payload(
        &self,
        id: u32,
        payload: &[u8],
        whole: usize,
        letters: &[Price],
    ) -> Price {
        if let Some((numbers, has_text)) = fields_without_length(id) {
            let read = self.numbers(id, payload, usize::from(numbers), 0, Price::MAX);
            let Some((price, at)) = read else {
                return payload.len() as u32 * (BYTE + BIT);
            };
            let rest = if has_text {
                text(at, payload.len(), letters)
            } else {
                (payload.len() - at) as u32 * BYTE
            };
            return price + rest;
        }
        let sum = |from: usize, to: usize| letters[to] - letters[from];
        let raw = payload.len() as u32 * BYTE;
        let bytes = length(whole) + raw.min(sum(0, payload.len()) + BIT);
        if id < id::FIRST_API {
            let fields = self.fields(id, payload, whole, letters);
            return fields.unwrap_or(Price::MAX).min(NOT_ITS_FIELDS + bytes);
        }
        let forms = self.counts.all(Topic::Form(id));
        let form = |is_numbers: bool| {
            let seen = self.counts.of(Topic::Form(id), u32::from(is_numbers));
            share(seen + 1, forms + 2).min(OTHER_FORM)
        };
        let bytes = form(false) + bytes;
        let numbers = self.all_numbers(id, payload, whole, bytes);
        numbers.map_or(bytes, |numbers| bytes.min(form(true) + numbers))
    }

    /// A payload that is numbers and nothing else.
    fn all_numbers(&self, id: u32, payload: &[u8], whole: usize, most: Price) -> Option<Price> {
        let (price, end) = self.numbers(id, payload, usize::MAX, 0, most)?;
        let is_cut = payload.len() < whole;
        if end < payload.len() && !is_cut {
            return None;
        }
        let rest = (payload.len() - end) as u32 * BYTE;
        let arity = if is_cut {
            length(whole)
        } else {
            self.arity(id, payload)
        };
        Some(price + rest + arity)
    }

    /// How many numbers there are.
    fn arity(&self, id: u32, payload: &[u8]) -> Price {
        let count = arity(payload);
        let (seen, all) = (
            self.counts.of(Topic::Arity(id), count),
            self.counts.all(Topic::Arity(id)),
        );
        share(4 * seen + 1, 4 * all + 32).min(BYTE + SURPLUS)
    }

    /// The fields that a packet from 24 to 31 is known to have.
    fn fields(&self, id: u32, payload: &[u8], whole: usize, letters: &[Price]) -> Option<Price> {
        let Some((numbers, has_text)) = fields_with_length(id) else {
            return self.all_numbers(id, payload, whole, Price::MAX);
        };
        let (price, at) = self.numbers(id, payload, usize::from(numbers), 0, Price::MAX)?;
        if payload.len() < whole {
            return Some(price + length(whole) + text(at, payload.len(), letters));
        }
        if !has_text {
            return (at == payload.len()).then_some(price + 2 * BIT);
        }
        let end = text_end(payload, at)?;
        let price = price + text(at, end, letters);
        let (rest, behind) = self.numbers(id, payload, usize::MAX, end, Price::MAX)?;
        let arguments = arity(&payload[end..]).checked_sub(2);
        let count = second_number(payload, end);
        let fits = id != id::PRINT_FORMATTED
            || (arguments.is_some() && arguments == count)
            || arguments.is_none();
        (behind == payload.len() && fits).then_some(price + rest + 2 * BIT)
    }

    /// At most `count` numbers, from `at` on; their price, and where they end. Gives up where they are much
    /// dearer than `most`.
    fn numbers(
        &self,
        id: u32,
        payload: &[u8],
        count: usize,
        mut at: usize,
        most: Price,
    ) -> Option<(Price, usize)> {
        let (mut price, mut index) = (0, 0);
        let (mut before, mut repeats) = (None, 0);
        let end = payload.len().min(MOST_NUMBERS);
        while index < count && at < payload.len() {
            let is_dear = price > most || count == usize::MAX && price > at as u32 * BYTE + MUCH;
            if at >= end || is_dear {
                return None;
            }
            let Ok((number, next)) = varint::read(payload, at) else {
                return (count == usize::MAX).then_some((price, at));
            };
            repeats = if before == Some(number) {
                repeats + 1
            } else {
                0
            };
            price += self.number(number, next - at, place(id, index as u32), repeats);
            (at, before, index) = (next, Some(number), index + 1);
        }
        Some((price, at))
    }
}

/// The length of a payload, in bytes.
fn length(length: usize) -> Price {
    let most = varint::length(length as u32) as u32 * BYTE + SURPLUS;
    (3 * BIT + 2 * log2(length as u64 + 1)).min(most)
}

/// A text with its length, in bytes whose letters' prices are summed up.
fn text(from: usize, to: usize, letters: &[Price]) -> Price {
    let length = to.saturating_sub(from).max(1);
    let sum = letters[to].saturating_sub(letters[(from + 1).min(to)]);
    (7 * BIT + sum).min(length as u32 * BYTE + SURPLUS)
}

/// Where the string at `at` of a payload ends.
fn text_end(payload: &[u8], at: usize) -> Option<usize> {
    let end = match *payload.get(at)? {
        0xFF => {
            let &[high, low] = payload.get(at + 1..at + 3)?.first_chunk()?;
            let ends = [[high, low], [low, high]]
                .map(|length| at + 3 + usize::from(u16::from_be_bytes(length)));
            *ends.iter().filter(|&&end| end <= payload.len()).max()?
        }
        length => at + 1 + usize::from(length),
    };
    (end <= payload.len()).then_some(end)
}

/// How many numbers a payload begins with.
fn arity(payload: &[u8]) -> u32 {
    varint::Numbers::new(payload).count() as u32
}

fn second_number(payload: &[u8], at: usize) -> Option<u32> {
    varint::Numbers::new(payload.get(at..)?).nth(1)
}

impl Counts {
    /// Counts a packet, behind one with the id `before`.
    pub(super) fn learn(&mut self, id: u32, payload: &[u8], delta: u32, before: Option<u32>) {
        if let Some(before) = before {
            self.add(Topic::Behind(before), id);
        }
        self.add(Topic::Id, id);
        self.add(Topic::Deltas, bits_of(delta));
        if let Some((numbers, _)) = fields_without_length(id).or_else(|| fields_with_length(id)) {
            self.learn_numbers(id, payload, usize::from(numbers));
            return;
        }
        let mut numbers = varint::Numbers::new(payload);
        let count = numbers.by_ref().count();
        let is_numbers = numbers.is_whole() && payload.len() <= MOST_NUMBERS;
        self.add(Topic::Form(id), u32::from(is_numbers));
        if is_numbers {
            self.add(Topic::Arity(id), count as u32);
            self.learn_numbers(id, payload, usize::MAX);
        }
    }

    fn learn_numbers(&mut self, id: u32, payload: &[u8], count: usize) {
        for (index, number) in varint::Numbers::new(payload).take(count).enumerate() {
            let place = place(id, index as u32);
            let way = if self.of(Topic::Values(place), number) > 0 {
                Way::Seen
            } else if self.of(Topic::Near(place), number >> 12) > 0 {
                Way::Near
            } else {
                Way::Size
            };
            self.add(Topic::Ways(place), way as u32);
            self.add(Topic::Values(place), number);
            self.add(Topic::Sizes(place), bits_of(number));
            if number >> 20 != 0 {
                self.add(Topic::Near(place), number >> 12);
                if self.of(Topic::Anywhere, number) == 0 {
                    self.add(Topic::Anywhere, number);
                }
            }
        }
    }

    /// A module announced ids.
    pub(super) fn announce(&mut self, ids: std::ops::Range<u32>) {
        for id in ids {
            self.add(Topic::Announced, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leakscope_systemview::Frame;

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

    /// Whatever a packet says, and whatever was seen before it: a gap in its place is dearer.
    #[test]
    fn all_escapes_together_cost_less_than_a_gap() {
        let mut counts = Counts::default();
        let mut checked = 0;
        for seed in 1..60 {
            let bytes = bytes(seed, 600);
            for at in 0..bytes.len() {
                let Ok(frame) = Frame::split(&bytes[at..]) else {
                    continue;
                };
                if frame.id > id::LAST || frame.id == id::NOP {
                    continue;
                }
                let prices = Prices {
                    counts: &counts,
                    news: &[],
                };
                let letters = super::super::explain::letters(frame.payload);
                let rest = frame.length - frame.payload_start - frame.payload.len();
                let price = prices.id(frame.id, Some(id::ISR_EXIT))
                    + prices.payload(frame.id, frame.payload, frame.payload.len(), &letters)
                    + prices.delta(frame.delta, rest);
                let most = frame.length as Price * BYTE + GAP;
                assert!(price < most, "{price} of {most}: {frame:?}");
                checked += 1;
                if checked % 7 == 0 {
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
