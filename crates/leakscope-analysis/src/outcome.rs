//! The answer: everything that a report needs, in plain data.
//!
//! Times are ticks since the trace began ([`Target::timestamp_hz`] a second), sizes are bytes, code is
//! addresses. Call sites, tasks and cores refer to each other by index.

use crate::findings::{Finding, Growth, Left, Rank};
use crate::heap::SiteId;
use crate::problem::Problem;
use crate::trace::{Context, StackCertainty, Task};

/// What a trace says, up to the moment it was asked.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was recorded.
    pub target: Target,
    /// Sums over the whole trace.
    pub totals: Totals,
    /// The stretches between restarts; at least one.
    pub sessions: Vec<Session>,
    /// Every call site that allocated, the worst first.
    pub call_sites: Vec<CallSite>,
    /// All tasks ever seen; [`Context::Task`] is an index into them.
    pub tasks: Vec<Task>,
    /// Contexts, and how much each allocated and freed, in order of first appearance.
    pub contexts: Vec<ContextUsage>,
    /// The heaps that the target told apart; empty if it does not.
    pub heaps: Vec<HeapUsage>,
    /// When the most bytes lived, and who held them.
    pub peak: Peak,
    /// Frees that cannot be right, at most [`Outcome::KEPT`]: those that are proven, and behind them those that are in doubt, each
    /// in order of time.
    pub anomalies: Vec<Anomaly>,
    /// Allocations that failed, in order of time; at most [`Outcome::KEPT`].
    pub failed_allocations: Vec<FailedAllocation>,
    /// What is wrong with the data.
    pub problems: Vec<Problem>,
}

impl Outcome {
    /// How many anomalies, and how many failed allocations, are kept one by one; beyond that they are
    /// only counted in [`Totals`].
    pub const KEPT: usize = 1000;

    /// How long the recording is, or the part of it that was asked for, in ticks.
    pub fn length(&self) -> u64 {
        let start = self.sessions.first().map_or(0, |session| session.start);
        self.totals.end.saturating_sub(start)
    }

    /// Puts call sites in the order of their findings again, after somebody has changed these.
    pub fn rank_again(&mut self) {
        let mut order: Vec<usize> = (0..self.call_sites.len()).collect();
        order.sort_by_key(|&index| self.call_sites[index].rank());
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        for (site, _) in &mut self.peak.holders {
            *site = place[*site];
        }
        self.call_sites.sort_by_key(CallSite::rank);
    }

    /// What was there at one moment, of which nobody knows how it came about: a single session without times.
    pub fn of_moment(totals: Totals, call_sites: Vec<CallSite>, problems: Vec<Problem>) -> Self {
        let session = Session {
            heap_events: totals.heap_events,
            outstanding_blocks: totals.outstanding_blocks,
            outstanding_bytes: totals.outstanding_bytes,
            ..Session::default()
        };
        Self {
            totals,
            sessions: vec![session],
            call_sites,
            problems,
            ..Self::default()
        }
    }

    /// The name of a context, as a person would call it: a task's name, `ISR 5 (SysTick)`, `idle`.
    pub fn context_name(&self, context: Context) -> String {
        match context {
            Context::Unknown => "unknown".to_owned(),
            Context::Idle => "idle".to_owned(),
            Context::Scheduler => "scheduler".to_owned(),
            Context::Task(task) => self
                .tasks
                .get(task.index())
                .map_or_else(|| "unknown".to_owned(), Task::display_name),
            Context::Interrupt(interrupt) => self
                .target
                .interrupts
                .iter()
                .find(|(number, _)| *number == interrupt)
                .map_or_else(|| format!("irq {interrupt}"), |(_, name)| name.clone()),
        }
    }
}

/// What was recorded. Texts come from the device and are not to be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The application.
    pub application: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// The operating system.
    pub operating_system: Option<String>,
    /// The first digits of the ELF file's SHA-256, in hexadecimal.
    pub elf_sha256: Option<String>,
    /// Ticks in a second; 0 if the trace does not say.
    pub timestamp_hz: u32,
    /// The CPU's frequency; 0 if the trace does not say.
    pub cpu_hz: u32,
    /// The cores that were recorded.
    pub cores: Vec<u8>,
    /// Names of interrupts, by number.
    pub interrupts: Vec<(u32, String)>,
}

/// Sums over the whole trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets read, on all cores.
    pub events: u64,
    /// Those of them that are copies: OpenOCD writes some packets to both cores' files. They are acted
    /// on once.
    pub copies: u64,
    /// Log messages.
    pub log_messages: u64,
    /// Packets of the heap, failed allocations and frees of nothing included.
    pub heap_events: u64,
    /// Blocks allocated.
    pub allocations: u64,
    /// Frees, but those of null: those of older blocks and wrong ones included.
    pub frees: u64,
    /// Blocks that were given another size; each is also an allocation and a free.
    pub reallocations: u64,
    /// Allocations that found no memory.
    pub failed_allocations: u64,
    /// Those of them after which the same request found memory in another region.
    pub failed_and_retried: u64,
    /// `free(NULL)`.
    pub frees_of_null: u64,
    /// Bytes allocated.
    pub allocated_bytes: u64,
    /// Blocks that lived when their session ended.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// The most bytes that lived at once.
    pub peak_bytes: u64,
    /// Frees of blocks that were allocated before the trace began.
    pub frees_of_older_blocks: u64,
    /// Frees of blocks that had been freed already.
    pub double_frees: u64,
    /// Frees of addresses inside a block.
    pub wrong_frees: u64,
    /// Frees that are a double or a wrong one, unless an allocation before them went unseen or a free was none: they count as neither.
    pub doubtful_frees: u64,
    /// Packets that the target dropped, at the least.
    pub dropped_packets: u64,
    /// Whole cycles that the user marked, after the first two of each session.
    pub cycles: u64,
    /// What those took, in ticks.
    pub cycle_ticks: u64,
    /// Stretches between restarts; of more than 257, not all are listed.
    pub sessions: u64,
    /// The last moment of the trace.
    pub end: u64,
    /// Bytes read, without the lines of text that a file begins with.
    pub bytes: u64,
}

/// A stretch of the trace without a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Its first moment.
    pub start: u64,
    /// Its last moment.
    pub end: u64,
    /// Whether the target had been reset before it.
    pub after_reset: bool,
    /// Whether the target was told to stop recording at its end.
    pub stopped: bool,
    /// Its heap events.
    pub heap_events: u64,
    /// Blocks that lived at its end.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// The most bytes that lived at once in it.
    pub peak_bytes: u64,
}

/// A distinct call stack that allocates, seen from above the allocator.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// Which it is: its place in the list says how bad it is.
    pub id: SiteId,
    /// The verdict.
    pub finding: Finding,
    /// The session that gave the verdict, an index into [`Outcome::sessions`].
    pub session: usize,
    /// How fast it grows.
    pub growth: Growth,
    /// What it left behind in the same session, and how long it was watched.
    pub left: Left,
    /// Return addresses, the innermost first, without those of the allocator's own functions. Empty if
    /// the trace has no call stacks.
    pub stack: Vec<u64>,
    /// The allocator's own frames below them, as first seen.
    pub allocator_frames: Vec<u64>,
    /// How sure all these frames are: those of the allocator come first.
    pub certainty: StackCertainty,
    /// Blocks allocated.
    pub allocations: u64,
    /// Those freed.
    pub frees: u64,
    /// Allocations here that changed the size of a block.
    pub reallocations: u64,
    /// Allocations here that found no memory.
    pub failed_allocations: u64,
    /// Bytes allocated.
    pub allocated_bytes: u64,
    /// Blocks that lived when their session ended.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// Those of them that may be freed: a dump is not sure of all that it lists as alive.
    pub doubtful_blocks: u64,
    /// The bytes of those.
    pub doubtful_bytes: u64,
    /// The most bytes that lived at once.
    pub peak_bytes: u64,
    /// The bytes that lived when the whole heap's peak was reached.
    pub bytes_at_peak: u64,
    /// The smallest block.
    pub smallest: u64,
    /// The largest block.
    pub largest: u64,
    /// The first allocation.
    pub first_allocation: u64,
    /// The last one.
    pub last_allocation: u64,
    /// Contexts that allocated here, in the order in which they first used the heap.
    pub contexts: Vec<Context>,
    /// On which cores, lowest first.
    pub cores: Vec<u8>,
    /// The blocks that lived when the last session ended, oldest first; at most [`CallSite::BLOCKS_KEPT`]. Where the recording
    /// paused and the call site was not used since, those that lived before.
    pub blocks: Vec<Block>,
}

impl CallSite {
    /// How many outstanding blocks are listed one by one.
    pub const BLOCKS_KEPT: usize = 32;

    /// Where it stands among others.
    pub fn rank(&self) -> Rank {
        Rank {
            verdict: self.finding.verdict,
            growth: self.growth,
            outstanding_bytes: self.outstanding_bytes,
            first_allocation: self.first_allocation,
        }
    }

    /// One of which nothing is known yet but its call stack.
    pub fn new(id: SiteId, stack: &[u64], allocator_frames: &[u64]) -> Self {
        Self {
            id,
            finding: Finding::nothing_allocated(),
            session: 0,
            growth: Growth::NONE,
            left: Left::default(),
            stack: stack.to_vec(),
            allocator_frames: allocator_frames.to_vec(),
            certainty: StackCertainty::EXACT,
            allocations: 0,
            frees: 0,
            reallocations: 0,
            failed_allocations: 0,
            allocated_bytes: 0,
            outstanding_blocks: 0,
            outstanding_bytes: 0,
            doubtful_blocks: 0,
            doubtful_bytes: 0,
            peak_bytes: 0,
            bytes_at_peak: 0,
            smallest: 0,
            largest: 0,
            first_allocation: 0,
            last_allocation: 0,
            contexts: Vec::new(),
            cores: Vec::new(),
            blocks: Vec::new(),
        }
    }
}

/// A block that was not freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it is.
    pub address: u64,
    /// Its size.
    pub size: u64,
    /// When it was allocated.
    pub time: u64,
    /// By whom.
    pub context: Context,
    /// On which core.
    pub core: u8,
}

/// What one task, interrupt or other context did to the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextUsage {
    /// Who.
    pub context: Context,
    /// Blocks it allocated.
    pub allocations: u64,
    /// Bytes it allocated.
    pub allocated_bytes: u64,
    /// Blocks that it freed, its own or others'.
    pub frees: u64,
    /// Bytes it freed, as far as their size is known.
    pub freed_bytes: u64,
    /// Of the blocks it allocated, those that lived when their session ended.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// The most bytes that it had allocated and nobody freed yet.
    pub peak_bytes: u64,
}

/// One of several heaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapUsage {
    /// Its id: an address.
    pub heap: u64,
    /// Where it begins, if the target said so and it is in one piece.
    pub base: Option<u64>,
    /// Its size, if the target said so.
    pub size: Option<u64>,
    /// Blocks allocated from it.
    pub allocations: u64,
    /// Blocks freed.
    pub frees: u64,
    /// Bytes that lived when their session ended.
    pub outstanding_bytes: u64,
    /// The most bytes that lived at once.
    pub peak_bytes: u64,
}

/// When the most bytes lived, and who held them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// How many.
    pub bytes: u64,
    /// When that was first so.
    pub time: u64,
    /// Call sites that held them: an index into [`Outcome::call_sites`] and bytes, the largest first.
    pub holders: Vec<(usize, u64)>,
}

/// A call stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallStack {
    /// Return addresses, the innermost first.
    pub frames: Vec<u64>,
    /// How sure they are.
    pub certainty: StackCertainty,
}

/// One that is known exactly.
impl From<Vec<u64>> for CallStack {
    fn from(frames: Vec<u64>) -> Self {
        Self {
            frames,
            certainty: StackCertainty::EXACT,
        }
    }
}

/// Something that a correct program does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// What.
    pub kind: AnomalyKind,
    /// Whether an allocation before it may have gone unseen, or a free before it may have been none: then it may be right.
    pub is_doubtful: bool,
    /// When.
    pub time: u64,
    /// By whom.
    pub context: Context,
    /// On which core.
    pub core: u8,
    /// The address that was freed.
    pub address: u64,
    /// From where.
    pub stack: CallStack,
}

/// The kinds of anomalies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnomalyKind {
    /// A block is freed that had been freed already, and was not allocated again.
    DoubleFree {
        /// When it was freed first.
        freed_at: u64,
        /// From where.
        freed_by: CallStack,
    },
    /// An address inside a live block is freed.
    WrongFree {
        /// The block.
        block: Block,
        /// Where it was allocated, without the allocator's own frames.
        allocated_by: CallStack,
    },
}

impl AnomalyKind {
    /// Whether it is a double free.
    pub const fn is_double(&self) -> bool {
        matches!(self, Self::DoubleFree { .. })
    }
}

/// An allocation that found no memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAllocation {
    /// The size asked for.
    pub size: u64,
    /// When.
    pub time: u64,
    /// By whom.
    pub context: Context,
    /// On which core.
    pub core: u8,
    /// From where.
    pub stack: CallStack,
    /// Whether the same request found memory in another region at once.
    pub retried: bool,
    /// Bytes of the trace's blocks that lived then.
    pub live_bytes: u64,
}
