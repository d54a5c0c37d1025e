//! OpenOCD's Tcl protocol without the socket: a script and 0x1A out, its result and 0x1A in.
//!
//! A result does not say whether the script failed. So each is wrapped in one that says it: the first word of the
//! result is Tcl's return code, 0 for success. What OpenOCD says by itself begins with a word.

use std::collections::VecDeque;

/// Ends a script, and a result.
const END: u8 = 0x1A;
/// Of a result that is longer, the beginning is kept: no script of ours has such a one.
const LONGEST: usize = 1 << 20;
/// More that nobody has asked for are forgotten.
const MOST_NOTIFICATIONS: usize = 1000;

/// One conversation.
///
/// ```
/// use leakscope_capture::openocd::{Reply, Rpc};
///
/// let mut rpc = Rpc::default();
/// rpc.query("version");
/// assert!(rpc.take_outgoing().ends_with(&[0x1A]));
/// rpc.receive(b"0 Open On-Chip Debugger\x1A");
/// assert_eq!(rpc.next_reply(), Some(Reply { is_ok: true, text: "Open On-Chip Debugger".to_owned() }));
/// ```
#[derive(Debug, Default)]
pub struct Rpc {
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    replies: VecDeque<Reply>,
    notifications: VecDeque<Notification>,
}

/// What became of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whether it succeeded.
    pub is_ok: bool,
    /// Its result, or what is wrong.
    pub text: String,
}

/// What OpenOCD says by itself, once it was told to (`tcl_notifications on`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notification {
    /// OpenOCD resets the target: `type target_reset mode run`.
    Reset,
    /// The program calls its debugger: `type target_event event semihosting-start`.
    Call,
    /// Anything else: `type target_state state halted`.
    Other,
}

impl Rpc {
    /// Sends a script for its result. Braces in it must be balanced.
    pub fn query(&mut self, script: &str) {
        self.send(&format!("catch {{{script}}} leakscope_text"));
    }

    /// Sends a script for what it prints, and its result after that. (While OpenOCD traces, anything that is
    /// captured has hundreds of lines of progress in it.)
    pub fn command(&mut self, script: &str) {
        self.send(&format!("catch {{capture {{{script}}}}} leakscope_text"));
    }

    fn send(&mut self, attempt: &str) {
        let script = format!(r#"format "%d %s" [{attempt}] $leakscope_text"#);
        self.outgoing.extend(script.bytes());
        self.outgoing.push(END);
    }

    /// Bytes to send.
    pub fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// Takes what was received.
    pub fn receive(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte != END {
                if self.incoming.len() < LONGEST {
                    self.incoming.push(byte);
                }
                continue;
            }
            let text = String::from_utf8_lossy(&self.incoming).into_owned();
            self.incoming.clear();
            // A reply to our scripts begins with a number.
            match text.strip_prefix("type ") {
                Some(record) if self.notifications.len() < MOST_NOTIFICATIONS => {
                    self.notifications.push_back(Notification::of(record));
                }
                Some(_) => {}
                None => self.replies.push_back(Reply::of(&text)),
            }
        }
    }

    /// The next notification.
    pub fn next_notification(&mut self) -> Option<Notification> {
        self.notifications.pop_front()
    }

    /// The next script's reply.
    pub fn next_reply(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }

    /// What has come of a reply that is not whole: something else than OpenOCD never sends 0x1A.
    pub fn incomplete(&self) -> &[u8] {
        &self.incoming
    }
}

impl Notification {
    fn of(record: &str) -> Self {
        let words: Vec<&str> = record.split_whitespace().collect();
        match words[..] {
            ["target_reset", ..] => Self::Reset,
            ["target_event", "event", "semihosting-start"] => Self::Call,
            _ => Self::Other,
        }
    }
}

impl Reply {
    fn of(result: &str) -> Self {
        match result.split_once(' ') {
            Some(("0", text)) => Self {
                is_ok: true,
                text: text.to_owned(),
            },
            Some((code, text)) if code.parse::<i32>().is_ok() => Self {
                is_ok: false,
                text: text.to_owned(),
            },
            // Not from our script: OpenOCD could not even read it.
            _ => Self {
                is_ok: false,
                text: result.to_owned(),
            },
        }
    }
}
