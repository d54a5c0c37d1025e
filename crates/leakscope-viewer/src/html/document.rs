//! The document in the single file: as much of the answers as may stand in it, and what was left out.

use std::collections::{BTreeMap, BTreeSet};

use leakscope_report::units::{count, counted};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{Lives, Page, Sites};
use crate::engine::{Engine, Refusal};
use crate::index::kind::Kind;
use crate::list::row::ListRow;
use crate::query::Filter;

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
    timeline: Box<RawValue>,
    events: Page,
    tasks: Box<RawValue>,
    system: Box<RawValue>,
    blocks: Vec<Pair>,
    lives: Lives,
}

/// The document of a trace, as JSON.
pub(super) fn of(engine: &mut Engine<'_>) -> Result<String, Refusal> {
    let mut left_out = Vec::new();
    let mut sites = engine.sites(None);
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
        let detail = engine.site(row.site)?.detail;
        site.insert(row.site, raw(&detail)?);
    }
    if sites.sites.len() > DETAILS {
        left_out.push(format!(
            "curves, sizes and lifetimes are those of the first {} call sites",
            count(DETAILS as u64)
        ));
    }
    let timeline = timeline(engine, &mut left_out)?;
    let events = events(engine, &mut left_out)?;
    let blocks = blocks(&events);
    let lives = lives(engine, &mut left_out)?;
    let mut overview = engine.overview();
    overview.left_out = left_out;
    let document = Document {
        schema: "leakscope.page",
        version: 1,
        overview: raw(&overview)?,
        sites,
        site,
        timeline,
        events,
        tasks: raw(&engine.tasks(None))?,
        system: raw(&engine.system())?,
        blocks,
        lives,
    };
    Ok(serde_json::to_string(&document)?)
}

fn raw(value: &impl Serialize) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::value::to_raw_value(value)
}

/// The whole timeline, as fine as its room allows.
fn timeline(engine: &mut Engine<'_>, left_out: &mut Vec<String>) -> Result<Box<RawValue>, Refusal> {
    let window = engine.bounded(None);
    let mut column = 1;
    loop {
        let timeline = engine.timeline_with(window, COLUMNS, column)?;
        if timeline.stretches() <= STRETCHES {
            if timeline.resolution() > 1 {
                let clock = engine.clock();
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
        let page = engine.page(from, number, filter)?;
        for mut row in page.rows {
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
        let known = engine.log_messages();
        add(engine, &logs, 0, LOGS)?;
        add(engine, &logs, known.saturating_sub(LOGS), LOGS)?;
        let flagged = engine.scan.index.flags.iter().take(FLAGGED);
        let flagged: Vec<u64> = flagged.map(|flagged| flagged.index).collect();
        for index in flagged {
            add(engine, &everything, index, 1)?;
        }
        for index in engine.allocations_of_leaks(LEAKS, ALLOCATIONS)? {
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

/// What the page needs to limit call sites and tasks to a range.
fn lives(engine: &mut Engine<'_>, left_out: &mut Vec<String>) -> Result<Lives, Refusal> {
    let lives = engine.lives(LIVES_OF_SITES, LIVES_OF_CONTEXTS)?;
    let clock = engine.clock();
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
    let allocated =
        |row: &&ListRow| row.address.is_some() && row.born.is_none() && row.flag.is_none();
    let allocations: BTreeMap<(&str, u64), u64> = (events.rows.iter())
        .filter(allocated)
        .filter_map(|row| Some(((row.address.as_deref()?, row.time), row.index)))
        .collect();
    let mut pairs = BTreeSet::new();
    let mut freed = BTreeSet::new();
    for row in &events.rows {
        let (Some(address), Some(born)) = (row.address.as_deref(), row.born) else {
            continue;
        };
        let allocation = allocations.get(&(address, born)).copied();
        freed.extend(allocation);
        pairs.insert((allocation, Some(row.index)));
    }
    let others = allocations.values().filter(|index| !freed.contains(index));
    pairs.extend(others.map(|&index| (Some(index), None)));
    pairs.into_iter().collect()
}
