//! A debug probe as a source: what `leakscope record --probe` records.

use std::time::{Duration, Instant};

use super::attached::Attached;
use super::error::ProbeError;
use super::target::{ProbeDebugger, Target};
use crate::course::{Options, RingRecording, Status};
use crate::receiver::Inbox;
use crate::rtt::{Place, Reader};
use crate::source::{Abilities, Form, Item, Source, SourceError};

/// What can be asked of a recording through a debug probe.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: true,
    reset: true,
};

/// A control block that has not come by then is missed.
const BLOCK_PATIENCE: Duration = Duration::from_secs(3);

/// Attaches a debug probe to its chip, and prepares to record that. `selector` says which probe, `VID:PID[:SERIAL]` as
/// probe-rs has it, if there are several; `chip` is probe-rs's name. The breakpoints are those of the chip's first core.
///
/// # Errors
/// If there is no such probe or chip, or if they cannot be used.
pub fn connect(
    selector: Option<&str>,
    chip: &str,
    options: Options,
) -> Result<Box<dyn Source>, SourceError> {
    let target = Attached::attach(selector, chip)?;
    let probe = target.probe().to_owned();
    let place = match options.rtt.clone() {
        Some(place) => place,
        None => Place::Within(target.ram()),
    };
    let reader = Reader::new(place, options.layout());
    let mut debugger = ProbeDebugger(target);
    // What the target had before it is reset says how many cores it has, too.
    let streams = reader.streams(&mut debugger);
    let recording = RingRecording::new(debugger, &options, reader)?;
    Ok(Box::new(ProbeSource {
        name: format!("{chip} through the debug probe {probe}"),
        recording: Some(recording),
        streams,
        options,
        inbox: Inbox::default(),
        has_begun: false,
        waiting_since: Instant::now(),
        is_block_missed: false,
    }))
}

/// A recording through a debug probe.
struct ProbeSource<T> {
    name: String,
    /// `None` once it is over.
    recording: Option<RingRecording<ProbeDebugger<T>>>,
    streams: u8,
    options: Options,
    inbox: Inbox,
    has_begun: bool,
    /// For the control block.
    waiting_since: Instant,
    /// That was said: once is enough.
    is_block_missed: bool,
}

impl<T: Target> ProbeSource<T> {
    fn advance(&mut self, timeout: Duration) -> Result<(), SourceError> {
        let result = match &mut self.recording {
            None => return Ok(()),
            Some(recording) => recording.advance(&mut self.inbox, timeout),
        };
        match result {
            Ok(Status::Finished(ending)) => {
                self.inbox.notice(ending.sentence(&*self.options.name));
                self.finish()
            }
            Ok(status) => {
                let notice = self.miss(status);
                self.inbox.notice(notice);
                Ok(())
            }
            Err(error) => self.fail(error),
        }
    }

    /// What has not come for long, to be said once.
    fn miss(&mut self, status: Status) -> Option<String> {
        let recording = self.recording.as_mut()?;
        let (_, course) = recording.parts();
        if let Some(start) = course.missed_start(Instant::now()) {
            let missed = self.options.missed(start, None);
            return Some(format!(
                "{missed}; only the chip's first core is waited for"
            ));
        }
        let is_missed = status == Status::Recording
            && self.waiting_since.elapsed() >= BLOCK_PATIENCE
            && !recording.has_found();
        if !is_missed || std::mem::replace(&mut self.is_block_missed, true) {
            return None;
        }
        let text = "there is no RTT control block in the target's memory yet: does the program run, is its recorder \
                    built for RTT, is it the program of --elf?";
        Some(text.to_owned())
    }

    /// The target is let go, if that is still possible.
    fn fail(&mut self, error: ProbeError) -> Result<(), SourceError> {
        if let Some(recording) = self.recording.take() {
            let _ = recording.leave();
        }
        Err(error.into())
    }

    fn finish(&mut self) -> Result<(), SourceError> {
        if let Some(recording) = self.recording.take() {
            recording.leave()?;
        }
        Ok(())
    }
}

impl<T: Target + Send> Source for ProbeSource<T> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn form(&self) -> Form {
        Form::of_streams(self.streams)
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.waiting_since = Instant::now();
            let event = self.options.plan.first_event(&*self.options.name);
            return Ok(Item::Event(event));
        }
        if self.inbox.is_empty() {
            self.advance(timeout)?;
        }
        let (name, waiting_since) = (&*self.options.name, &mut self.waiting_since);
        let tell = |event: crate::TargetEvent| {
            if let crate::TargetEvent::Started { .. } = event {
                *waiting_since = Instant::now();
            }
            event.for_source(name)
        };
        if let Some(item) = self.inbox.next_item(self.streams, bytes, tell) {
            return Ok(item);
        }
        Ok(match self.recording {
            Some(_) => Item::Nothing,
            None => Item::Ended,
        })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        let result = match &mut self.recording {
            None => return Ok(()),
            Some(recording) => recording.stop(&mut self.inbox),
        };
        match result {
            Ok(_) => self.finish(),
            Err(error) => self.fail(error),
        }
    }
}
