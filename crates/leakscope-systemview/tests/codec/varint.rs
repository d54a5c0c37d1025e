//! Numbers against a twin that is slow and plain.

use leakscope_systemview::{FrameError, Malformed, varint};
use proptest::prelude::*;

use crate::any_packet::any_number;

/// Collects groups of seven bits into a number wide enough for all, then keeps 32.
fn read_plainly(bytes: &[u8]) -> Result<(u32, usize), FrameError> {
    let Some(last) = bytes.iter().take(5).position(|byte| byte & 0x80 == 0) else {
        return Err(if bytes.len() < 5 {
            FrameError::Incomplete
        } else {
            FrameError::Malformed(Malformed::Number)
        });
    };
    let value = bytes[..=last]
        .iter()
        .rev()
        .fold(0u64, |value, byte| value * 128 + u64::from(byte % 128));
    Ok((value as u32, last + 1))
}

proptest! {
    #[test]
    fn reads_what_the_twin_reads(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80u8..], 0..12),
        position in 0..4usize,
    ) {
        let rest = bytes.get(position..).unwrap_or_default();
        let expected = read_plainly(rest).map(|(value, length)| (value, position + length));
        prop_assert_eq!(varint::read(&bytes, position), expected);
        prop_assert_eq!(varint::read_any(&bytes, position), varint::read(&bytes, position));
    }

    #[test]
    fn writes_the_shortest_form_that_reads_back(value in any_number()) {
        let (bytes, length) = varint::write(value);
        prop_assert_eq!(length, varint::length(value));
        prop_assert_eq!(varint::read(&bytes[..length], 0), Ok((value, length)));
        let bits = (32 - value.leading_zeros()).max(1) as usize;
        prop_assert_eq!(length, bits.div_ceil(7));
    }

    #[test]
    fn an_iterator_gives_the_numbers_one_by_one(values in prop::collection::vec(any_number(), 0..20)) {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|&value| {
                let (bytes, length) = varint::write(value);
                bytes.into_iter().take(length)
            })
            .collect();
        let mut numbers = varint::Numbers::new(&bytes);
        prop_assert_eq!(numbers.by_ref().collect::<Vec<_>>(), values);
        prop_assert!(numbers.is_whole());
        prop_assert!(numbers.rest().is_empty());
    }
}

#[test]
fn signed_numbers_and_floats_travel_as_their_bits() {
    let minus_one = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
    assert_eq!(varint::read(&minus_one, 0), Ok(((-1i32) as u32, 5)));
    let one = [0x80, 0x80, 0x80, 0xFC, 0x03];
    assert_eq!(varint::read(&one, 0), Ok((1f32.to_bits(), 5)));
}

#[test]
fn the_fifth_byte_carries_four_bits() {
    let bytes = [0x80, 0x80, 0x80, 0x80, 0x7F];
    assert_eq!(varint::read(&bytes, 0), Ok((0xF000_0000, 5)));
}

#[test]
fn an_iterator_stops_at_a_number_that_is_cut() {
    let mut numbers = varint::Numbers::new(&[0x05, 0x80]);
    assert_eq!(numbers.by_ref().collect::<Vec<_>>(), [5]);
    assert!(!numbers.is_whole());
    assert_eq!(numbers.rest(), [0x80]);
}
