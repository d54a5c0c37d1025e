//! What a packet means, and who ran when it was sent.

use leakscope_systemview::id;

use super::context::{Context, CoreState};
use super::dialect::{guess, idf, leakscope};
use super::event::HeapEvent;
use super::lane::Lane;
use super::modules::{IdfEvent, Meaning};
use super::reader::{Meant, NO_INIT, Trace};
use super::stream::Piece;
use crate::problem::ProblemKind;

impl Trace {
    /// What a packet means, and who ran when it was sent.
    #[inline]
    pub(super) fn interpret(&mut self, index: usize, piece: &Piece) -> (Context, Meant) {
        let core = self.note_packet(index, piece);
        if let Some(context) = self.follow_switch(index, core, piece) {
            return (context, Meant::System);
        }
        let source = &self.streams[index];
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
        (self.cores[core].current(), meant)
    }

    /// Counts a packet; returns the core it comes from.
    #[inline(always)]
    pub(super) fn note_packet(&mut self, index: usize, piece: &Piece) -> usize {
        self.count_packet(piece);
        self.core(index, piece)
    }

    #[inline(always)]
    pub(super) fn count_packet(&mut self, piece: &Piece) {
        self.counts.packets += 1;
        self.end = self.end.max(piece.time);
    }

    /// The core a packet comes from, of which there is a state.
    #[inline(always)]
    pub(super) fn core(&mut self, index: usize, piece: &Piece) -> usize {
        let core = usize::from(self.streams[index].core.max(piece.core));
        if core >= self.cores.len() {
            self.cores.resize_with(core + 1, CoreState::default);
        }
        core
    }

    /// If a packet is about who runs: who that is. A packet that begins something belongs to what
    /// begins, one that ends something to what ends.
    #[inline(always)]
    pub(super) fn follow_switch(
        &mut self,
        index: usize,
        core: usize,
        piece: &Piece,
    ) -> Option<Context> {
        let source = &self.streams[index];
        let number = || source.stream.first_number(piece);
        let address = || source.init.as_ref().unwrap_or(&NO_INIT).expand(number());
        let state = &mut self.cores[core];
        let before = state.current();
        match piece.id() {
            id::TASK_START_EXEC => {
                let task = self.tasks.at(address());
                state.start_task(task);
                return Some(Context::Task(task));
            }
            id::ISR_ENTER => {
                let interrupt = number();
                state.enter_interrupt(interrupt);
                return Some(Context::Interrupt(interrupt));
            }
            id::IDLE => {
                state.idle();
                if self.idle_since.is_none() && self.cores.iter().all(|core| core.was_idle) {
                    self.idle_since = Some(piece.time);
                }
                return Some(Context::Idle);
            }
            id::ISR_EXIT => state.exit_interrupt(),
            id::ISR_TO_SCHEDULER => state.exit_to_scheduler(),
            id::TASK_STOP_EXEC => state.stop_running_task(),
            id::TASK_STOP_READY => {
                let task = self.tasks.at(address());
                state.stop_task(task);
            }
            _ => return None,
        }
        Some(before)
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
