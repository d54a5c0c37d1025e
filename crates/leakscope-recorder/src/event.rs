//! What can be recorded, and who records it.

use crate::stack::Origin;
use leakscope_systemview::Level;

/// Something that records.
///
/// Two types of this crate do: [`Stream`](crate::stream::Stream) and
/// [`RecordBuffer`](crate::standalone::RecordBuffer). The allocator wrapper, the hooks, the logger and the
/// C interface all end here, through [`global_recorder!`](crate::global_recorder). Every method may be
/// called from interrupts and from every core, returns quickly, and drops what it cannot take.
pub trait Recorder: Sync {
    /// A block was allocated.
    fn alloc(&self, block: Block, origin: Origin<'_>);
    /// A block is about to be freed. Call it before the allocator takes the block back, or another
    /// core may be seen to allocate the address first. A size of 0 means that it is not known.
    fn free(&self, block: Block, origin: Origin<'_>);
    /// A block is about to be grown, shrunk or moved; one of the next two follows. Call it before the allocator:
    /// when that returns, somebody else may have got the block's old place. `from.size` may be 0: not known.
    fn realloc_begins(&self, from: Block, origin: Origin<'_>);
    /// A block was grown, shrunk or moved. `from.size` may be 0: not known.
    fn realloc(&self, from: Block, to: Block, origin: Origin<'_>);
    /// The allocator had no `size` bytes for a block that was to be reallocated, which lives on.
    fn realloc_failed(&self, from: Block, size: usize, origin: Origin<'_>);
    /// The allocator had no block of `size` bytes.
    fn failed(&self, size: usize, origin: Origin<'_>);

    /// The scheduler or an interrupt did something.
    fn event(&self, event: SystemEvent) {
        let _ = event;
    }
    /// A task exists, or its name or stack changed. An empty name leaves a known one as it is.
    fn task(&self, task: &Task<'_>) {
        let _ = task;
    }
    /// A name for a marker's number.
    fn name_marker(&self, marker: u32, name: &[u8]) {
        let _ = (marker, name);
    }
    /// A message, final.
    fn print(&self, level: Level, text: &[u8]) {
        let _ = (level, text);
    }
    /// A message that the host formats: `format` is C's `printf`'s, with 32-bit arguments only (at
    /// most 16 are sent).
    fn print_format(&self, level: Level, format: &[u8], arguments: &[u32]) {
        let _ = (level, format, arguments);
    }
    /// The operating system asks for a beginning. Not every recorder can begin without being told more.
    fn begin(&self) {}
    /// The operating system asks for an end.
    fn end(&self) {}
}

/// A block of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins.
    pub address: usize,
    /// Its size in bytes, as it was asked for.
    pub size: usize,
}

/// What the scheduler and interrupts do. Tasks and timers are told apart by the address of their
/// control block, or by any other number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemEvent {
    /// An interrupt begins (on Cortex-M, number the exceptions: SysTick is 15).
    IsrEnter(u32),
    /// It returns to what it interrupted.
    IsrExit,
    /// It ends in the scheduler: something else may run now.
    IsrToScheduler,
    /// A task runs.
    TaskStartExec(usize),
    /// The running task stops.
    TaskStopExec,
    /// A task could run.
    TaskStartReady(usize),
    /// A task waits, for a cause by the operating system's own numbers.
    TaskStopReady(usize, u32),
    /// A task comes into being.
    TaskCreate(usize),
    /// A task is gone.
    TaskTerminate(usize),
    /// Nothing runs. Repetitions are not recorded.
    Idle,
    /// A software timer's callback begins.
    TimerEnter(usize),
    /// It ends.
    TimerExit,
    /// A marked stretch begins.
    MarkStart(u32),
    /// It ends.
    MarkStop(u32),
    /// A point in time is marked.
    Mark(u32),
}

/// A task, for the host's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task<'a> {
    /// The address of its control block, or any other number.
    pub id: usize,
    /// Its priority; whether larger is higher depends on the operating system.
    pub priority: u32,
    /// Its name, up to the first zero byte if there is one.
    pub name: &'a [u8],
    /// Where its stack begins (the lowest address), 0 if not known.
    pub stack_base: usize,
    /// The size of its stack in bytes, 0 if not known.
    pub stack_size: usize,
}

impl<'a> Task<'a> {
    /// A task without a stack of its own.
    pub const fn new(id: usize, priority: u32, name: &'a [u8]) -> Self {
        Self {
            id,
            priority,
            name,
            stack_base: 0,
            stack_size: 0,
        }
    }
}

/// `text` up to the first zero byte: names come from C and from Rust.
pub(crate) fn until_nul(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(text.len());
    &text[..end]
}
