//! A debug probe as a source: what `leakscope record --probe` records.

use std::time::{Duration, Instant};

use super::attached::Attached;
use super::error::ProbeError;
use super::recording::ProbeRecording;
use super::target::{Target, TargetMemory};
use crate::gdb::{Ending, Plan, Status};
use crate::memory::WordLayout;
use crate::receiver::{Inbox, place};
use crate::rtt::{Place, Reader};
use crate::source::{Abilities, Form, Item, Source, SourceError};

/// What can be asked of a recording through a debug probe.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: true,
    reset: true,
    needs_elf: false,
};

/// A start that was not reached by then is missed.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// A control block that has not come by then is missed.
const BLOCK_PATIENCE: Duration = Duration::from_secs(3);

/// What a recording through a debug probe has to know.
pub struct ProbeOptions {
    /// Which probe: `VID:PID[:SERIAL]` as probe-rs has it; `None` if there is only one.
    pub selector: Option<String>,
    /// The chip, by probe-rs's name.
    pub chip: String,
    /// From where to where. The breakpoints are those of the chip's first core.
    pub plan: Plan,
    /// Where RTT's control block is; `None`: somewhere in the chip's RAM.
    pub rtt: Option<Place>,
    /// How the program's numbers lie in memory.
    pub layout: WordLayout,
    /// A name for an address of the program, as the user knows it: `heap_trace_start`.
    pub name: Box<dyn Fn(u64) -> String + Send>,
}

/// Attaches a debug probe to its chip, and prepares to record that.
///
/// # Errors
/// If there is no such probe or chip, or if they cannot be used.
pub fn connect(options: ProbeOptions) -> Result<Box<dyn Source>, SourceError> {
    let mut target = Attached::attach(options.selector.as_deref(), &options.chip)?;
    let probe = target.probe().to_owned();
    let place = match options.rtt.clone() {
        Some(place) => place,
        None => Place::Within(target.ram()),
    };
    let reader = Reader::new(place, options.layout);
    // What the target had before it is reset says how many cores it has, too.
    let streams = reader.streams(&mut TargetMemory(&mut target));
    let recording = ProbeRecording::new(target, options.plan, reader)?;
    Ok(Box::new(ProbeSource {
        name: format!("{} through the debug probe {probe}", options.chip),
        recording: Some(recording),
        streams,
        options,
        inbox: Inbox::default(),
        has_begun: false,
        waiting_since: Instant::now(),
        missed: None,
    }))
}

/// A recording through a debug probe.
struct ProbeSource<T> {
    name: String,
    /// `None` once it is over.
    recording: Option<ProbeRecording<T>>,
    streams: u8,
    options: ProbeOptions,
    inbox: Inbox,
    has_begun: bool,
    /// For the start, then for the control block.
    waiting_since: Instant,
    /// What was said to be missed: once is enough.
    missed: Option<Missed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    Start,
    Block,
}

impl<T: Target> ProbeSource<T> {
    fn advance(&mut self, timeout: Duration) -> Result<(), SourceError> {
        let result = match &mut self.recording {
            None => return Ok(()),
            Some(recording) => recording.advance(&mut self.inbox, timeout),
        };
        match result {
            Ok(Status::Finished(ending)) => {
                self.inbox.notice(self.reason(ending));
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
        let waited = self.waiting_since.elapsed();
        let has_found = self
            .recording
            .as_ref()
            .is_none_or(ProbeRecording::has_found);
        let (missed, text) = match (status, self.options.plan.start) {
            (Status::Waiting, Some(start)) if waited >= START_PATIENCE => {
                let text = format!(
                    "the program did not reach {} within {} s. If it gets there only when it starts, add \
                     --reset; only the chip's first core is waited for",
                    (self.options.name)(start),
                    START_PATIENCE.as_secs()
                );
                (Missed::Start, text)
            }
            (Status::Recording, _) if waited >= BLOCK_PATIENCE && !has_found => {
                let text = "there is no RTT control block in the target's memory yet: does the program run, is its \
                            recorder built for RTT, is it the program of --elf?";
                (Missed::Block, text.to_owned())
            }
            _ => return None,
        };
        (self.missed.replace(missed) != Some(missed)).then_some(text)
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

    /// What there is to say of the end; nothing if it is the usual one.
    fn reason(&self, ending: Ending) -> Option<String> {
        let Ending::Stuck { address, .. } = ending else {
            return None;
        };
        let place = place(address, &*self.options.name);
        Some(format!(
            "the program stopped at {place} and does not continue"
        ))
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
