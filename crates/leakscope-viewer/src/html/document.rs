//! The document in the single file: as much of the answers as may stand in it, and what was left out.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_analysis::outcome::Block;
use leakscope_report::Standing;
use leakscope_report::units::{count, counted};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::Subject;
use crate::answer::events::Page;
use crate::answer::frees::Frees;
use crate::answer::heap_map::HeapOverTime;
use crate::answer::lives::{self, Lives};
use crate::answer::memory::Memory;
use crate::answer::site::Site;
use crate::answer::sites::Sites;
use crate::answer::system::System;
use crate::answer::tasks::Tasks;
use crate::engine::Engine;
use crate::index::kind::Kind;
use crate::list::row::ListRow;
use crate::list::search::Searches;
use crate::query::{Filter, Picture, ROWS, Window};
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
/// Events from the begin and from the end.
const FIRST: u64 = 4000;
const LAST: u64 = 2000;
/// Log messages from each end.
const LOGS: u64 = 1000;
/// Events that stand out.
const FLAGGED: usize = 500;
/// Lives of blocks, from which the page counts what a range holds: by call site, and by context.
const LIVES_OF_SITES: usize = 30_000;
const LIVES_OF_CONTEXTS: usize = 10_000;
/// Parts of the map of memory, and steps of ways to blocks.
const PARTS: usize = 60_000;
const WAYS: usize = 2000;
/// The heap's map.
const MAP: Picture = Picture {
    window: None,
    width: 256,
    rows: 192,
};
/// Leaks of which allocations are shown, and how many.
const LEAKS: usize = 50;
const ALLOCATIONS: usize = 10;

/// The numbers of an allocation and of its free.
type Pair = (Option<u64>, Option<u64>);

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
    tasks: Box<RawValue>,
    system: Box<RawValue>,
    blocks: Vec<Pair>,
    lives: Lives,
    memory: Memory,
    heap: HeapOverTime,
}

/// The document of a trace, as JSON.
pub(super) fn of(engine: &mut Engine<'_>) -> Result<String, Refusal> {
    let mut left_out = Vec::new();
    let subject = engine.subject();
    let all = subject.scan.bounded(None);
    let mut sites = Sites::new(all, None, subject);
    if sites.sites.len() > SITES {
        left_out.push(format!(
            "the table holds {} of {} call sites",
            count(SITES as u64),
            count(sites.sites.len() as u64)
        ));
        sites.truncate(SITES);
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
    for row in sites.sites.iter().take(DETAILS) {
        frees.insert(row.site, engine.all_frees(row.site)?);
    }
    let timeline = timeline(engine, all, &mut left_out)?;
    let events = events(engine, &mut left_out)?;
    let blocks = blocks(&events);
    let lives = lives(engine, &mut left_out)?;
    let mut memory = engine.memory();
    memory.limit(PARTS, WAYS, &mut left_out);
    let heap = engine.heap_over_time(MAP)?;
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
        tasks: raw(&Tasks::new(all, None, subject))?,
        system: raw(&System::new(subject))?,
        blocks,
        lives,
        memory,
        heap,
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

/// The rows that are of most use, each once, in order.
fn events(engine: &mut Engine<'_>, left_out: &mut Vec<String>) -> Result<Page, Refusal> {
    let all = engine.events();
    let mut rows = BTreeMap::new();
    let mut add = |engine: &mut Engine<'_>, filter: &Filter, from: u64, number: u64| {
        for mut row in rows_of(engine, filter, from, number)? {
            row.row = row.index;
            rows.insert(row.index, row);
        }
        Ok::<_, Refusal>(())
    };
    let everything = Filter::default();
    if all <= FIRST + LAST {
        add(engine, &everything, 0, all)?;
    } else {
        add(engine, &everything, 0, FIRST)?;
        add(engine, &everything, all - LAST, LAST)?;
        let logs = Filter {
            kinds: [Kind::Log, Kind::Warning, Kind::Error]
                .map(|kind| 1 << kind as u16)
                .iter()
                .sum(),
            ..Filter::default()
        };
        let known = engine.reader().scan.trace.counts().log_messages;
        add(engine, &logs, 0, LOGS)?;
        add(engine, &logs, known.saturating_sub(LOGS), LOGS)?;
        let flagged = engine.reader().scan.index.flags.iter().take(FLAGGED);
        let flagged: Vec<u64> = flagged.map(|flagged| flagged.index).collect();
        for index in flagged {
            add(engine, &everything, index, 1)?;
        }
        for index in allocations_of_leaks(engine)? {
            add(engine, &everything, index, 1)?;
        }
        left_out.push(format!(
            "{} of {} are listed: the first and the last ones, log messages from both ends, what stands \
             out, and allocations of leaks",
            count(rows.len() as u64),
            counted(all, "event")
        ));
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    for (place, row) in (0..).zip(&mut rows) {
        row.row = place;
    }
    Ok(Page::of(rows))
}

/// Rows of a list that takes no search.
fn rows_of(
    engine: &mut Engine<'_>,
    filter: &Filter,
    from: u64,
    number: u64,
) -> io::Result<Vec<ListRow>> {
    let mut searches = Searches::default();
    let page = Page::new(from, number, filter, &mut searches, &mut engine.reader())?;
    Ok(page.rows)
}

/// The events that allocated blocks which leak.
fn allocations_of_leaks(engine: &mut Engine<'_>) -> io::Result<Vec<u64>> {
    let Subject {
        outcome, report, ..
    } = engine.subject();
    let leaking = outcome.call_sites.iter().zip(&report.call_sites);
    let leaking = leaking.filter(|(_, site)| site.standing == Standing::Leak);
    let blocks: Vec<Block> = leaking
        .take(LEAKS)
        .flat_map(|(site, _)| site.blocks.iter().take(ALLOCATIONS).copied())
        .collect();
    let mut found = Vec::new();
    for block in blocks {
        let filter = Filter {
            kinds: 1 << Kind::Heap as u16,
            window: Some(Window {
                from: block.time,
                to: block.time + 1,
            }),
            ..Filter::default()
        };
        let began = |row: &ListRow| {
            let began = row.effect.as_ref().and_then(Effect::began);
            began.is_some_and(|began| began.block.address == block.address)
        };
        let rows = rows_of(engine, &filter, 0, ROWS)?;
        found.extend(rows.into_iter().rfind(began).map(|row| row.index));
    }
    Ok(found)
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

/// The two halves of each block of which one is listed.
fn blocks(events: &Page) -> Vec<Pair> {
    let mut pairs = BTreeSet::new();
    // At one address there may be several blocks of one time: the last one counts.
    let mut begun: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for row in &events.rows {
        let Some(effect) = &row.effect else {
            continue;
        };
        if let Some(KnownBlock { block, .. }) = effect.ended() {
            let allocation = begun.remove(&(block.address, block.time));
            pairs.insert((allocation, Some(row.index)));
        }
        if let Some(KnownBlock { block, .. }) = effect.began() {
            let other = begun.insert((block.address, block.time), row.index);
            pairs.extend(other.map(|other| (Some(other), None)));
        }
    }
    pairs.extend(begun.into_values().map(|index| (Some(index), None)));
    pairs.into_iter().collect()
}
