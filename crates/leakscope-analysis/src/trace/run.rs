//! Reading on without stopping at each event: the fast lane for who keeps the heap's history.
//!
//! The events that almost all of a heap trace consists of are handed over as plain values. What they
//! mean is decided by the same code as in [`Trace::step`](super::Trace::step).

use leakscope_systemview::Init;

use super::context::{Context, Cores};
use super::dialect::Listener;
use super::event::{Event, HeapEvent, Occasion};
use super::feed::Feed;
use super::interpret::follow_switch;
use super::lane::Lane;
use super::reader::{Counts, Meant, Trace, earliest};
use super::stacks::Stacks;
use super::stream::{Piece, Ready, Stream};
use super::tasks::Tasks;

/// Why reading pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// There may be more, later.
    Waiting,
    /// The watcher has seen enough for now.
    Enough,
    /// Every stream has ended.
    Finished,
}

/// Why the hot loop ends.
enum Halt {
    /// This stream needs bytes.
    NeedBytes(usize),
    Pause(Pause),
}

/// A packet that says who runs, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// As [`Event::time`].
    pub time: u64,
    /// As [`Event::core`].
    pub core: u8,
    /// As [`Event::id`].
    pub id: u32,
    /// As [`Event::context`].
    pub context: Context,
    /// Who runs on the core from now on.
    pub running: Context,
}

/// Is told what happens to the heap.
pub(crate) trait Observer {
    /// Whether it wants to know of all events. Otherwise only those are told that the heap's history
    /// depends on.
    const ALL: bool = false;

    /// Whether reading is to pause before the next event.
    fn is_full(&self) -> bool {
        false
    }

    /// Whether events with this id may be told as plain values, and not as an [`Event`].
    fn takes_plain(&self, _id: u32) -> bool {
        true
    }

    /// Another task or interrupt runs. Only told to those who want to know of all events.
    fn switch(&mut self, _switch: &Switch) {}

    /// Something happens to the heap.
    fn heap(&mut self, now: &Occasion, id: u32, event: HeapEvent, stacks: &Stacks);

    /// Any other event.
    fn event(&mut self, event: &Event<'_>, trace: &Trace);
}

impl Trace {
    /// Reads all that there is, unless the observer is full before.
    pub(crate) fn run<F: Feed, O: Observer>(
        &mut self,
        mut feed: F,
        observer: &mut O,
    ) -> Result<Pause, F::Error> {
        loop {
            match self.run_supplied(observer) {
                Halt::Pause(pause) => return Ok(pause),
                Halt::NeedBytes(index) => {
                    if !self.read_more(index, &mut feed)? {
                        return Ok(Pause::Waiting);
                    }
                }
            }
        }
    }

    /// Reads the bytes that are there.
    fn run_supplied<O: Observer>(&mut self, observer: &mut O) -> Halt {
        loop {
            if O::ALL && observer.is_full() {
                return Halt::Pause(Pause::Enough);
            }
            let Some((index, source)) = earliest(&mut self.streams) else {
                if !self.is_holding() {
                    return Halt::Pause(Pause::Finished);
                }
                if let Some(event) = self.go_on_together() {
                    observer.event(&event, self);
                }
                continue;
            };
            let Some(number) = source.stream.take_frame() else {
                if self.observe_special(index, observer) == Ready::NeedBytes {
                    return Halt::NeedBytes(index);
                }
                continue;
            };
            let piece = source.stream.numbered(number);
            let is_plain = observer.takes_plain(piece.id());
            let telling = Telling {
                stream: &source.stream,
                init: &source.init,
                piece,
                cores: &mut self.cores,
                tasks: &mut self.tasks,
                counts: &mut self.counts,
                observer,
            };
            let is_done = is_plain
                && (source.dialects).read_in_lane(
                    piece.lane(),
                    &mut self.stacks,
                    &mut self.admitted,
                    telling,
                );
            if is_done {
                let time = piece.time;
                self.count_packet(time);
            } else {
                let piece = *piece;
                self.observe_common(index, &piece, observer);
            }
        }
    }

    /// What comes next is no frame that is ready.
    fn observe_special(&mut self, index: usize, observer: &mut impl Observer) -> Ready {
        let stream = &mut self.streams[index].stream;
        let Some(special) = stream.take_special() else {
            return stream.prepare();
        };
        if let Some(event) = self.special_event(index, special) {
            observer.event(&event, self);
        }
        Ready::Item
    }

    #[inline(never)]
    fn observe_common<O: Observer>(&mut self, index: usize, piece: &Piece, observer: &mut O) {
        let (context, meant) = self.interpret(index, piece);
        let is_told = match meant {
            Meant::Nothing => false,
            Meant::System | Meant::Api | Meant::Module | Meant::Log => O::ALL,
            _ => true,
        };
        if is_told {
            let event = self.event(index, piece, context, &meant);
            observer.event(&event, self);
        }
    }
}

/// Tells an observer of an event of the heap, or of who runs.
struct Telling<'t, O> {
    stream: &'t Stream,
    init: &'t Init,
    piece: &'t Piece,
    cores: &'t mut Cores,
    tasks: &'t mut Tasks,
    counts: &'t mut Counts,
    observer: &'t mut O,
}

impl<O: Observer> Listener for Telling<'_, O> {
    #[inline(always)]
    fn payload(&self) -> &[u8] {
        self.stream.payload(self.piece)
    }

    #[inline(always)]
    fn hear(self, event: HeapEvent, stacks: &Stacks) -> bool {
        if let HeapEvent::Failed { .. } | HeapEvent::FreeOfNull { .. } = event {
            // Told as an event: here, it would cost those that are no failures.
            return false;
        }
        let now = occasion(self.stream, self.piece, self.cores);
        (self.observer).heap(&now, self.piece.id(), event, stacks);
        self.counts.heap_events += 1;
        true
    }

    #[inline(always)]
    fn hear_other(self, lane: Lane) -> bool {
        // One place in the code for each lane: where it goes on cannot be foreseen, and so is decided once.
        match lane {
            Lane::TaskStart => self.switch(Lane::TaskStart),
            Lane::TaskStop => self.switch(Lane::TaskStop),
            Lane::TaskBlocked => self.switch(Lane::TaskBlocked),
            Lane::Idle => self.switch(Lane::Idle),
            Lane::IsrEnter => self.switch(Lane::IsrEnter),
            Lane::IsrExit => self.switch(Lane::IsrExit),
            Lane::IsrToScheduler => self.switch(Lane::IsrToScheduler),
            _ => false,
        }
    }
}

impl<O: Observer> Telling<'_, O> {
    /// Another task or interrupt runs.
    #[inline(always)]
    fn switch(self, lane: Lane) -> bool {
        let (piece, cores) = (self.piece, self.cores);
        let context = follow_switch(self.stream, self.init, piece, lane, cores, self.tasks);
        if O::ALL {
            let running = cores.of(piece.core()).current();
            self.observer.switch(&Switch {
                time: piece.time,
                core: piece.core(),
                id: piece.id(),
                context: context.unwrap_or(running),
                running,
            });
        }
        true
    }
}

#[inline(always)]
fn occasion(stream: &Stream, piece: &Piece, cores: &mut Cores) -> Occasion {
    Occasion {
        time: piece.time,
        context: cores.of(piece.core()).current(),
        core: piece.core(),
        input: stream.part.input,
        offset: stream.offset(piece),
    }
}
