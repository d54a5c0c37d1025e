//! What contexts do, with one allocator between them.

use std::sync::Mutex;

use leakscope_recorder::Block;

use crate::driven::{Driven, Settings};
use crate::happened::Happened;
use crate::schedule::Schedule;

/// What a context can do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Alloc(usize),
    /// Its oldest block.
    Free,
    /// Its oldest block moves.
    Realloc(usize),
    /// There is no memory for that.
    ReallocFails,
    /// There is no memory.
    Fail,
    Event,
    Drain,
    Command(u8),
    Poll,
    Start,
    Stop,
}

/// What is done by whom.
pub(crate) struct Program {
    pub(crate) settings: Settings,
    pub(crate) contexts: Vec<Vec<Op>>,
    /// On which core each context runs.
    pub(crate) cores: Vec<usize>,
}

impl Program {
    /// Runs the program by this schedule; what really happened.
    pub(crate) fn run(&self, driven: &dyn Driven, schedule: &Schedule) -> Happened {
        let heap = Mutex::new(Happened::default());
        let context = |number: usize| {
            let core = self.cores[number];
            driven.enter(core);
            let mut owned = Vec::new();
            for (place, &op) in self.contexts[number].iter().enumerate() {
                // Every call has a stack of its own.
                let stack = [0x1000 * (number + 1) + 0x10 * place, 0x100];
                act(driven, &heap, op, &stack, &mut owned, core);
            }
        };
        schedule.run(self.contexts.len(), &context);
        for core in [0, 1] {
            driven.enter(core);
            // Room for a loss that is still to be told.
            driven.drain(core);
            driven.event(1);
            driven.drain(core);
        }
        heap.into_inner().expect("no context panics")
    }
}

fn act(
    driven: &dyn Driven,
    heap: &Mutex<Happened>,
    op: Op,
    stack: &[usize],
    owned: &mut Vec<usize>,
    core: usize,
) {
    let heap = || heap.lock().expect("no context panics");
    match op {
        Op::Alloc(size) => {
            let address = heap().alloc(size, stack);
            driven.alloc(Block { address, size }, stack);
            owned.push(address);
        }
        Op::Free => {
            let address = owned.remove(0);
            driven.free(address, stack);
            heap().free(address);
        }
        Op::Realloc(size) => {
            let from = owned.remove(0);
            driven.realloc_begins(from, stack);
            let address = heap().realloc(from, size, stack);
            driven.realloc(from, Block { address, size }, stack);
            owned.push(address);
        }
        Op::ReallocFails => {
            driven.realloc_begins(owned[0], stack);
            heap().fail(2);
            driven.realloc_failed(owned[0], 1000, stack);
        }
        Op::Fail => {
            heap().fail(1);
            driven.failed(1000, stack);
        }
        Op::Event => {
            heap().events += 1;
            driven.event(7);
        }
        Op::Drain => driven.drain(core),
        Op::Command(byte) => driven.command(byte),
        Op::Poll => driven.poll(),
        Op::Start => driven.start(),
        Op::Stop => driven.stop(),
    }
}
