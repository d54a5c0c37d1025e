//! Reading on without stopping at each event: the fast lane for who keeps the heap's history.
//!
//! The two events that almost all of a heap trace consists of are handed over as plain values. What they
//! mean is decided by the same code as in [`Trace::step`](super::Trace::step).

use super::context::Context;
use super::dialect::idf;
use super::event::{Event, Occasion};
use super::lane::Lane;
use super::modules::IdfEvent;
use super::reader::{Meant, Trace};
use super::stacks::{StackId, Stacks};
use super::stream::{Piece, Ready};

/// Why reading pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// This stream needs bytes: read some into [`Trace::space`] and call [`Trace::supply`].
    NeedBytes(usize),
    /// Who watches has seen enough for now.
    Enough,
    /// Every stream has ended.
    Finished,
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

/// Who is told what happens to the heap.
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

    /// As [`HeapEvent::Allocation`](super::HeapEvent::Allocation), in the only heap.
    fn allocation(
        &mut self,
        now: &Occasion,
        id: u32,
        address: u64,
        size: u64,
        stack: StackId,
        stacks: &Stacks,
    );

    /// As [`HeapEvent::Free`](super::HeapEvent::Free), in the only heap.
    fn free(&mut self, now: &Occasion, id: u32, address: u64, stack: StackId, stacks: &Stacks);

    /// Any other event.
    fn event(&mut self, event: &Event<'_>, trace: &Trace);
}

impl Trace {
    /// Reads on until bytes are needed.
    pub(crate) fn run<O: Observer>(&mut self, observer: &mut O) -> Pause {
        loop {
            if O::ALL && observer.is_full() {
                return Pause::Enough;
            }
            let Some(index) = self.earliest() else {
                return Pause::Finished;
            };
            let stream = &mut self.streams[index].stream;
            match stream.lane() {
                Some(Lane::Common) => {
                    if let Some(piece) = stream.take_frame() {
                        self.observe_common(index, &piece, observer);
                    }
                }
                Some(lane) => {
                    if let Some(piece) = stream.take_frame() {
                        self.observe_in_lane(lane, index, &piece, observer);
                    }
                }
                None => match stream.take_special() {
                    Some(special) => {
                        if let Some(event) = self.special_event(index, special) {
                            observer.event(&event, self);
                        }
                    }
                    None if stream.prepare() == Ready::NeedBytes => {
                        return Pause::NeedBytes(index);
                    }
                    None => {}
                },
            }
        }
    }

    /// The common lane is left out here, so that the others can do without a place in memory for the
    /// piece.
    #[inline(always)]
    fn observe_in_lane<O: Observer>(
        &mut self,
        lane: Lane,
        index: usize,
        piece: &Piece,
        observer: &mut O,
    ) {
        let is_done = match lane {
            _ if !observer.takes_plain(piece.id()) => false,
            Lane::Allocation => self.observe_idf(index, piece, IdfEvent::Allocation, observer),
            Lane::Free => self.observe_idf(index, piece, IdfEvent::Free, observer),
            Lane::Switch | Lane::Common => {
                let core = self.note_packet(index, piece);
                let context = self.follow_switch(index, core, piece);
                if O::ALL {
                    let running = self.cores[core].current();
                    observer.switch(&Switch {
                        time: piece.time,
                        core: core as u8,
                        id: piece.id(),
                        context: context.unwrap_or(running),
                        running,
                    });
                }
                true
            }
        };
        if !is_done {
            let piece = *piece;
            self.observe_common(index, &piece, observer);
        }
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

    /// Whether it was an allocation or a free of a block, and the observer was told.
    #[inline(always)]
    fn observe_idf(
        &mut self,
        index: usize,
        piece: &Piece,
        event: IdfEvent,
        observer: &mut impl Observer,
    ) -> bool {
        let core = self.core(index, piece);
        let source = &self.streams[index];
        let payload = source.stream.payload(piece);
        let now = Occasion {
            time: piece.time,
            context: self.cores[core].current(),
            core: core as u8,
            input: source.stream.part.input,
            offset: source.stream.offset(piece),
        };
        match event {
            IdfEvent::Allocation => match idf::allocation(payload, &mut self.stacks) {
                Some((address, size, stack)) if address != 0 => {
                    observer.allocation(&now, piece.id(), address, size, stack, &self.stacks);
                }
                _ => return false,
            },
            IdfEvent::Free => match idf::free(payload, &mut self.stacks) {
                Some((address, stack)) if address != 0 => {
                    observer.free(&now, piece.id(), address, stack, &self.stacks);
                }
                _ => return false,
            },
        }
        self.count_packet(piece);
        self.counts.heap_events += 1;
        true
    }
}
