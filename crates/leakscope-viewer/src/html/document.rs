//! The document in the single file: as much of the answers as may stand in it, and what was left out.

use std::collections::BTreeMap;

use leakscope_report::units::count;
use serde::Serialize;
use serde_json::value::RawValue;

use super::events::{self, Halves, LogGap};
use crate::answer::before::Before;
use crate::answer::contexts::Contexts;
use crate::answer::events::Page;
use crate::answer::frees::Frees;
use crate::answer::heap_map::HeapOverTime;
use crate::answer::lives::{self, Lives};
use crate::answer::memory::Memory;
use crate::answer::shares::Shares;
use crate::answer::site::Site;
use crate::answer::sites::Sites;
use crate::answer::system::System;
use crate::answer::tasks::Tasks;
use crate::answer::track::OwnerCurve;
use crate::engine::Engine;
use crate::query::{Picture, Window};
use crate::reader::Reader;
use crate::refusal::Refusal;

/// Rows of the table of call sites.
const SITES: usize = 1000;
/// Call sites with curve, histograms and blocks.
const DETAILS: usize = 200;
/// Stretches of the timeline.
const STRETCHES: usize = 60_000;
/// Columns of the curve.
const COLUMNS: u64 = 4096;
/// Lives of blocks, from which the page counts what a range holds: by call site, and by context.
const LIVES_OF_SITES: usize = 30_000;
const LIVES_OF_CONTEXTS: usize = 10_000;
/// Parts of the map of memory, and steps of ways to blocks.
const PARTS: usize = 60_000;
const WAYS: usize = 2000;
/// Contexts and heaps with a curve.
const OWNERS: usize = 100;
/// The heap's map.
const MAP: Picture = Picture {
    window: None,
    width: 256,
    rows: 192,
};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    version: u32,
    overview: Box<RawValue>,
    sites: Sites,
    site: BTreeMap<usize, Box<RawValue>>,
    frees: BTreeMap<usize, Frees>,
    timeline: Box<RawValue>,
    events: Page,
    log_gap: Option<LogGap>,
    tasks: Box<RawValue>,
    contexts: Contexts,
    system: Box<RawValue>,
    blocks: Vec<Halves>,
    again: Vec<(u64, u64)>,
    kept: Vec<(u64, u64)>,
    lives: Lives,
    memory: Memory,
    heap: HeapOverTime,
    /// By call site, by context and by heap.
    shares: Vec<Shares>,
    owners: Vec<OwnerCurve>,
    before: Before,
}

/// The document of a trace, as JSON; with so many events from both ends of a long one.
pub(super) fn of(engine: &mut Engine<'_>, from_ends: u64) -> Result<String, Refusal> {
    let mut left_out = Vec::new();
    let subject = engine.subject();
    let all = subject.scan.bounded(None);
    let sites = Sites::new(all, None, subject, SITES);
    if sites.total > SITES {
        left_out.push(format!(
            "the table holds {} of {} call sites",
            count(SITES as u64),
            count(sites.total as u64)
        ));
    }
    let mut site = BTreeMap::new();
    for row in sites.sites.iter().take(DETAILS) {
        let detail = Site::new(row.site, subject)?.detail;
        site.insert(row.site, raw(&detail)?);
    }
    if sites.sites.len() > DETAILS {
        left_out.push(format!(
            "curves, sizes and lifetimes are those of the first {} call sites",
            count(DETAILS as u64)
        ));
    }
    let mut frees = BTreeMap::new();
    let ends = engine.count_all()?;
    for row in sites.sites.iter().take(DETAILS) {
        frees.insert(row.site, engine.frees(row.site, &ends)?);
    }
    let timeline = timeline(engine, all, &mut left_out)?;
    let (events, log_gap) = events::listed(engine, from_ends, &mut left_out)?;
    let blocks = events::blocks(&events, engine.reader().scan);
    let again = events::again(&events);
    let kept = events::kept(&events);
    let lives = lives(engine, &mut left_out)?;
    let mut memory = engine.memory();
    memory.limit(PARTS, WAYS, &mut left_out);
    let runs = engine.count_all()?;
    let contexts = Contexts::new(&runs, engine.reader().scan);
    let heap = engine.heap_over_time(MAP)?;
    let (shares, mut owners) = engine.all_shares()?;
    owners.truncate(OWNERS);
    let mut overview = engine.overview();
    overview.left_out = left_out;
    let subject = engine.subject();
    let document = Document {
        schema: "leakscope.page",
        version: 1,
        overview: raw(&overview)?,
        sites,
        site,
        frees,
        timeline,
        events,
        log_gap,
        tasks: raw(&Tasks::new(all, None, subject))?,
        contexts,
        system: raw(&System::new(subject))?,
        blocks,
        again,
        kept,
        lives,
        memory,
        heap,
        shares,
        owners,
        before: engine.before(),
    };
    Ok(serde_json::to_string(&document)?)
}

fn raw(value: &impl Serialize) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::value::to_raw_value(value)
}

/// The whole timeline, as fine as its room allows.
fn timeline(
    engine: &mut Engine<'_>,
    all: Window,
    left_out: &mut Vec<String>,
) -> Result<Box<RawValue>, Refusal> {
    let mut column = 1;
    loop {
        let timeline = engine.timeline(all, COLUMNS, column)?;
        if timeline.stretches() <= STRETCHES {
            if timeline.resolution() > 1 {
                let clock = engine.reader().scan.clock();
                left_out.push(format!(
                    "the timeline tells apart what is {} long or longer",
                    clock.duration(timeline.resolution())
                ));
            }
            return Ok(raw(&timeline.without_heap_marks())?);
        }
        let needed = timeline.stretches().div_ceil(STRETCHES) as u64;
        column = timeline.resolution() * needed.next_power_of_two().max(2);
    }
}

/// What the page needs to limit call sites and tasks to a range.
fn lives(engine: &mut Engine<'_>, left_out: &mut Vec<String>) -> Result<Lives, Refusal> {
    let Reader { scan, source, .. } = engine.reader();
    let lives = lives::lives(scan, source, LIVES_OF_SITES, LIVES_OF_CONTEXTS)?;
    let clock = scan.clock();
    let sites = lives.sites.as_ref().map(|of| of.columns.resolution);
    let contexts = lives.contexts.as_ref().map(|of| of.columns.resolution);
    for (what, resolution) in [("call sites and flame graph", sites), ("tasks", contexts)] {
        match resolution {
            Some(1) => {}
            Some(ticks) => left_out.push(format!(
                "a range limits {what} in steps of {}",
                clock.duration(ticks)
            )),
            None => left_out.push(format!("a range does not limit {what}")),
        }
    }
    Ok(lives)
}
