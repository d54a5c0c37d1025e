//! Reading on without stopping at each event: the fast lane for who wants only the heap's history.
//!
//! The two events that almost all of a heap trace consists of are handed over as plain values. What they
//! mean is decided by the same code as in [`Trace::step`](super::Trace::step).

use super::context::Cores;
use super::dialect::idf;
use super::event::{Event, Occasion};
use super::interpret::follow_switch;
use super::lane::Lane;
use super::reader::{Counts, Meant, Source, Trace, earliest};
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
            let Some((index, source)) = earliest(&mut self.streams) else {
                return Pause::Finished;
            };
            if !source.stream.take_frame() {
                if let Some(pause) = self.observe_special(index, observer) {
                    return pause;
                }
                continue;
            }
            let source = &*source;
            let piece = source.stream.taken();
            let is_done = match piece.lane() {
                Lane::Common => false,
                Lane::Allocation => observe_allocation(
                    source,
                    piece,
                    &mut self.cores,
                    &mut self.stacks,
                    &mut self.counts,
                    observer,
                ),
                Lane::Free => observe_free(
                    source,
                    piece,
                    &mut self.cores,
                    &mut self.stacks,
                    &mut self.counts,
                    observer,
                ),
                _ => {
                    follow_switch(source, piece, &mut self.cores, &mut self.tasks);
                    true
                }
            };
            if is_done {
                self.counts.packets += 1;
                self.end = piece.time;
            } else {
                let piece = *piece;
                self.observe_common(index, &piece, observer);
            }
        }
    }

    /// What comes next is no frame that is ready.
    fn observe_special(&mut self, index: usize, observer: &mut impl Observer) -> Option<Pause> {
        let stream = &mut self.streams[index].stream;
        if let Some(special) = stream.take_special() {
            if let Some(event) = self.special_event(index, special) {
                observer.event(&event, &self.stacks);
            }
        } else if stream.prepare() == Ready::NeedBytes {
            return Some(Pause::NeedBytes(index));
        }
        None
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
}

/// Whether it was an allocation of a block, and the observer was told.
#[inline(always)]
fn observe_allocation(
    source: &Source,
    piece: &Piece,
    cores: &mut Cores,
    stacks: &mut Stacks,
    counts: &mut Counts,
    observer: &mut impl Observer,
) -> bool {
    match idf::allocation(source.stream.payload(piece), stacks) {
        Some((address, size, stack)) if address != 0 => {
            let now = occasion(source, piece, cores);
            counts.heap_events += 1;
            observer.allocation(&now, address, size, stack, stacks);
            true
        }
        _ => false,
    }
}

/// Whether it was a free of a block, and the observer was told.
#[inline(always)]
fn observe_free(
    source: &Source,
    piece: &Piece,
    cores: &mut Cores,
    stacks: &mut Stacks,
    counts: &mut Counts,
    observer: &mut impl Observer,
) -> bool {
    match idf::free(source.stream.payload(piece), stacks) {
        Some((address, stack)) if address != 0 => {
            let now = occasion(source, piece, cores);
            counts.heap_events += 1;
            observer.free(&now, address, stack, stacks);
            true
        }
        _ => false,
    }
}

#[inline(always)]
fn occasion(source: &Source, piece: &Piece, cores: &mut Cores) -> Occasion {
    Occasion {
        time: piece.time,
        context: cores.of(piece.core()).current(),
        core: piece.core(),
        input: source.stream.part.input,
        offset: source.stream.offset(piece),
    }
}
