//! What host and device say to each other besides packets: hello, commands, and silence.
//!
//! No I/O happens here: [`Conversation`] is told what has come and what time it is, and says what is to be
//! sent and which bytes are packets. `docs/record.md` has the facts that it rests on.

use std::time::{Duration, Instant};

/// Commands of SystemView's host (the numbers are SEGGER's, `SEGGER_SYSVIEW.h`).
const START: u8 = 1;
const STOP: u8 = 2;
/// Who records answers this with his time.
const GET_SYSTIME: u8 = 3;
const HEARTBEAT: u8 = 127;

/// A device that answers hello does so within this time.
const HELLO_TIME: Duration = Duration::from_millis(500);
/// As long as nothing has come, START is said again this often: a device that is being switched on has not
/// heard the first one.
const START_PERIOD: Duration = Duration::from_secs(1);
/// After such a silence, a heartbeat shows whether the link still is one.
const HEARTBEAT_PERIOD: Duration = Duration::from_secs(3);
/// After so many seconds of silence, a device that waits for START is asked for its time. If it does not answer, it may
/// have been reset, and waits for START again: it is told after each silence twice as long, for one that sleeps hears
/// all of them when it wakes up.
const PATIENCE: u32 = 3;
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
    /// Nothing had come when it was told to start: it does not by itself, nor will it after a reset.
    waits_for_start: bool,
    /// After so many seconds of silence, something is said the next time; the most behind which it was told to start.
    patience: u32,
    longest: u32,
    has_complaint: bool,
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
            waits_for_start: false,
            patience: PATIENCE,
            longest: PATIENCE,
            has_complaint: false,
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
            self.patience = PATIENCE;
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
            (_, true)
                if self.waits_for_start
                    && !self.first.is_empty()
                    && silent(self.last_heard, Duration::from_secs(self.patience.into())) =>
            {
                return self.ask(now);
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
        if !self.started {
            // With a device's own connection, a reset is a lost link.
            let is_the_devices = self.protocol == Protocol::Ip && self.hello == Hello::Answered;
            self.waits_for_start = self.first.is_empty() && !is_the_devices;
        }
        self.started = true;
        self.last_said = now;
        self.command(command)
    }

    /// What is said to a device that has fallen silent.
    fn ask(&mut self, now: Instant) -> Vec<u8> {
        let silence = self.patience;
        self.patience = silence.saturating_mul(2);
        self.last_said = now;
        if silence == PATIENCE {
            return self.command(GET_SYSTIME);
        }
        self.has_complaint |= silence > self.longest;
        self.longest = self.longest.max(silence);
        let mut said = Vec::new();
        // After a reset, it may await hello before. (To one that does not, these are commands that change nothing.)
        if self.protocol == Protocol::Uart {
            said = self.opening();
            self.hello = Hello::Awaited(Vec::new());
            self.opened = now;
        }
        said.extend(self.command(START));
        said
    }

    /// What the user should know, once.
    pub(super) fn complaint(&mut self) -> Option<String> {
        let seconds = self.longest;
        std::mem::take(&mut self.has_complaint).then(|| {
            format!("nothing has come for {seconds} s: the device is told to start again, in case it was reset")
        })
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
mod tests;
