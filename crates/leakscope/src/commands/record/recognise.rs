//! What comes from a device, if it is not SystemView data.

use std::fmt;
use std::path::Path;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_capture::recording::LOST_LINK;
use leakscope_report::units;
use leakscope_systemview::{Frame, Header, id};

use crate::screen::Advised;

/// Something else than packets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Data {
    first: Vec<u8>,
    is_text: bool,
}

/// What the first bytes of a recording are, if no packets can be read from them.
pub(super) fn what_else(head: &[u8]) -> Option<Data> {
    /// How many bytes are shown.
    const SHOWN: usize = 16;
    let data = &head[Header::parse(head).data..];
    if data.is_empty() || has_packets(head) || is_answer(data) || is_answer(&with_systime(data)) {
        return None;
    }
    let sent = without_marks(data);
    let printable = sent
        .iter()
        .filter(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x1B));
    Some(Data {
        is_text: !sent.is_empty() && printable.count() * 10 >= sent.len() * 9,
        first: data.iter().take(SHOWN).copied().collect(),
    })
}

/// What the device has sent, without the marks of a link that was lost.
fn without_marks(mut data: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    while !data.is_empty() {
        match data.strip_prefix(&LOST_LINK) {
            Some(rest) => data = rest,
            None => {
                sent.push(data[0]);
                data = &data[1..];
            }
        }
    }
    sent
}

/// Whether this is what a target has answered before it was told to START. ESP-IDF's UART port does not know the hello,
/// and takes the 3 in it for a question: what time is it?
fn is_answer(mut data: &[u8]) -> bool {
    while let Ok(frame) = Frame::split(data) {
        if !matches!(frame.id, id::SYSTIME_CYCLES | id::SYSTIME_US) {
            return false;
        }
        data = &data[frame.length..];
    }
    data.is_empty()
}

/// The same, if the first byte was taken for an empty line behind the header: `SYSTIME_US` is also a carriage return.
fn with_systime(data: &[u8]) -> Vec<u8> {
    [&[id::SYSTIME_US as u8], data].concat()
}

/// Whether a recording that began so and ended there would have packets in it.
fn has_packets(head: &[u8]) -> bool {
    let mut analysis = Analysis::new(&Layout::of(&[head]), KeepAll);
    let Ok(_) = analysis.run(&[head][..]);
    analysis.trace().counts().packets > 0
}

impl Data {
    /// What the user can do about it.
    pub(super) fn hint(&self) -> &'static str {
        if self.is_text {
            "this is text, such as a console's log: the trace comes on another port, or the recorder of \
             the program is set up for another one"
        } else {
            "at a serial port, the speed is probably another one than the device's; otherwise, is this \
             the port on which the device sends its trace?"
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is not SystemView data:")?;
        self.first
            .iter()
            .try_for_each(|byte| write!(f, " {byte:02x}"))?;
        write!(f, " (\"{}\")", self.first.escape_ascii())
    }
}

/// What to do if nothing came that is a packet.
const NOTHING: &str = "does the program start its recorder, and is this the port that it sends on? A device that records nothing \
                       also does not answer";

/// Why a recording has nothing in it that could be read.
pub(super) fn nothing_recorded(head: &[u8], bytes: u64, saved: &Path) -> Advised {
    nothing(
        head,
        bytes,
        &format!("all of it is in `{}`", saved.display()),
    )
}

/// The same of what was to be added to a recording.
pub(super) fn nothing_added(head: &[u8], bytes: u64, saved: &Path) -> Advised {
    nothing(
        head,
        bytes,
        &format!("nothing was added to `{}`", saved.display()),
    )
}

fn nothing(head: &[u8], bytes: u64, end: &str) -> Advised {
    let (what, hint) = match what_else(head) {
        _ if bytes == 0 => {
            return Advised {
                message: "nothing was recorded: the device has sent no packets".to_owned(),
                hint: NOTHING,
            };
        }
        Some(data) => (data.to_string(), data.hint()),
        None => {
            let came = units::bytes_with_unit(bytes);
            let what = format!("nothing was recorded: {came} came, and no trace is in them");
            (what, NOTHING)
        }
    };
    let message = format!("{what}; {end}");
    Advised { message, hint }
}
