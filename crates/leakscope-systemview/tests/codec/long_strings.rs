//! Strings of more than 254 bytes, whose length recorders up to 3.40 sent low byte first, later ones
//! high byte first.

use leakscope_systemview::{Frame, FrameError, Malformed, Packet, Text, varint};
use proptest::prelude::*;

use crate::any_packet::any_number;
use crate::encoded;

#[derive(Clone, Copy, Debug)]
enum Order {
    LowFirst,
    HighFirst,
}

const ORDERS: [Order; 2] = [Order::LowFirst, Order::HighFirst];

/// The three-byte form, for any length.
fn string(text: &[u8], order: Order) -> Vec<u8> {
    let [low, high] = (text.len() as u16).to_le_bytes();
    let length = match order {
        Order::LowFirst => [0xFF, low, high],
        Order::HighFirst => [0xFF, high, low],
    };
    [&length[..], text].concat()
}

/// A `SYSDESC`, which has no length, with packets behind it as in any recording.
fn without_length(text: &[u8], order: Order) -> Vec<u8> {
    let mut bytes = vec![0x0E];
    bytes.extend(string(text, order));
    bytes.push(0x85);
    bytes.push(0x01);
    for task in 0..2000 {
        bytes.extend(encoded(&Packet::TaskStartExec { task }, 7));
    }
    bytes
}

fn text_without_length(bytes: &[u8]) -> Result<(Packet<'_>, u32), FrameError> {
    let frame = Frame::split(bytes)?;
    Ok((Packet::parse(&frame)?, frame.delta))
}

fn number(value: u32) -> Vec<u8> {
    let (bytes, length) = varint::write(value);
    bytes[..length].to_vec()
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(ORDERS.as_slice())
}

proptest! {
    #[test]
    fn a_length_that_comes_first_tells_the_order(
        text in prop::collection::vec(any::<u8>(), 0..3000),
        order in orders(),
    ) {
        let name = string(&text, order);
        let bytes = [
            &[0x19][..],
            &number(name.len() as u32 + 1),
            &[0x40],
            &name,
            &[0x05],
        ]
        .concat();
        let expected = Packet::NameResource { resource: 0x40, name: Text(&text) };
        prop_assert_eq!(crate::only_packet(&bytes), (expected, 5));
    }

    #[test]
    fn else_what_follows_tells_the_order(text in "[ -~]{0,1500}", order in orders()) {
        let bytes = without_length(text.as_bytes(), order);
        let expected = Packet::SysDesc { text: text.as_str().into() };
        prop_assert_eq!(text_without_length(&bytes), Ok((expected, 133)));
    }

    #[test]
    fn the_end_of_the_data_may_follow(text in "[ -~]{5,600}", delta in any_number()) {
        let mut bytes = vec![0x0E];
        bytes.extend(string(text.as_bytes(), Order::HighFirst));
        bytes.extend(number(delta));
        let expected = Packet::SysDesc { text: text.as_str().into() };
        prop_assert_eq!(crate::only_packet(&bytes), (expected, delta));
    }
}

#[test]
fn lengths_that_could_be_either_order() {
    for length in [1, 2, 3, 4, 255, 256, 257, 258, 512, 513, 768, 1024] {
        for order in ORDERS {
            let text = "t".repeat(length);
            let bytes = without_length(text.as_bytes(), order);
            let expected = Packet::SysDesc {
                text: text.as_str().into(),
            };
            assert_eq!(
                text_without_length(&bytes),
                Ok((expected, 133)),
                "{length} {order:?}"
            );
        }
    }
}

#[test]
fn a_short_string_of_an_early_recorder_may_end_the_data() {
    for text in ["Tmr Svc", &"t".repeat(254)] {
        let bytes = [&[0x0E][..], &string(text.as_bytes(), Order::LowFirst), b"!"].concat();
        let expected = Packet::SysDesc { text: text.into() };
        assert_eq!(crate::only_packet(&bytes), (expected, u32::from(b'!')));
    }
}

#[test]
fn white_space_and_colours_are_text() {
    let text = "\x1b[0;32mI\tstarted\r\n\x1b[0m".repeat(20);
    for order in ORDERS {
        let bytes = without_length(text.as_bytes(), order);
        let expected = Packet::SysDesc {
            text: text.as_str().into(),
        };
        assert_eq!(text_without_length(&bytes), Ok((expected, 133)));
    }
}

#[test]
fn a_null_string_is_empty() {
    let bytes = [0x09, 0x60, 0x01, 0x00, 0x05];
    let expected = Packet::TaskInfo {
        task: 0x60,
        priority: 1,
        name: Text::default(),
    };
    assert_eq!(crate::only_packet(&bytes), (expected, 5));
}

#[test]
fn what_is_no_text_in_either_order_is_malformed() {
    let bytes = without_length(&[0x01; 300], Order::HighFirst);
    assert_eq!(
        Frame::split(&bytes),
        Err(FrameError::Malformed(Malformed::String))
    );
}

#[test]
fn text_is_shown_as_utf_8_with_marks_for_what_is_none() {
    assert_eq!(Text(b"caf\xC3\xA9 \xFFx").to_string(), "café \u{FFFD}x");
    assert_eq!(format!("{:?}", Text(b"a\n\xFF")), r#""a\n\xff""#);
}
