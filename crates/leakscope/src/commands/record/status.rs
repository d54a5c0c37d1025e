//! What is shown while recording: one line that changes on a terminal, a line every few seconds elsewhere.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use leakscope_capture::memory::SnapshotRequest;
use leakscope_capture::source::SourceEvent;
use leakscope_compare::gate::Doubt;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::filter::Filter;
use leakscope_report::log::{Format, LogRow, Writer};
use leakscope_report::{Report, sanitise, units};

use super::alarm::Alarm;
use super::live::Line;
use super::words;
use crate::screen::Screen;

/// The line on a terminal is made anew this often; it costs a look at every call site.
const ON_TERMINAL: Duration = Duration::from_millis(500);
/// Elsewhere, a line is written this often.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// The line, and what is printed above it.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Status<'s> {
    bar: ProgressBar,
    is_terminal: bool,
    source: String,
    saved: String,
    began: Instant,
    has_begun: bool,
    state: State,
    next_update: Instant,
    /// Whether the link to the device is gone, and the device had not stopped tracing.
    link_is_lost: bool,
    /// The device's memory, which is read while it stands still.
    pub(super) image: Option<SnapshotRequest>,
    /// What is said above the line of call sites that leak too fast.
    pub(super) alarm: Option<Alarm<'s>>,
}

/// What is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Recording,
    Waiting(String),
    LinkLost(Instant),
    Stopping,
}

impl Status<'_> {
    pub(super) fn new(source: &str, saved: &Path) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let bar = if is_terminal {
            let style = ProgressStyle::with_template("{spinner} {wide_msg}");
            ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        } else {
            ProgressBar::hidden()
        };
        let now = Instant::now();
        Self {
            bar,
            is_terminal,
            source: source.to_owned(),
            saved: saved.display().to_string(),
            began: now,
            has_begun: false,
            state: State::Recording,
            link_is_lost: false,
            image: None,
            alarm: None,
            next_update: now
                + if is_terminal {
                    Duration::ZERO
                } else {
                    ELSEWHERE
                },
        }
    }

    /// How long has been recorded.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Why nothing can be claimed of what was recorded.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        self.link_is_lost.then(|| {
            let what = "the link to the device was lost, and did not come back";
            Doubt::new(what, "record again: nothing is claimed of a part")
        })
    }

    /// Something has happened.
    pub(super) fn say(&mut self, event: &SourceEvent) {
        match event {
            SourceEvent::LinkLost(_) => self.link_is_lost = true,
            SourceEvent::LinkRestored { .. } | SourceEvent::Stopped => self.link_is_lost = false,
            _ => {}
        }
        match event {
            SourceEvent::Waiting(what) => {
                self.state = State::Waiting(what.clone());
                self.line(&format!("waiting {what}"));
                return;
            }
            SourceEvent::Started => {
                self.state = State::Recording;
                if std::mem::replace(&mut self.has_begun, true) {
                    self.line("recording goes on");
                    return;
                }
                self.began = Instant::now();
                self.line(&format!("recording {} into {}", self.source, self.saved));
                return;
            }
            SourceEvent::LinkLost(_) => self.state = State::LinkLost(Instant::now()),
            SourceEvent::LinkRestored { .. } => self.state = State::Recording,
            SourceEvent::Stopped
            | SourceEvent::TargetReset
            | SourceEvent::Gap(_)
            | SourceEvent::Text(_)
            | SourceEvent::Notice(_) => {}
        }
        self.note(&words::event(event));
    }

    /// Recording is about to end.
    pub(super) fn stopping(&mut self) {
        if self.state != State::Stopping {
            self.state = State::Stopping;
            self.next_update = Instant::now();
        }
    }

    /// Raises the alarm, if there is one, it is time to look, and a call site leaks too fast.
    pub(super) fn watch(&mut self, report: impl FnOnce() -> Report) {
        if self.alarm.as_ref().is_some_and(Alarm::is_due) {
            // What cannot be read now is read the next time.
            let _ = self.judge(report);
        }
    }

    /// The same, whatever the time.
    pub(super) fn judge(&mut self, report: impl FnOnce() -> Report) -> anyhow::Result<()> {
        let lines = self.alarm.as_mut().map(|alarm| alarm.look(report));
        for line in lines.transpose()?.unwrap_or_default() {
            self.line(&line);
        }
        Ok(())
    }

    pub(super) fn note(&mut self, text: &str) {
        self.line(&format!("note: {text}"));
    }

    pub(super) fn hint(&mut self, text: &str) {
        self.line(&format!("hint: {text}"));
    }

    /// A line above the one that changes.
    fn line(&mut self, text: &str) {
        self.around(|| {
            let _ = writeln!(anstream::stderr(), "{}", sanitise(text));
        });
    }

    /// What the device says, on standard output.
    pub(super) fn log(&mut self, line: Line) {
        match line {
            Line::Row(row) => self.message(row),
            Line::Printed(text) => self.printed(&text),
            Line::LeftOut(count) => self.left_out(count, "lines of the device"),
        }
    }

    /// Says that so many of these have found no room.
    pub(super) fn left_out(&mut self, count: u64, what: &str) {
        if count > 0 {
            let count = units::count(count);
            self.note(&format!(
                "{count} {what} are left out here: they came faster than they can be shown"
            ));
        }
    }

    fn message(&mut self, row: LogRow) {
        self.around(|| {
            let mut screen = Screen::new();
            let format = if screen.colour {
                Format::ColouredText
            } else {
                Format::Text
            };
            let all = Filter::default();
            let mut writer = Writer::new(&mut screen.out, format, &all);
            // If nobody reads it, the recording goes on.
            let _ = writer.write(row).and_then(|()| writer.finish());
            let _ = screen.out.flush();
        });
    }

    fn printed(&mut self, line: &str) {
        self.around(|| {
            let mut screen = Screen::new();
            // If nobody reads it, the recording goes on.
            let _ = writeln!(screen.out, "{}", sanitise(line));
            let _ = screen.out.flush();
        });
    }

    /// Does something that prints, with the line out of the way.
    pub(super) fn around(&mut self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Shows how far the recording is, if it is time for that: how many bytes were read, and the answer so far.
    pub(super) fn update(&mut self, bytes: u64, report: impl FnOnce() -> Report) {
        let now = Instant::now();
        if now < self.next_update {
            self.bar.tick();
            return;
        }
        let text = self.text(bytes, report);
        if self.is_terminal {
            self.bar.set_message(sanitise(&text).into_owned());
        } else {
            self.line(&text);
        }
        // Looking takes at most a tenth of the time.
        let period = if self.is_terminal {
            ON_TERMINAL
        } else {
            ELSEWHERE
        };
        self.next_update = now + period.max(now.elapsed() * 10);
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn text(&self, bytes: u64, report: impl FnOnce() -> Report) -> String {
        let reading = self.image.as_ref().and_then(SnapshotRequest::progress);
        if let Some((read, all)) = reading.filter(|(read, all)| read < all) {
            let [read, all] = [read, all].map(units::bytes);
            return format!("reading memory: {read} of {all}; the device stands still");
        }
        let elapsed = words::duration(self.elapsed());
        let state = match &self.state {
            State::Waiting(what) => return format!("waiting {what}"),
            State::Recording if bytes == 0 => {
                return format!("{elapsed} · nothing has come yet");
            }
            State::Recording => elapsed,
            State::LinkLost(since) => {
                format!(
                    "{elapsed}, link lost {} ago",
                    words::duration(since.elapsed())
                )
            }
            State::Stopping => format!("{elapsed}, stopping"),
        };
        let report = report();
        let parts = [
            Some(state),
            Some(units::bytes(bytes)),
            Some(units::counted(report.totals.events, "event")),
            heap(&report),
            losses(&report),
            fastest(&report),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(" · ")
    }
}

/// "heap 12,345 B, peak 23,456 B": what lives of the session under way, and the most of all.
fn heap(report: &Report) -> Option<String> {
    let totals = &report.totals;
    let session = (report.sessions.last()).filter(|_| totals.heap_events > 0)?;
    let [now, peak] = [session.outstanding_bytes, totals.peak_bytes].map(units::bytes);
    Some(format!("heap {now}, peak {peak}"))
}

/// "lost 12 packets, 60 B unreadable"
fn losses(report: &Report) -> Option<String> {
    let dropped = report.totals.dropped_packets;
    let unreadable = report.totals.skipped_bytes;
    match (dropped, unreadable) {
        (0, 0) => None,
        (dropped, 0) => Some(format!("lost {}", units::counted(dropped, "packet"))),
        (0, bytes) => Some(format!("{} unreadable", units::bytes(bytes))),
        (dropped, bytes) => Some(format!(
            "lost {}, {} unreadable",
            units::counted(dropped, "packet"),
            units::bytes(bytes)
        )),
    }
}

/// The call site that grows fastest, if one does: "+120 B/s make_node:24".
fn fastest(report: &Report) -> Option<String> {
    let growing = report.call_sites.iter();
    let growing = growing.filter(|site| site.growth_bytes > 0);
    let rate = |site: &CallSite| site.growth_bytes as f64 / site.growth_ticks as f64;
    let fastest = growing.max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let growth = report
        .clock()
        .rate(fastest.growth_bytes, fastest.growth_ticks);
    Some(format!("+{growth}{}", place(fastest).unwrap_or_default()))
}

/// " make_node:24"
pub(super) fn place(site: &CallSite) -> Option<String> {
    site.frames.first().map(|frame| {
        let name = match &frame.function {
            Some(function) => without_path(function).to_owned(),
            None => frame.address.to_string(),
        };
        match frame.line {
            Some(line) => format!(" {name}:{line}"),
            None => format!(" {name}"),
        }
    })
}

/// The last part of `crate::module::function`: the line is short. Names with types in them stay whole.
fn without_path(function: &str) -> &str {
    if function.contains(['<', '(', ' ']) {
        return function;
    }
    function.rsplit("::").next().unwrap_or(function)
}

#[cfg(test)]
mod tests {
    use leakscope_analysis::Analysis;
    use leakscope_analysis::heap::KeepAll;
    use leakscope_analysis::trace::Layout;
    use leakscope_report::Symbolizer;
    use leakscope_testing::scenario::Scenario;

    use super::*;

    #[test]
    fn what_an_earlier_session_left_is_not_on_the_heap() {
        let mut recording = Scenario::begun();
        recording.allocate(0x3FFB_0000, 3_000, &[0x400D_1000]);
        recording.after(1_000).stop().after(1_000).start();
        recording.allocate(0x3FFB_1000, 200, &[0x400D_1000]);
        let bytes = recording.openocd();
        let mut analysis = Analysis::new(&Layout::of(&[&bytes[..]]), KeepAll);
        let Ok(_) = analysis.run(&[&bytes[..]][..]);
        let mut symbolizer = Symbolizer::new(None);
        let names = ["heap.svdat".to_owned()];
        let report = Report::new(&analysis.outcome(), &mut symbolizer, &names);
        assert_eq!(report.sessions.len(), 2);
        assert_eq!(heap(&report), Some("heap 200 B, peak 3,000 B".to_owned()));
    }
}
