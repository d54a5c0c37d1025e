//! What host and device say to each other besides packets: hello, commands, and silence.
//!
//! No I/O happens here: [`Conversation`] is told what has come and what time it is, and says what is to be
//! sent and which bytes are packets. `docs/record.md` has the facts that it rests on.

use std::time::{Duration, Instant};

/// Commands of SystemView's host (the numbers are SEGGER's, `SEGGER_SYSVIEW.h`).
const START: u8 = 1;
const STOP: u8 = 2;
const HEARTBEAT: u8 = 127;

/// A device that answers hello does so within this time.
const HELLO_TIME: Duration = Duration::from_millis(500);
/// As long as nothing has come, START is said again this often: a device that is being switched on has not
/// heard the first one.
const START_PERIOD: Duration = Duration::from_secs(1);
/// After such a silence, a heartbeat shows whether the link still is one.
const HEARTBEAT_PERIOD: Duration = Duration::from_secs(3);
/// After STOP, nothing more is expected behind such a silence …
const LAST_SILENCE: Duration = Duration::from_millis(500);
/// … and nothing at all after this time: who still sends has not listened.
const LAST_TIME: Duration = Duration::from_secs(1);

/// A recording begins with this many zeros.
const SYNC: usize = 10;

/// How a link is spoken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// "SystemView via UART": hellos of 4 bytes, then commands without framing.
    Uart,
    /// "SystemView via IP": hellos of 32 bytes, then commands that are preceded by their number.
    Ip,
    /// The channel `SysView` of an RTT server: commands without framing, no hello. J-Link's server wants
    /// to be told the channel, and says first who it is.
    Rtt { jlink_channel: Option<u8> },
}

/// The state of a conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    protocol: Protocol,
    opened: Instant,
    hello: Hello,
    /// The first bytes of the trace, until there are enough to tell a beginning.
    first: Vec<u8>,
    last_heard: Instant,
    last_said: Instant,
    started: bool,
    stopped: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
enum Hello {
    /// These bytes may be the answer, or its beginning.
    Awaited(Vec<u8>),
    Answered,
    /// The device speaks without, or not yet.
    Unanswered,
}

impl Conversation {
    /// On a link that has just been opened.
    pub(super) fn new(protocol: Protocol, now: Instant) -> Self {
        Self {
            protocol,
            opened: now,
            hello: Hello::Awaited(Vec::new()),
            first: Vec::new(),
            last_heard: now,
            last_said: now,
            started: false,
            stopped: None,
        }
    }

    /// What is said first.
    pub(super) fn opening(&self) -> Vec<u8> {
        match self.protocol {
            Protocol::Uart => b"SV\x03\x00".to_vec(),
            Protocol::Ip => {
                let mut hello = b"SEGGER SystemView V3.60.00".to_vec();
                hello.resize(IP_HELLO, 0);
                hello
            }
            Protocol::Rtt {
                jlink_channel: Some(channel),
            } => format!("$$SEGGER_TELNET_ConfigStr=RTTCh;{channel}$$").into_bytes(),
            Protocol::Rtt {
                jlink_channel: None,
            } => Vec::new(),
        }
    }

    /// Takes what has come since the last time, perhaps nothing, and leaves in `bytes` what belongs to the
    /// trace.
    pub(super) fn receive(&mut self, bytes: &mut Vec<u8>, now: Instant) {
        if !bytes.is_empty() {
            self.last_heard = now;
        }
        if let Hello::Awaited(held) = &mut self.hello {
            held.append(bytes);
            let is_late = now.duration_since(self.opened) >= HELLO_TIME;
            match self.protocol.answer(held) {
                Answer::Incomplete if !is_late => {}
                Answer::Complete(length) => {
                    bytes.extend_from_slice(&held[length..]);
                    self.hello = Hello::Answered;
                }
                Answer::Incomplete | Answer::None => {
                    bytes.append(held);
                    self.hello = Hello::Unanswered;
                }
            }
        }
        let wanted = SYNC.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(&bytes[..wanted]);
    }

    /// What to say now; nothing most of the time.
    pub(super) fn say(&mut self, now: Instant) -> Vec<u8> {
        let silent = |since: Instant, period| now.duration_since(since) >= period;
        if self.stopped.is_some() {
            return Vec::new();
        }
        let due = match (&self.hello, self.started) {
            (Hello::Awaited(_), _) => None,
            (Hello::Answered, false) => Some(START),
            (Hello::Unanswered, false) if self.begins() => {
                self.started = true;
                None
            }
            (Hello::Unanswered, false) if silent(self.opened, HELLO_TIME) => Some(START),
            (_, true) if self.first.is_empty() && silent(self.last_said, START_PERIOD) => {
                Some(START)
            }
            (Hello::Answered, true)
                if silent(self.last_heard, HEARTBEAT_PERIOD)
                    && silent(self.last_said, HEARTBEAT_PERIOD) =>
            {
                Some(HEARTBEAT)
            }
            _ => None,
        };
        let Some(command) = due else {
            return Vec::new();
        };
        self.started = true;
        self.last_said = now;
        self.command(command)
    }

    /// What is said to end the trace.
    pub(super) fn stop(&mut self, now: Instant) -> Vec<u8> {
        self.stopped = Some(now);
        self.command(STOP)
    }

    /// Whether nothing more is expected after [`Conversation::stop`].
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.stopped.is_some_and(|stopped| {
            let silence = now.duration_since(self.last_heard.max(stopped));
            silence >= LAST_SILENCE || now.duration_since(stopped) >= LAST_TIME
        })
    }

    /// Whether the trace was caught from its beginning: at a sync, or at a file's header.
    fn begins(&self) -> bool {
        self.first == [0; SYNC] || self.first.starts_with(b";\n")
    }

    fn command(&self, command: u8) -> Vec<u8> {
        match (self.protocol, &self.hello) {
            (Protocol::Ip, Hello::Answered) => vec![1, command],
            _ => vec![command],
        }
    }
}

/// Bytes of a hello of "SystemView via IP".
const IP_HELLO: usize = 32;

/// What the first bytes from a device are.
enum Answer {
    /// An answer to hello, this many bytes long.
    Complete(usize),
    /// Perhaps one, if more comes.
    Incomplete,
    None,
}

impl Protocol {
    fn answer(self, bytes: &[u8]) -> Answer {
        let (begin, length): (&[u8], usize) = match self {
            Self::Uart => (b"SV", 4),
            Self::Ip => (b"SEGGER SystemView", IP_HELLO),
            Self::Rtt {
                jlink_channel: None,
            } => return Answer::Complete(0),
            Self::Rtt { .. } => return jlink_banner(bytes),
        };
        let common = begin.len().min(bytes.len());
        if bytes[..common] != begin[..common] {
            Answer::None
        } else if bytes.len() < length {
            Answer::Incomplete
        } else {
            Answer::Complete(length)
        }
    }
}

/// J-Link's server says in lines of text who it is, before the channel's bytes.
fn jlink_banner(bytes: &[u8]) -> Answer {
    const BEGIN: &[u8] = b"SEGGER";
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n');
    let common = BEGIN.len().min(bytes.len());
    if bytes[..common] != BEGIN[..common] {
        return Answer::None;
    }
    match bytes.iter().position(|byte| !is_text(byte)) {
        Some(end) => Answer::Complete(end),
        None => Answer::Incomplete,
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(talk.say(5000), NOTHING, "it has heard");
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
}
