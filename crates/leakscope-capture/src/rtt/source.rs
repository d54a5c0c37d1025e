//! Memory that is read while the target runs, as a source: what `leakscope record --rtt-memory` records.

use std::time::{Duration, Instant};

use super::reader::{ReadError, Reader};
use super::recording::MemoryRecording;
use super::search::Place;
use crate::interrupt::Interrupt;
use crate::memory::{Memory, MemoryFile, MemoryFilePlace, WordLayout};
use crate::receiver::Inbox;
use crate::source::{Abilities, Form, Item, Source, SourceError, SourceEvent};

/// What can be asked of memory alone.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: false,
    reset: false,
};

/// A control block that has not come by then is missed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens the file that is the memory of an emulator's target. The control block is at `address`, if that is
/// known; else it is looked for.
///
/// # Errors
/// If there is no such file, or the interrupt was set before it was open.
pub fn open_file(
    place: &MemoryFilePlace,
    address: Option<u64>,
    layout: WordLayout,
    interrupt: &Interrupt,
) -> Result<Box<dyn Source>, SourceError> {
    let name = place.path.display().to_string();
    let failed = |error| {
        SourceError::new(format!("`{name}` cannot be opened as memory"))
            .caused_by(error)
            .with_hint(
                "QEMU makes it: -object memory-backend-file,id=ram,size=16M,mem-path=FILE,share=on \
                 -machine memory-backend=ram",
            )
    };
    let memory = MemoryFile::open_until(&place.path, place.base, interrupt).map_err(failed)?;
    let range = memory.range().map_err(failed)?;
    if let Some(address) = address
        && !range.contains(&address)
    {
        let error = SourceError::new(format!(
            "the recorder's buffer is at {address:#x}, and `{name}` is the memory from {:#x} to {:#x}",
            range.start, range.end
        ));
        return Err(error.with_hint("does FILE@BASE name the address where this memory begins?"));
    }
    let place = address.map_or_else(|| Place::Within(vec![range]), Place::At);
    let is_image = memory.is_image();
    let reader = Reader::new(place, layout);
    let source = MemorySource::new(name, memory, is_image, reader, interrupt.clone());
    Ok(Box::new(source))
}

/// A recording of a target that is never stopped.
#[derive(Debug)]
struct MemorySource<M> {
    name: String,
    /// Nobody writes to it any more: one look brings all there is.
    is_image: bool,
    recording: MemoryRecording<M>,
    streams: u8,
    inbox: Inbox,
    opened: Instant,
    interrupt: Interrupt,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Waiting,
    /// The control block is missed, and that was said.
    Missing,
    Recording,
    Ended,
}

impl<M: Memory + Send> MemorySource<M> {
    fn new(
        name: String,
        mut memory: M,
        is_image: bool,
        reader: Reader,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            name,
            is_image,
            streams: reader.streams(&mut memory),
            recording: MemoryRecording::new(memory, reader),
            inbox: Inbox::default(),
            opened: Instant::now(),
            interrupt,
            state: State::New,
        }
    }

    fn look(&mut self, timeout: Duration) -> Result<(), SourceError> {
        let looked = self.recording.advance(&mut self.inbox, timeout);
        self.unless_interrupted(looked.map(drop))
    }

    /// What the interrupt has cut short did not fail.
    fn unless_interrupted(&self, done: Result<(), ReadError>) -> Result<(), SourceError> {
        match done {
            Err(_) if self.interrupt.is_past_grace() => Ok(()),
            done => done.map_err(failed),
        }
    }

    fn advance(&mut self, timeout: Duration) -> Result<Option<SourceEvent>, SourceError> {
        let state = self.state;
        if state == State::New && self.is_image {
            // The first look finds the buffers, the second one reads them.
            for _ in 0..2 {
                self.look(Duration::ZERO)?;
            }
            self.state = State::Ended;
            let text = "no running program has this file open: it is read as an image that was saved, and left as it is";
            return Ok(Some(SourceEvent::Notice(text.to_owned())));
        }
        if state == State::New {
            self.state = State::Waiting;
            let waiting = "until the program has set its recorder up".to_owned();
            self.look(Duration::ZERO)?;
            if !self.recording.has_found() {
                return Ok(Some(SourceEvent::Waiting(waiting)));
            }
        }
        if state != State::Ended {
            self.look(timeout)?;
        }
        if matches!(self.state, State::Waiting | State::Missing) && self.recording.has_found() {
            self.state = State::Recording;
            return Ok(Some(SourceEvent::Started));
        }
        if self.state == State::Waiting && self.opened.elapsed() >= PATIENCE {
            self.state = State::Missing;
            let text = "there is no RTT control block in this memory yet: does the program run, and is its \
                        recorder built for RTT?";
            return Ok(Some(SourceEvent::Notice(text.to_owned())));
        }
        Ok(None)
    }
}

fn failed(error: ReadError) -> SourceError {
    SourceError::new("the memory cannot be read any longer").caused_by(error)
}

impl<M: Memory + Send> Source for MemorySource<M> {
    fn name(&self) -> String {
        format!("RTT in the memory {}", self.name)
    }

    fn form(&self) -> Form {
        Form::of_streams(self.streams)
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        if self.inbox.is_empty()
            && let Some(event) = self.advance(timeout)?
        {
            return Ok(Item::Event(event));
        }
        // Nothing of it happens at an address of the program.
        let tell = |event: crate::TargetEvent| event.for_source(&|_| String::new());
        if let Some(item) = self.inbox.next_item(self.streams, bytes, tell) {
            return Ok(item);
        }
        Ok(match self.state {
            State::Ended => Item::Ended,
            _ => Item::Nothing,
        })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        if std::mem::replace(&mut self.state, State::Ended) == State::Ended {
            return Ok(());
        }
        let stopped = self.recording.stop(&mut self.inbox);
        self.unless_interrupted(stopped)
    }
}
