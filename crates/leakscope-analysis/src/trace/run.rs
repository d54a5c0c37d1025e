//! Reading on without stopping at each event: the fast lane for who wants only the heap's history.
//!
//! The two events that almost all of a heap trace consists of are handed over as plain values. What they
//! mean is decided by the same code as in [`Trace::step`](super::Trace::step).

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
    /// Every stream has ended.
    Finished,
}

/// Who is told what happens to the heap.
pub(crate) trait Observer {
    /// As [`HeapEvent::Allocation`](super::HeapEvent::Allocation), in the only heap.
    fn allocation(
        &mut self,
        now: &Occasion,
        address: u64,
        size: u64,
        stack: StackId,
        stacks: &Stacks,
    );

    /// As [`HeapEvent::Free`](super::HeapEvent::Free), in the only heap.
    fn free(&mut self, now: &Occasion, address: u64, stack: StackId, stacks: &Stacks);

    /// Any other event that the heap's history depends on.
    fn event(&mut self, event: &Event<'_>, stacks: &Stacks);
}

impl Trace {
    /// Reads on until bytes are needed.
    pub(crate) fn run(&mut self, observer: &mut impl Observer) -> Pause {
        loop {
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
                            observer.event(&event, &self.stacks);
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
    fn observe_in_lane(
        &mut self,
        lane: Lane,
        index: usize,
        piece: &Piece,
        observer: &mut impl Observer,
    ) {
        let is_done = match lane {
            Lane::Allocation => self.observe_idf(index, piece, IdfEvent::Allocation, observer),
            Lane::Free => self.observe_idf(index, piece, IdfEvent::Free, observer),
            Lane::Switch | Lane::Common => {
                let core = self.note_packet(index, piece);
                self.follow_switch(index, core, piece);
                true
            }
        };
        if !is_done {
            let piece = *piece;
            self.observe_common(index, &piece, observer);
        }
    }

    #[inline(never)]
    fn observe_common(&mut self, index: usize, piece: &Piece, observer: &mut impl Observer) {
        let (context, meant) = self.interpret(index, piece);
        if !matches!(
            meant,
            Meant::Nothing | Meant::System | Meant::Api | Meant::Module | Meant::Log
        ) {
            let event = self.event(index, piece, context, &meant);
            observer.event(&event, &self.stacks);
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
                    observer.allocation(&now, address, size, stack, &self.stacks);
                }
                _ => return false,
            },
            IdfEvent::Free => match idf::free(payload, &mut self.stacks) {
                Some((address, stack)) if address != 0 => {
                    observer.free(&now, address, stack, &self.stacks);
                }
                _ => return false,
            },
        }
        self.count_packet(piece);
        self.counts.heap_events += 1;
        true
    }
}
