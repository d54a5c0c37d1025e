//! GDB's packets.

use leakscope_capture::gdb::packet::{Decoder, Received, encode};
use leakscope_capture::gdb::{Connection, ProtocolError};
use proptest::prelude::*;

fn decode(bytes: &[u8]) -> Vec<Received> {
    let mut decoder = Decoder::default();
    bytes
        .iter()
        .filter_map(|&byte| decoder.push(byte))
        .collect()
}

fn packet(payload: &[u8]) -> Received {
    Received::Packet {
        payload: Some(payload.to_vec()),
        is_whole: true,
    }
}

/// A packet with runs shortened: as a server may send it, in the slowest way.
fn encode_with_runs(payload: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut rest = payload;
    while let Some(&byte) = rest.first() {
        if b"$#}*".contains(&byte) {
            packed.extend([b'}', byte ^ 0x20]);
        } else {
            packed.push(byte);
        }
        rest = &rest[1..];
        let run = rest
            .iter()
            .take_while(|&&next| next == byte)
            .count()
            .min(97);
        let count = run as u8 + 29;
        // Counts that would be `#` or `$` are not used, nor such as are not printed.
        if count >= b' ' && !b"#$".contains(&count) {
            packed.extend([b'*', count]);
            rest = &rest[run..];
        }
    }
    let sum: u32 = packed.iter().map(|&byte| u32::from(byte)).sum();
    [
        b"$",
        packed.as_slice(),
        format!("#{:02x}", sum % 256).as_bytes(),
    ]
    .concat()
}

/// Bytes of few kinds, so that there are runs, and all that has a meaning.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        5 => Just(b'0'),
        1 => prop::sample::select(b"$#}*+-%\x03".to_vec()),
        2 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..300)
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(payloads in prop::collection::vec(payloads(), 0..5)) {
        let bytes: Vec<u8> = payloads.iter().flat_map(|payload| encode(payload)).collect();
        let packets: Vec<Received> = payloads.iter().map(|payload| packet(payload)).collect();
        prop_assert_eq!(decode(&bytes), packets);
    }

    #[test]
    fn runs_are_undone(payload in payloads()) {
        prop_assert_eq!(decode(&encode_with_runs(&payload)), vec![packet(&payload)]);
    }

    /// However it is cut, and whatever a server sends: packets come out, or an error, and it is answered.
    #[test]
    fn a_connection_takes_anything(parts in prop::collection::vec(prop_oneof![
        payloads(),
        payloads().prop_map(|payload| encode(&payload)),
    ], 0..10)) {
        let mut connection = Connection::default();
        for part in parts {
            connection.send(b"?");
            let result = connection.receive(&part);
            while connection.next_packet().is_some() {}
            let outgoing = connection.take_outgoing();
            prop_assert!(outgoing.starts_with(b"$?#3f"));
            if result.is_err() {
                break;
            }
        }
    }

    #[test]
    fn one_changed_byte_is_noticed(payload in prop::collection::vec(b'a'..=b'z', 1..50), at in any::<prop::sample::Index>(), by in 1..255u8) {
        let mut bytes = encode(&payload);
        let at = 1 + at.index(bytes.len() - 1);
        bytes[at] = bytes[at].wrapping_add(by);
        prop_assert!(!decode(&bytes).contains(&packet(&payload)) || bytes[at].is_ascii_uppercase());
    }
}

#[test]
fn runs_that_repeat_nothing_are_damage() {
    for payload in ["*!", "0*", "0*\x1d", "0}"] {
        let sum: u32 = payload.bytes().map(u32::from).sum();
        let received = decode(format!("${payload}#{:02x}", sum % 256).as_bytes());
        let damage = Received::Packet {
            payload: None,
            is_whole: true,
        };
        assert_eq!(received, [damage], "{payload:?}");
    }
}

#[test]
fn a_packet_without_end_is_given_up() {
    let mut decoder = Decoder::default();
    decoder.push(b'$');
    let strays = (0..3 << 20).filter_map(|_| decoder.push(b'0')).count();
    assert!(strays > 0 && !decoder.is_inside());
}

#[test]
fn damaged_packets_are_asked_for_again() {
    let mut connection = Connection::default();
    connection.send(b"g");
    assert_eq!(connection.take_outgoing(), b"$g#67");
    // Ours did not arrive whole.
    connection.receive(b"-").unwrap();
    assert_eq!(connection.take_outgoing(), b"$g#67");
    // Theirs did not.
    connection.receive(b"+$0123#00").unwrap();
    assert_eq!(connection.next_packet(), None);
    assert_eq!(connection.take_outgoing(), b"-");
    connection.receive(b"$0123#c6").unwrap();
    assert_eq!(connection.next_packet().unwrap(), b"0123");
    assert_eq!(connection.take_outgoing(), b"+");
    // Nothing waits for this any more.
    connection.receive(b"-").unwrap();
    assert_eq!(connection.take_outgoing(), b"");
}

#[test]
fn a_line_that_damages_everything_is_an_error() {
    let mut connection = Connection::default();
    assert_eq!(
        connection.receive(&b"$0123#00".repeat(4)),
        Err(ProtocolError::SendsDamage)
    );
    let mut connection = Connection::default();
    connection.send(b"g");
    assert_eq!(
        connection.receive(b"----"),
        Err(ProtocolError::RejectsPackets)
    );
}

#[test]
fn without_acknowledgements_sums_do_not_matter() {
    let mut connection = Connection::default();
    connection.stop_acknowledging();
    connection.receive(b"$OK#00").unwrap();
    assert_eq!(connection.next_packet().unwrap(), b"OK");
    assert_eq!(connection.take_outgoing(), b"");
}

#[test]
fn other_languages_are_recognised() {
    let mut connection = Connection::default();
    let page = b"HTTP/1.1 400 Bad Request\r\n".repeat(20);
    let Err(ProtocolError::NotGdb { said }) = connection.receive(&page) else {
        panic!("it speaks HTTP");
    };
    assert!(said.starts_with("HTTP/1.1 400 Bad Request\\r\\n"));
}
