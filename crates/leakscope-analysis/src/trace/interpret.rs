//! What a packet means, and who ran when it was sent.

use leakscope_systemview::{Init, Print, id};

use super::context::{Context, Cores};
use super::dialect::{DialectId, Listener, Said};
use super::event::HeapEvent;
use super::lane::Lane;
use super::modules::Meaning;
use super::reader::{Meant, Trace};
use super::stacks::Stacks;
use super::stream::{Piece, Stream};
use super::tasks::Tasks;
use crate::problem::ProblemKind;

impl Trace {
    /// What a packet means, and who ran when it was sent.
    #[inline(always)]
    pub(super) fn interpret(&mut self, index: usize, piece: &Piece) -> (Context, Meant) {
        self.count_packet(piece.time);
        let source = &self.streams[index];
        if let Some(context) = follow_switch(
            &source.stream,
            &source.init,
            piece,
            piece.lane(),
            &mut self.cores,
            &mut self.tasks,
        ) {
            return (context, Meant::System);
        }
        let meant = match piece.id() {
            id::FIRST_MODULE.. => {
                let source = &mut self.streams[index];
                let payload = source.stream.payload(piece);
                let mut heard = Heard {
                    payload,
                    event: None,
                };
                (source.dialects).read_in_lane(
                    piece.lane(),
                    &mut self.stacks,
                    &mut self.admitted,
                    &mut heard,
                );
                match heard.event {
                    Some(event) => self.heap(event),
                    None => self.interpret_module(index, piece),
                }
            }
            id::TASK_START_READY if !self.has_copies() => Meant::System,
            id::FIRST_API..id::FIRST_MODULE | id::END_CALL => Meant::Api,
            id::PRINT_FORMATTED => match Print::of(source.stream.payload(piece)) {
                Ok(_) => {
                    self.counts.log_messages += 1;
                    Meant::Log
                }
                Err(_) => self.unreadable(index, piece),
            },
            _ => {
                let before = self.cores.current(piece.core());
                let meant = self.interpret_rarity(index, piece);
                if matches!(meant, Meant::Stop) {
                    // What ends belongs to who ran then.
                    return (before, meant);
                }
                meant
            }
        };
        (self.cores.of(piece.core()).current(), meant)
    }

    /// Counts a packet, which is the last one so far: streams are merged in order of time.
    #[inline(always)]
    pub(super) fn count_packet(&mut self, time: u64) {
        self.counts.packets += 1;
        self.end = time;
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

    /// What an event of a heap module means.
    #[inline(always)]
    fn said(&mut self, index: usize, piece: &Piece, said: Option<Said>) -> Meant {
        match said {
            Some(Said::Heap(event)) => self.heap(event),
            Some(Said::Doubtful(event, problem)) => {
                self.piece_problem(index, problem, piece);
                self.heap(event)
            }
            Some(Said::Noted(problem)) => {
                self.piece_problem(index, problem, piece);
                Meant::Module
            }
            Some(Said::FreeOfOther { address, stack }) => Meant::FreeOfOther { address, stack },
            Some(Said::Nothing) => Meant::Module,
            None => self.unreadable(index, piece),
        }
    }

    /// Events of modules that take no lane of their own, or could not be read in it.
    #[inline(never)]
    fn interpret_module(&mut self, index: usize, piece: &Piece) -> Meant {
        let source = &mut self.streams[index];
        let payload = source.stream.payload(piece);
        match source.modules.meaning(piece.id()) {
            Meaning::Module => return Meant::Module,
            Meaning::Heap { dialect, number } => {
                let said = (source.dialects).read(
                    dialect,
                    number,
                    payload,
                    &mut self.stacks,
                    &mut self.admitted,
                );
                return self.said(index, piece, said);
            }
            Meaning::Unknown => {}
        }
        // The heap module may have moved; but others send pointers and numbers, too, and seldom callers behind these.
        let is_known = self.counts.heap_events > 0 || source.modules.has_heap();
        let callers = if is_known { 2 } else { 0 };
        let Some(dialect) = DialectId::guessed(payload, callers) else {
            self.unnamed.note(piece.id(), piece.time);
            let kind = ProblemKind::UnnamedModuleEvents { id: piece.id() };
            self.piece_problem(index, kind, piece);
            return Meant::Module;
        };
        // Espressif's cores share one firmware, and so its modules.
        let shared = self.espressif;
        for (other, source) in self.streams.iter_mut().enumerate() {
            if other == index || shared {
                for id in source.modules.register_heap(piece.id(), dialect) {
                    source.stream.set_lane(id, source.modules.lane(id));
                }
            }
        }
        let kind = ProblemKind::HeapModuleGuessed { id: piece.id() };
        self.piece_problem(index, kind, piece);
        self.interpret_module(index, piece)
    }
}

/// An event in its lane, kept.
struct Heard<'p> {
    payload: &'p [u8],
    event: Option<HeapEvent>,
}

impl Listener for &mut Heard<'_> {
    #[inline(always)]
    fn payload(&self) -> &[u8] {
        self.payload
    }

    #[inline(always)]
    fn hear(self, event: HeapEvent, _: &Stacks) -> bool {
        self.event = Some(event);
        true
    }
}

/// If a packet is about who runs: who that is. A packet that begins something belongs to what begins, one
/// that ends something to what ends.
#[inline(always)]
pub(super) fn follow_switch(
    stream: &Stream,
    init: &Init,
    piece: &Piece,
    lane: Lane,
    cores: &mut Cores,
    tasks: &mut Tasks,
) -> Option<Context> {
    let number = || stream.first_number(piece);
    let address = || init.expand(number());
    let state = cores.of(piece.core());
    let before = state.current();
    match lane {
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
            if piece.id() == id::TASK_TERMINATE {
                tasks.forget(address());
            }
        }
        _ => return None,
    }
    Some(before)
}
