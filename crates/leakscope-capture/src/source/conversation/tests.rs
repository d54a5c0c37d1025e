//! What is said when, by a clock that is set by hand.

use super::*;

/// A conversation with a clock that is set by hand.
struct Talk {
    conversation: Conversation,
    opened: Instant,
}

impl Talk {
    fn new(protocol: Protocol) -> Self {
        let opened = Instant::now();
        Self {
            conversation: Conversation::new(protocol, opened),
            opened,
        }
    }

    fn hear(&mut self, milliseconds: u64, bytes: &[u8]) -> Vec<u8> {
        let mut heard = bytes.to_vec();
        let now = self.opened + Duration::from_millis(milliseconds);
        self.conversation.receive(&mut heard, now);
        heard
    }

    fn say(&mut self, milliseconds: u64) -> Vec<u8> {
        let now = self.opened + Duration::from_millis(milliseconds);
        self.conversation.say(now)
    }
}

const NOTHING: [u8; 0] = [];

fn ip_hello() -> Vec<u8> {
    let mut hello = b"SEGGER SystemView V3.32.00".to_vec();
    hello.resize(32, 0);
    hello
}

#[test]
fn hello_may_come_in_pieces_and_with_packets_behind_it() {
    let mut talk = Talk::new(Protocol::Ip);
    assert_eq!(talk.conversation.opening().len(), 32);
    let mut hello = ip_hello();
    hello.extend([0, 0, 0]);
    let (first, second) = hello.split_at(20);
    assert_eq!(talk.hear(1, first), NOTHING);
    assert_eq!(talk.say(2), NOTHING, "not before the answer is complete");
    assert_eq!(talk.hear(3, second), [0, 0, 0]);
    assert_eq!(talk.say(4), [1, 1], "framed: one command, START");
    assert_eq!(talk.say(5), NOTHING);
}

#[test]
fn commands_are_framed_only_after_hello() {
    let now = Instant::now();
    let mut uart = Talk::new(Protocol::Uart);
    assert_eq!(uart.conversation.opening(), b"SV\x03\x00");
    assert_eq!(uart.hear(1, b"SV\x06\x07"), NOTHING);
    assert_eq!(uart.say(2), [1]);
    assert_eq!(uart.conversation.stop(now), [2]);
    let mut silent = Talk::new(Protocol::Ip);
    assert_eq!(silent.conversation.stop(now), [2]);
    let mut answered = Talk::new(Protocol::Ip);
    answered.hear(1, &ip_hello());
    assert_eq!(answered.conversation.stop(now), [1, 2]);
}

#[test]
fn who_is_silent_is_told_to_start_again_and_again() {
    let mut talk = Talk::new(Protocol::Uart);
    talk.hear(499, &[]);
    assert_eq!(talk.say(499), NOTHING);
    talk.hear(500, &[]);
    assert_eq!(talk.say(500), [1]);
    assert_eq!(talk.say(1499), NOTHING);
    assert_eq!(talk.say(1500), [1]);
    assert_eq!(talk.hear(1600, &[0; 10]), [0; 10]);
    assert_eq!(talk.say(4599), NOTHING, "it has heard");
}

#[test]
fn who_begins_by_himself_is_not_told_to() {
    for beginning in [&[0; 12][..], b";\n; Author"] {
        let mut talk = Talk::new(Protocol::Uart);
        assert_eq!(talk.hear(1, beginning), beginning);
        for time in [2, 600, 5000] {
            assert_eq!(talk.say(time), NOTHING);
        }
    }
}

#[test]
fn who_is_caught_in_the_middle_is_told_to_begin_anew() {
    let mut talk = Talk::new(Protocol::Uart);
    assert_eq!(talk.hear(1, &[17, 3, 4, 0x10, 5]), [17, 3, 4, 0x10, 5]);
    assert_eq!(talk.say(2), NOTHING);
    assert_eq!(talk.say(500), [1]);
    assert_eq!(talk.say(5000), NOTHING);
}

/// What looked like the beginning of an answer and is none belongs to the trace.
#[test]
fn nothing_is_held_back_for_good() {
    let mut talk = Talk::new(Protocol::Uart);
    assert_eq!(talk.hear(1, b"S"), NOTHING);
    assert_eq!(talk.hear(2, b"T"), b"ST");
    let mut talk = Talk::new(Protocol::Uart);
    assert_eq!(talk.hear(1, b"SV\x03"), NOTHING);
    assert_eq!(talk.hear(499, &[]), NOTHING);
    assert_eq!(talk.hear(500, &[]), b"SV\x03");
}

#[test]
fn a_silent_link_is_tried() {
    let mut talk = Talk::new(Protocol::Ip);
    talk.hear(0, &ip_hello());
    assert_eq!(talk.say(1), [1, 1]);
    talk.hear(10, &[0; 10]);
    assert_eq!(talk.say(3009), NOTHING);
    assert_eq!(talk.say(3010), [1, 127]);
    assert_eq!(talk.say(3011), NOTHING);
    assert_eq!(talk.say(6010), [1, 127]);
}

#[test]
fn who_waits_for_start_is_told_again_after_a_reset() {
    let mut talk = Talk::new(Protocol::Uart);
    talk.hear(500, &[]);
    assert_eq!(talk.say(500), [1]);
    talk.hear(1000, &[0; 10]);
    assert_eq!(talk.say(3999), NOTHING);
    assert_eq!(talk.say(4000), [3], "whether it still records");
    talk.hear(4001, &[12, 0, 0]);
    assert_eq!(talk.say(7001), [3], "it does, and has nothing to say");
    assert_eq!(talk.conversation.complaint(), None);
    for time in [10_001, 16_001, 28_001] {
        assert_eq!(talk.say(time - 1), NOTHING);
        assert_eq!(talk.say(time), b"SV\x03\x00\x01");
        assert_eq!(talk.hear(time + 500, &[]), NOTHING);
        assert!(talk.conversation.complaint().is_some());
    }
    talk.hear(30_000, &[0; 10]);
    assert_eq!(talk.say(33_000), [3]);
    assert_eq!(talk.say(36_000), b"SV\x03\x00\x01");
    assert_eq!(
        talk.conversation.complaint(),
        None,
        "of longer ones it was told"
    );
}

/// As SEGGER's "SystemView via UART", which takes nothing else before hello.
#[test]
fn the_answer_to_another_hello_is_no_packet() {
    let mut talk = Talk::new(Protocol::Uart);
    talk.hear(1, b"SV\x06\x07");
    assert_eq!(talk.say(2), [1]);
    talk.hear(10, &[0; 10]);
    assert_eq!(talk.say(3010), [3]);
    assert_eq!(talk.say(6010), b"SV\x03\x00\x01");
    assert_eq!(talk.hear(6020, b"SV\x06\x07\0\0"), [0, 0]);
    assert_eq!(talk.say(9019), NOTHING);
}

#[test]
fn jlink_says_who_it_is() {
    let protocol = Protocol::Rtt {
        jlink_channel: Some(2),
    };
    let mut talk = Talk::new(protocol);
    assert_eq!(
        talk.conversation.opening(),
        b"$$SEGGER_TELNET_ConfigStr=RTTCh;2$$"
    );
    assert_eq!(talk.hear(1, b"SEGGER J-Link V8\r\n"), NOTHING);
    assert_eq!(talk.hear(2, b"Process: x\r\n\0\0"), [0, 0]);
    assert_eq!(talk.say(3), [1]);
}

#[test]
fn the_end_is_silence_or_at_most_a_second() {
    let mut talk = Talk::new(Protocol::Uart);
    let at = |milliseconds| talk.opened + Duration::from_millis(milliseconds);
    let (stopped, soon, late, much_later) = (at(1000), at(1499), at(1500), at(2000));
    assert!(!talk.conversation.is_over(much_later), "it was not stopped");
    talk.conversation.stop(stopped);
    assert!(!talk.conversation.is_over(soon));
    assert!(talk.conversation.is_over(late));
    for time in (1000..2000).step_by(100) {
        talk.hear(time, &[1]);
    }
    let before = talk.opened + Duration::from_millis(1999);
    assert!(!talk.conversation.is_over(before));
    assert!(talk.conversation.is_over(much_later));
}
