//! What a packet means, and who ran when it was sent.

use leakscope_systemview::id;

use super::context::{Context, Cores};
use super::dialect::{guess, idf, leakscope};
use super::event::HeapEvent;
use super::lane::Lane;
use super::modules::{IdfEvent, Meaning};
use super::reader::{Meant, NO_INIT, StreamState, Trace};
use super::stream::Piece;
use super::tasks::Tasks;
use crate::problem::ProblemKind;

impl Trace {
    /// What a packet means, and who ran when it was sent.
    #[inline]
    pub(super) fn interpret(&mut self, index: usize, piece: &Piece) -> (Context, Meant) {
        self.count_packet(piece);
        let source = &self.streams[index];
        if let Some(context) = follow_switch(source, piece, &mut self.cores, &mut self.tasks) {
            return (context, Meant::System);
        }
        let meant = match piece.id() {
            id::FIRST_MODULE.. => match source.modules.meaning(piece.id()) {
                Meaning::Idf(event) => {
                    let payload = source.stream.payload(piece);
                    match idf::read(event, payload, &mut self.stacks) {
                        Some(event) => self.heap(event),
                        None => self.unreadable(index, piece),
                    }
                }
                Meaning::Module => Meant::Module,
                Meaning::Leakscope(_) | Meaning::Unknown => self.interpret_module(index, piece),
            },
            id::TASK_START_READY if !self.has_copies() => Meant::System,
            id::FIRST_API..id::FIRST_MODULE | id::END_CALL => Meant::Api,
            id::PRINT_FORMATTED => {
                self.counts.log_messages += 1;
                Meant::Log
            }
            _ => self.interpret_rarity(index, piece),
        };
        (self.cores.of(piece.core()).current(), meant)
    }

    #[inline(always)]
    pub(super) fn count_packet(&mut self, piece: &Piece) {
        self.counts.packets += 1;
        self.end = self.end.max(piece.time);
    }

    pub(super) fn heap(&mut self, event: HeapEvent) -> Meant {
        self.counts.heap_events += 1;
        Meant::Heap(event)
    }

    #[cold]
    pub(super) fn unreadable(&mut self, index: usize, piece: &Piece) -> Meant {
        let kind = ProblemKind::UnreadablePacket { id: piece.id() };
        self.piece_problem(index, kind, piece);
        Meant::Unreadable
    }

    /// Events of our own module, and of modules that nothing describes.
    pub(super) fn interpret_module(&mut self, index: usize, piece: &Piece) -> Meant {
        let source = &mut self.streams[index];
        let payload = source.stream.payload(piece);
        if let Meaning::Leakscope(number) = source.modules.meaning(piece.id()) {
            let said = source.leakscope.read(number, payload, &mut self.stacks);
            let version = source.leakscope.version();
            return match said {
                Some(leakscope::Said::Heap(event)) => {
                    if version != leakscope::VERSION {
                        self.note_version(index, piece, version);
                    }
                    self.heap(event)
                }
                Some(leakscope::Said::Nothing) => Meant::Module,
                None => self.unreadable(index, piece),
            };
        }
        if guess::is_allocation(payload) {
            source.modules.guess_heap(piece.id());
            source.stream.set_lane(piece.id(), Lane::Allocation);
            source.stream.set_lane(piece.id() + 1, Lane::Free);
            let kind = ProblemKind::HeapModuleGuessed { id: piece.id() };
            self.piece_problem(index, kind, piece);
            return self.interpret_guessed(index, piece);
        }
        let kind = ProblemKind::UnnamedModuleEvents { id: piece.id() };
        self.piece_problem(index, kind, piece);
        Meant::Module
    }

    /// Heap events that came before their units, or from a newer recorder.
    #[cold]
    pub(super) fn note_version(&mut self, index: usize, piece: &Piece, version: u32) {
        let kind = match version {
            0 => ProblemKind::NoHeapUnits,
            version => ProblemKind::NewerRecorder { version },
        };
        self.piece_problem(index, kind, piece);
    }

    pub(super) fn interpret_guessed(&mut self, index: usize, piece: &Piece) -> Meant {
        let payload = self.streams[index].stream.payload(piece);
        match idf::read(IdfEvent::Allocation, payload, &mut self.stacks) {
            Some(event) => self.heap(event),
            None => self.unreadable(index, piece),
        }
    }
}

/// If a packet is about who runs: who that is. A packet that begins something belongs to what begins, one
/// that ends something to what ends.
#[inline(always)]
pub(super) fn follow_switch(
    source: &StreamState,
    piece: &Piece,
    cores: &mut Cores,
    tasks: &mut Tasks,
) -> Option<Context> {
    let number = || source.stream.first_number(piece);
    let address = || source.init.as_ref().unwrap_or(&NO_INIT).expand(number());
    let state = cores.of(piece.core());
    let before = state.current();
    match piece.lane() {
        Lane::TaskStart => {
            let task = tasks.at(address());
            state.start_task(task);
            return Some(Context::Task(task));
        }
        Lane::IsrEnter => {
            let interrupt = number();
            state.enter_interrupt(interrupt);
            return Some(Context::Interrupt(interrupt));
        }
        Lane::Idle => {
            cores.idle(piece.core(), piece.time);
            return Some(Context::Idle);
        }
        Lane::IsrExit => state.exit_interrupt(),
        Lane::IsrToScheduler => state.exit_to_scheduler(),
        Lane::TaskStop => state.stop_running_task(),
        Lane::TaskBlocked => {
            let task = tasks.at(address());
            state.stop_task(task);
        }
        Lane::Common | Lane::Allocation | Lane::Free => return None,
    }
    Some(before)
}
