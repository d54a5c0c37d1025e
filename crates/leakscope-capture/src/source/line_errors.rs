//! What goes wrong on a serial line, as far as this computer's port counts it.
//!
//! Linux counts characters without a stop bit where there should be one, and such that came faster than they were
//! fetched, for most ports (`TIOCGICOUNT`). A pseudo-terminal has nothing to count, and other systems do not tell.

use std::time::{Duration, Instant};

/// How often the counts are looked at.
const PERIOD: Duration = Duration::from_secs(1);
/// Says something again when there is this many times more of it.
const MORE: u32 = 10;

/// Counts of the port. They begin anywhere, and may run over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineErrors {
    /// Characters without a stop bit.
    pub(super) framing: u32,
    /// Characters that were lost in the port, or between it and its driver.
    pub(super) overrun: u32,
}

/// What was said of a line's errors.
#[derive(Debug)]
pub(super) struct ErrorWatch {
    /// Where the counts began.
    first: Option<LineErrors>,
    said: LineErrors,
    next_look: Instant,
}

impl ErrorWatch {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            first: None,
            said: LineErrors::default(),
            next_look: now,
        }
    }

    /// Whether it is time for a look at the counts.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next_look;
        if is_due {
            self.next_look = now + PERIOD;
        }
        is_due
    }

    /// What there is to say of these counts, if anything.
    pub(super) fn look(&mut self, counts: LineErrors) -> Vec<String> {
        let first = *self.first.get_or_insert(counts);
        let framing = counts.framing.wrapping_sub(first.framing);
        let overrun = counts.overrun.wrapping_sub(first.overrun);
        let mut said = Vec::new();
        if is_news(framing, &mut self.said.framing) {
            let errors = counted(framing, "framing error");
            said.push(format!(
                "{errors} on the serial line: is the baud rate right?"
            ));
        }
        if is_news(overrun, &mut self.said.overrun) {
            let characters = counted(overrun, "character");
            said.push(format!(
                "{characters} came faster than this computer fetched them, and are lost: the trace has gaps there"
            ));
        }
        said
    }
}

fn is_news(count: u32, said: &mut u32) -> bool {
    let is_news = count > 0 && count >= said.saturating_mul(MORE);
    if is_news {
        *said = count;
    }
    is_news
}

fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// What the port has counted; `None` if it does not.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "serialport does not offer it")]
pub(super) fn count(port: &serialport::TTYPort) -> Option<LineErrors> {
    use std::os::fd::AsRawFd;

    /// `struct serial_icounter_struct` of `linux/serial.h`.
    #[repr(C)]
    #[derive(Default)]
    struct Counters {
        /// Changes of CTS, DSR, RI and DCD; characters received and sent.
        _signals: [libc::c_int; 4],
        _characters: [libc::c_int; 2],
        frame: libc::c_int,
        overrun: libc::c_int,
        _parity: libc::c_int,
        _breaks: libc::c_int,
        buffer_overrun: libc::c_int,
        _reserved: [libc::c_int; 9],
    }

    let mut counters = Counters::default();
    // SAFETY: the descriptor is open as long as `port` lives, and this request writes one `Counters`, which has the
    // kernel's layout.
    let result = unsafe { libc::ioctl(port.as_raw_fd(), libc::TIOCGICOUNT, &raw mut counters) };
    (result == 0).then(|| LineErrors {
        framing: counters.frame.cast_unsigned(),
        overrun: counters
            .overrun
            .wrapping_add(counters.buffer_overrun)
            .cast_unsigned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(framing: u32, overrun: u32) -> LineErrors {
        LineErrors { framing, overrun }
    }

    #[test]
    fn errors_are_said_when_there_are_ten_times_more() {
        let mut watch = ErrorWatch::new(Instant::now());
        // What was before is not the recording's.
        assert!(watch.look(counts(u32::MAX, 7)).is_empty());
        assert_eq!(
            watch.look(counts(0, 7)),
            ["1 framing error on the serial line: is the baud rate right?"]
        );
        assert!(watch.look(counts(8, 7)).is_empty());
        let said = watch.look(counts(9, 9));
        assert!(said[0].starts_with("10 framing errors"), "{said:?}");
        assert!(said[1].starts_with("2 characters came faster"), "{said:?}");
        assert!(watch.look(counts(98, 26)).is_empty());
        assert_eq!(watch.look(counts(99, 27)).len(), 2);
    }

    #[test]
    fn a_look_is_due_every_second() {
        let start = Instant::now();
        let mut watch = ErrorWatch::new(start);
        assert!(watch.is_due(start));
        assert!(!watch.is_due(start + Duration::from_millis(999)));
        assert!(watch.is_due(start + PERIOD));
    }

    /// A pseudo-terminal, which has a terminal's requests but these.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_pseudo_terminal_has_no_counts() {
        let (port, _other) = serialport::TTYPort::pair().expect("a pseudo-terminal");
        assert_eq!(count(&port), None);
    }
}
