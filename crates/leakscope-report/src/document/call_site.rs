//! Call sites: what each did, its verdict, and what a policy makes of that.

use std::borrow::Cow;
use std::sync::Arc;

use leakscope_analysis::findings;
use leakscope_analysis::outcome;
use serde::{Deserialize, Serialize};

use super::memory::Reached;
use super::{Address, Facts};
use crate::identity::Identity;
use crate::policy::{self, Standing};
use crate::symbolizer::{NamedFrame, Symbolizer};
use crate::words::phrase;

/// A distinct call stack that allocates, seen from above the allocator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallSite {
    /// Its number in this trace, which stays while a recording grows.
    pub id: u32,
    /// What it is called in every build.
    pub identity: Identity,
    /// What a policy makes of the verdict: the one place that says whether it is a leak.
    pub standing: Standing,
    /// The verdict's name, as [`Verdict::name`](findings::Verdict::name) gives it. A later version may give
    /// others.
    pub verdict: Cow<'static, str>,
    /// How much the verdict can be relied on.
    #[serde(with = "Confidence")]
    pub confidence: findings::Confidence,
    /// Why, in words and numbers.
    pub reason: String,
    /// What would settle it, of an accusation that is not sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The session that gave the verdict, an index into the report's sessions.
    pub session: usize,
    /// How fast it grows.
    pub growth_bytes_per_second: Option<f64>,
    /// The same: so many bytes …
    pub growth_bytes: i64,
    /// … in so many ticks.
    pub growth_ticks: u64,
    /// What it left behind while it was watched; `None` in a dump.
    #[serde(default)]
    pub left: Option<Left>,
    /// Blocks allocated.
    pub allocations: u64,
    /// Those freed.
    pub frees: u64,
    /// Allocations that changed the size of a block.
    pub reallocations: u64,
    /// Allocations that found no memory.
    pub failed_allocations: u64,
    /// Bytes allocated.
    pub allocated_bytes: u64,
    /// Blocks that lived when their session ended.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// Those of the outstanding that may be freed, in a dump …
    #[serde(default, skip_serializing_if = "is_zero")]
    pub doubtful_blocks: u64,
    /// … and their bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub doubtful_bytes: u64,
    /// The most bytes that lived at once.
    pub peak_bytes: u64,
    /// Bytes that lived when the whole heap's peak was reached.
    pub bytes_at_peak: u64,
    /// The smallest block.
    pub smallest_bytes: u64,
    /// The largest block.
    pub largest_bytes: u64,
    /// The first allocation, in seconds.
    pub first_allocation_s: Option<f64>,
    /// The first allocation, in ticks.
    pub first_allocation_ticks: u64,
    /// The last allocation, in seconds.
    pub last_allocation_s: Option<f64>,
    /// The last allocation, in ticks.
    pub last_allocation_ticks: u64,
    /// Who allocated here, each name once, in the order in which they first used the heap.
    pub tasks: Vec<Arc<str>>,
    /// On which cores.
    pub cores: Vec<u8>,
    /// The call stack, the innermost frame first, without the allocator's own.
    pub frames: Vec<NamedFrame>,
    /// Whether there are more frames, beyond what the device has sent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_cut_off: bool,
    /// The allocator's own frames below, as first seen.
    pub allocator_frames: Vec<NamedFrame>,
    /// The oldest of the blocks that are outstanding.
    pub blocks: Vec<Block>,
    /// What an image of memory says of those blocks; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Reached>,
}

/// How [`findings::Confidence`] is written: nothing below this crate can be serialised.
#[derive(Serialize, Deserialize)]
#[serde(remote = "findings::Confidence", rename_all = "kebab-case")]
enum Confidence {
    Low,
    Medium,
    High,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl CallSite {
    /// Its identity is not yet told apart from that of others.
    pub(super) fn new(
        facts: &Facts<'_>,
        symbolizer: &mut Symbolizer<'_>,
        site: &outcome::CallSite,
    ) -> Self {
        let stack = symbolizer.stack(&site.allocator_frames, &site.stack, site.certainty);
        let growth = site.growth;
        // After a restart, a task of the same name is another one.
        let mut tasks: Vec<Arc<str>> = Vec::new();
        for name in site.contexts.iter().map(|&context| facts.context(context)) {
            if !tasks.contains(&name) {
                tasks.push(name);
            }
        }
        let has_allocated = site.allocations > 0;
        Self {
            id: site.id.number(),
            identity: Identity::of(&stack.frames, facts.outcome.target.elf_sha256.as_deref()),
            standing: policy::standing(site.finding.verdict, site.finding.confidence),
            verdict: site.finding.verdict.name().into(),
            confidence: site.finding.confidence,
            reason: phrase(&site.finding.reason, facts.clock),
            hint: hint(facts, site),
            session: site.session,
            growth_bytes_per_second: facts.clock.bytes_per_second(growth.bytes, growth.ticks),
            growth_bytes: growth.bytes,
            growth_ticks: growth.ticks,
            left: (site.left.ticks > 0).then(|| Left::new(facts, &site.left)),
            allocations: site.allocations,
            frees: site.frees,
            reallocations: site.reallocations,
            failed_allocations: site.failed_allocations,
            allocated_bytes: site.allocated_bytes,
            outstanding_blocks: site.outstanding_blocks,
            outstanding_bytes: site.outstanding_bytes,
            doubtful_blocks: site.doubtful_blocks,
            doubtful_bytes: site.doubtful_bytes,
            peak_bytes: site.peak_bytes,
            bytes_at_peak: site.bytes_at_peak,
            smallest_bytes: site.smallest,
            largest_bytes: site.largest,
            first_allocation_s: facts
                .seconds(site.first_allocation)
                .filter(|_| has_allocated),
            first_allocation_ticks: site.first_allocation,
            last_allocation_s: facts
                .seconds(site.last_allocation)
                .filter(|_| has_allocated),
            last_allocation_ticks: site.last_allocation,
            tasks,
            cores: site.cores.clone(),
            frames: stack.frames,
            is_cut_off: site.certainty.is_cut_off,
            allocator_frames: stack.allocator,
            memory: None,
            blocks: site
                .blocks
                .iter()
                .map(|block| Block::new(facts, block))
                .collect(),
        }
    }
}

/// In so many times the time that it was watched, a call site that fills up has mostly reached its level, and others have for
/// long.
const LONGER: u64 = 4;

fn hint(facts: &Facts<'_>, site: &outcome::CallSite) -> Option<String> {
    let finding = &site.finding;
    let is_open = finding.verdict.is_leak()
        && finding.verdict != findings::Verdict::LeakPerCycle
        && finding.confidence < findings::Confidence::High;
    // One session has to be so long, and not all together.
    let session = facts.outcome.sessions.get(site.session);
    let longest = session.map_or(u64::MAX, |session| session.end - session.start);
    let watched = site.left.ticks.min(longest);
    let longer = facts.clock.duration(watched.saturating_mul(LONGER));
    (is_open && watched > 0).then(|| {
        format!(
            "a recording of more than {longer} tells a leak from what fills up and is full by then"
        )
    })
}

/// What a call site left behind while it was watched: by this, growths are compared. Of several sessions, those in which it was
/// not used included, all is added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// How long it was watched: without the start, and without a silence of the whole heap at the end.
    pub watched_s: Option<f64>,
    /// The same in ticks.
    pub watched_ticks: u64,
    /// Blocks that were allocated in that time and lived at its end; of `leak-survivors`, those that outlived the others.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The sum of the squares of their sizes.
    pub squared_bytes: f64,
    /// Of a leak, their bytes by the time of the allocation: in each of equal parts of the time, of sessions that show the leak.
    pub window_bytes: Vec<u64>,
    /// Of `leak-growing`, and where blocks come and go without a leak, the least that lived in each of successive
    /// windows, if it was ever more than nothing; of several sessions, one behind the other, as if each began at the level at
    /// which the one before ended …
    pub floor_bytes: Vec<u64>,
    /// … of so many seconds.
    pub floor_s: Option<f64>,
    /// Bytes gained in each of successive groups of marked cycles …
    pub cycle_bytes: Vec<i64>,
    /// … of so many cycles; 0 if none was marked.
    pub cycle_group: u64,
}

impl Left {
    /// There are no more groups of marked cycles.
    pub const MOST_GROUPS: usize = findings::Left::WINDOWS;

    fn new(facts: &Facts<'_>, left: &findings::Left) -> Self {
        let floor_s = facts.seconds(left.floor_ticks);
        Self {
            watched_s: facts.seconds(left.ticks),
            watched_ticks: left.ticks,
            blocks: left.blocks,
            bytes: left.bytes,
            squared_bytes: left.squared_bytes,
            window_bytes: left.windows.clone(),
            floor_bytes: left.floors.clone(),
            floor_s: floor_s.filter(|_| !left.floors.is_empty()),
            cycle_bytes: left.cycles.bytes.clone(),
            cycle_group: left.cycles.cycles,
        }
    }
}

/// A block that was not freed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Where it is.
    pub address: Address,
    /// Its size.
    pub size_bytes: u64,
    /// When it was allocated, in seconds.
    pub time_s: Option<f64>,
    /// When it was allocated, in ticks.
    pub time_ticks: u64,
    /// By whom.
    pub context: Arc<str>,
    /// On which core.
    pub core: u8,
}

impl Block {
    pub(super) fn new(facts: &Facts<'_>, block: &outcome::Block) -> Self {
        Self {
            address: Address(block.address),
            size_bytes: block.size,
            time_s: facts.seconds(block.time),
            time_ticks: block.time,
            context: facts.context(block.context),
            core: block.core,
        }
    }
}
