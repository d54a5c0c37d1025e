//! The map of a heap: `leakscope heap`'s document, and what the report takes from it.

use leakscope_analysis::heap::SiteId;
use leakscope_heap::{Candidate, Pool, What, cells};
use serde::{Deserialize, Serialize};

use super::Address;
use crate::heap_map::words;
use crate::heap_map::{Names, judged};

/// The cells that a region is divided into.
const CELLS: u64 = 64;

/// The map of a heap at one moment, and how it came to be. `docs/heap-json.md` describes the JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schema", rename = "leakscope.heap")]
pub struct HeapMap {
    /// Of the schema: [`HeapMap::VERSION`].
    pub version: u32,
    /// The moment, in seconds.
    pub time_s: Option<f64>,
    /// The moment, in ticks.
    pub time_ticks: u64,
    /// The allocator that predicts most addresses.
    pub allocator: String,
    /// Other allocators that predict as many.
    pub may_be: Vec<String>,
    /// Blocks that were allocated in the regions.
    pub addresses: u64,
    /// Those whose address the allocator's model predicted.
    pub predicted: u64,
    /// Blocks that were allocated elsewhere.
    pub outside: u64,
    /// Whether too few addresses were predicted for holes to be known.
    pub is_estimate: bool,
    /// What is wrong with the recording and can change the answer, a sentence each without a full stop.
    pub problems: Vec<String>,
    /// What there is to say, a sentence each without a full stop.
    pub sentences: Vec<String>,
    /// The heap's memory.
    pub regions: Vec<Region>,
    /// Allocations that failed, the first ones.
    pub failures: Vec<Failure>,
    /// Further failures.
    pub more_failures: u64,
    /// What the target said of its heap in its own log, beside what the map has then; the first ones.
    pub checks: Vec<Check>,
    /// What more it said.
    pub more_checks: u64,
    /// What an image of memory has in the allocator's own map, beside what this map had without it: regions are as the image has
    /// them.
    pub image: Option<Check>,
    /// Whether an allocation would succeed, if that was asked.
    pub fits: Option<Fits>,
}

/// A region of memory at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Its first byte.
    pub start: Address,
    /// Its length.
    pub length_bytes: u64,
    /// What it is called, if somebody has told.
    pub name: Option<String>,
    /// Bytes of holes.
    pub free_bytes: u64,
    /// Those of them in which no block was seen: that these are free is an assumption.
    pub assumed_bytes: u64,
    /// Bytes that may be in use since before the recording; those that are, if the region is exact.
    pub unknown_bytes: u64,
    /// Whether it is as an image of memory has it.
    pub is_exact: bool,
    /// Bytes of the recording's blocks, headers and all.
    pub block_bytes: u64,
    /// The bytes that were asked for.
    pub asked_bytes: u64,
    /// How many blocks live.
    pub blocks: u64,
    /// How many holes there are.
    pub holes: u64,
    /// The most bytes that one allocation can get.
    pub largest_bytes: u64,
    /// How much free memory is split: 0 one hole, 100 dust (100 − 100·√(Σ hole²) / Σ hole).
    pub fragmentation_percent: f64,
    /// What happens to it: `fragmentation`, `pinning-leak`, `fragmented`; a later version may have others. `None` if the largest
    /// block neither shrinks nor is too small.
    pub trend: Option<String>,
    /// The calmest moment of each stretch of time.
    pub history: Vec<Level>,
    /// The moment when the least could be had.
    pub worst: Option<Level>,
    /// Who splits free memory, who matters most first.
    pub pins: Vec<Pin>,
    /// The region in stretches of equal length, from its first byte to its last.
    pub cells: Vec<Cell>,
}

/// A stretch of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Its bytes.
    pub bytes: u64,
    /// Those that are free.
    pub free_bytes: u64,
    /// Those that may be in use since before the recording, or are the allocator's own.
    pub unknown_bytes: u64,
    /// The call site that most of its blocks belong to, by its number in the report.
    pub call_site: Option<u32>,
    /// When the oldest of them was allocated, in ticks.
    pub oldest_ticks: Option<u64>,
}

/// How a region was at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// When, in seconds.
    pub time_s: Option<f64>,
    /// When, in ticks.
    pub time_ticks: u64,
    /// Bytes of holes.
    pub free_bytes: u64,
    /// The most bytes that one allocation could have got.
    pub largest_bytes: u64,
    /// How many holes there were.
    pub holes: u64,
}

/// A call site whose blocks split free memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    /// Its number in the report.
    pub call_site: u32,
    /// The function that allocates there.
    pub name: String,
    /// How many of its blocks stand in what would be one hole without them.
    pub blocks: u64,
    /// The bytes that those were asked for.
    pub bytes: u64,
    /// When the oldest of them was allocated, in seconds.
    pub oldest_s: Option<f64>,
    /// The same in ticks.
    pub oldest_ticks: u64,
    /// The largest hole without the call sites before this one …
    pub largest_before_bytes: u64,
    /// … and without these blocks too.
    pub largest_after_bytes: u64,
}

/// An allocation that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// When, in seconds.
    pub time_s: Option<f64>,
    /// When, in ticks.
    pub time_ticks: u64,
    /// The bytes that were asked for.
    pub size_bytes: u64,
    /// Why: `too-large`, `full`, `fragmented`, `overlooked`, `unexplained`; a later version may have others.
    pub reason: String,
    /// The same in a sentence, without a full stop.
    pub sentence: String,
    /// The region that came nearest, by its place in the list.
    pub region: usize,
    /// Bytes of holes there.
    pub free_bytes: u64,
    /// How many holes there were.
    pub holes: u64,
    /// The most bytes that an allocation could have got.
    pub largest_bytes: u64,
    /// From 0, too little memory, to 1, fragmentation (Linux' fragmentation index).
    pub fragmentation_index: Option<f64>,
}

/// What the target said of its whole heap, and what the map has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// When, in seconds.
    pub time_s: Option<f64>,
    /// When, in ticks.
    pub time_ticks: u64,
    /// Bytes that are free, as the target said.
    pub told_free_bytes: Option<u64>,
    /// The largest block that can be had, as the target said.
    pub told_largest_bytes: Option<u64>,
    /// Bytes of holes in all regions.
    pub free_bytes: u64,
    /// The most bytes that one allocation can get in any region.
    pub largest_bytes: u64,
}

/// Whether an allocation would succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fits {
    /// The bytes asked for.
    pub size_bytes: u64,
    /// Where it would lie in each region; `None` if it would fail there, or nobody knows.
    pub addresses: Vec<Option<Address>>,
    /// Whether nobody knows if it would fail, in each region: memory of unknown use would be large enough.
    pub unknown: Vec<bool>,
    /// The share of free memory that is of no use for it, in each region, from 0 to 1.
    pub unusable_shares: Vec<f64>,
}

/// What a report says of the heap's map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeapNote {
    /// The allocator that predicts most addresses.
    pub allocator: String,
    /// Blocks that were allocated in the heap's regions.
    pub addresses: u64,
    /// Those whose address the allocator's model predicted.
    pub predicted: u64,
    /// What happens to the first region that something happens to, as [`Region::trend`].
    pub trend: Option<String>,
    /// Who splits that region's free memory, who matters most first.
    pub pinned_by: Vec<String>,
    /// What there is to say, a sentence each without a full stop.
    pub sentences: Vec<String>,
}

impl HeapNote {
    /// `None` if there is nothing to say.
    pub(crate) fn new(map: &leakscope_heap::HeapMap, names: &Names<'_>) -> Option<Self> {
        let best = map.best();
        let regions = 0..best.pools().len();
        let judged = regions.map(|place| judged(map, place));
        let mut changing = judged.filter(|(trend, _)| trend.is_some());
        let (trend, pins) = changing.next().unwrap_or_default();
        let note = Self {
            allocator: best.allocator().name.to_owned(),
            addresses: map.addresses(),
            predicted: best.predicted(),
            trend: trend.map(|trend| trend.kind.name().to_owned()),
            pinned_by: pins.iter().map(|pin| names.site(pin.site)).collect(),
            sentences: words::sentences(map, names),
        };
        (!note.sentences.is_empty()).then_some(note)
    }
}

impl HeapMap {
    /// The version of the schema, as the report's.
    pub const VERSION: u32 = 1;

    pub(crate) fn new(map: &leakscope_heap::HeapMap, names: &Names<'_>, fits: Option<u64>) -> Self {
        let (clock, best) = (names.clock, map.best());
        let is_known = best.predicted() > 0 || map.image().is_some();
        let (failures, more_failures) = if is_known {
            best.failures()
        } else {
            (&[][..], 0)
        };
        let failures = failures.iter();
        let (checks, more_checks) = map.checks();
        let checks = checks.iter();
        Self {
            version: Self::VERSION,
            time_s: clock.seconds(map.end()),
            time_ticks: map.end(),
            allocator: best.allocator().name.to_owned(),
            may_be: map.may_be().into_iter().map(str::to_owned).collect(),
            addresses: map.addresses(),
            predicted: best.predicted(),
            outside: map.outside(),
            is_estimate: !map.is_sure() && !best.pools().iter().all(Pool::is_exact),
            problems: names.problems(),
            sentences: if is_known {
                words::sentences(map, names)
            } else {
                vec![words::of_nothing(map)]
            },
            regions: (0..best.pools().len())
                .map(|place| Region::new(map, place, names))
                .collect(),
            failures: failures
                .map(|failure| Failure::new(failure, best, names))
                .collect(),
            more_failures,
            checks: checks.map(|check| Check::new(check, names)).collect(),
            more_checks,
            image: map.image().map(|check| Check::new(&check, names)),
            fits: fits.map(|size| Fits::new(size, best, is_known)),
        }
    }

    /// Whether anything but its blocks is known of the heap: an address was predicted, or an image of memory has it.
    pub fn is_known(&self) -> bool {
        self.predicted > 0 || self.image.is_some()
    }
}

impl Region {
    fn new(map: &leakscope_heap::HeapMap, place: usize, names: &Names<'_>) -> Self {
        let best = map.best();
        let pool = &best.pools()[place];
        let history = &best.histories()[place];
        let space = pool.space();
        let range = &pool.region().range;
        let (trend, pins) = judged(map, place);
        let blocks = space.pieces().filter_map(|(range, what)| match what {
            What::Block(block) => Some((range.end - range.start, block.size)),
            _ => None,
        });
        let (count, whole, asked) =
            blocks.fold((0, 0, 0_u64), |(count, whole, asked), (length, size)| {
                (count + 1, whole + length, asked.saturating_add(size))
            });
        Self {
            start: Address(range.start),
            length_bytes: range.end - range.start,
            name: pool.region().name.clone(),
            free_bytes: space.free_bytes(),
            assumed_bytes: space.assumed_bytes(),
            unknown_bytes: space.unknown_bytes(),
            is_exact: pool.is_exact(),
            block_bytes: whole,
            asked_bytes: asked,
            blocks: count,
            holes: space.holes(),
            largest_bytes: pool.largest_request(),
            fragmentation_percent: space.fragmentation_percent(),
            trend: trend.map(|trend| trend.kind.name().to_owned()),
            history: (history.windows().iter())
                .map(|level| Level::new(*level, names))
                .collect(),
            worst: history.worst().map(|level| Level::new(level, names)),
            pins: pins.iter().map(|pin| Pin::new(pin, names)).collect(),
            cells: cells(pool, CELLS).iter().map(Cell::new).collect(),
        }
    }
}

impl Cell {
    fn new(cell: &leakscope_heap::Cell) -> Self {
        Self {
            bytes: cell.bytes,
            free_bytes: cell.free,
            unknown_bytes: cell.unknown,
            call_site: cell.site.map(SiteId::number),
            oldest_ticks: cell.oldest,
        }
    }
}

impl Level {
    fn new(level: leakscope_heap::Level, names: &Names<'_>) -> Self {
        Self {
            time_s: names.clock.seconds(level.time),
            time_ticks: level.time,
            free_bytes: level.free,
            largest_bytes: level.largest,
            holes: level.holes,
        }
    }
}

impl Pin {
    fn new(pin: &leakscope_heap::Pin, names: &Names<'_>) -> Self {
        Self {
            call_site: pin.site.number(),
            name: names.site(pin.site),
            blocks: pin.blocks,
            bytes: pin.bytes,
            oldest_s: names.clock.seconds(pin.oldest),
            oldest_ticks: pin.oldest,
            largest_before_bytes: pin.largest_before,
            largest_after_bytes: pin.largest_after,
        }
    }
}

impl Failure {
    fn new(failure: &leakscope_heap::Failure, best: &Candidate, names: &Names<'_>) -> Self {
        Self {
            time_s: names.clock.seconds(failure.time),
            time_ticks: failure.time,
            size_bytes: failure.size,
            reason: failure.reason.name().to_owned(),
            sentence: words::of_failure(failure, best),
            region: failure.region,
            free_bytes: failure.free,
            holes: failure.holes,
            largest_bytes: failure.largest,
            fragmentation_index: failure.index,
        }
    }
}

impl Check {
    fn new(check: &leakscope_heap::Check, names: &Names<'_>) -> Self {
        Self {
            time_s: names.clock.seconds(check.time),
            time_ticks: check.time,
            told_free_bytes: check.told.free,
            told_largest_bytes: check.told.largest,
            free_bytes: check.free,
            largest_bytes: check.largest,
        }
    }
}

impl Fits {
    fn new(size: u64, best: &Candidate, is_known: bool) -> Self {
        let pools = best.pools().iter();
        let place = |pool: &Pool| pool.place_of(size).filter(|_| is_known);
        Self {
            size_bytes: size,
            addresses: pools.clone().map(|pool| place(pool).map(Address)).collect(),
            unknown: (pools.clone())
                .map(|pool| !is_known || place(pool).is_none() && pool.might_hold(size))
                .collect(),
            unusable_shares: pools
                .map(|pool| pool.space().unusable_share(pool.needs(size)))
                .collect(),
        }
    }
}
