//! The map of a recording's heap (`leakscope-heap`): where the regions come from, and what the map says in words.
mod along;
mod image;
mod regions;
pub(crate) mod words;

use leakscope_analysis::heap::{FoldStack, HeapModel, SiteId};
use leakscope_analysis::trace::{Feed, Layout, Trace};
use leakscope_heap::{HeapMap, Pin, Trend, pins};

pub use along::Along;
pub use image::follow;
pub use regions::{disagreement, in_boot_log, regions};

use crate::Report;
use crate::document::heap_map::{self as document, HeapNote};
use crate::document::problem::Severity;
use crate::units::Clock;

/// The most call sites that are named as pins.
const PINS: usize = 3;

/// Reads a recording, which is laid out like this, up to a moment in ticks.
///
/// # Errors
/// Those of the feed.
pub fn read<D: Feed>(
    feed: D,
    layout: &Layout,
    fold: &mut impl FoldStack,
    mut map: HeapMap,
) -> Result<HeapMap, D::Error> {
    let (mut trace, mut heap) = (Trace::new(layout), HeapModel::default());
    heap.run(&mut trace, feed, fold, &mut map)?;
    map.finish();
    Ok(map)
}

/// What the map says; `fits` asks for an allocation of so many bytes. `report` names the call sites.
pub fn document(map: &HeapMap, report: &Report, fits: Option<u64>) -> document::HeapMap {
    document::HeapMap::new(map, &Names::of(report), fits)
}

/// What a report says of the map, if it is sure of that and there is something to say.
pub fn note(map: &HeapMap, report: &Report) -> Option<HeapNote> {
    map.is_sure()
        .then(|| HeapNote::new(map, &Names::of(report)))?
}

/// What a report calls call sites and moments.
pub(crate) struct Names<'r> {
    report: &'r Report,
    pub(crate) clock: Clock,
}

impl<'r> Names<'r> {
    fn of(report: &'r Report) -> Self {
        let clock = report.clock();
        Self { report, clock }
    }

    /// What is wrong with the recording and can change the answer, a sentence each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let problems = self.report.problems.iter();
        problems
            .filter(|problem| problem.severity == Severity::Grave)
            .map(|problem| problem.message.clone())
            .collect()
    }

    /// Whether the report foretells when leaks have used the heap up.
    pub(crate) fn is_filled_by_leaks(&self) -> bool {
        self.report.outlook.is_some()
    }

    /// The function of the program that allocates there, or what else is known.
    pub(crate) fn site(&self, site: SiteId) -> String {
        let mut sites = self.report.call_sites.iter();
        let found = sites.find(|found| found.id == site.number());
        let first = found.and_then(|found| found.frames.first());
        match first.map(|frame| (&frame.function, frame.address)) {
            Some((Some(function), _)) => function.to_string(),
            Some((None, address)) => address.to_string(),
            None => "a call site without a call stack".to_owned(),
        }
    }
}

/// What a region's history comes to, if holes are known, and who splits it.
pub(crate) fn judged(map: &HeapMap, place: usize) -> (Option<Trend>, Vec<Pin>) {
    let best = map.best();
    let trend = best.trend(place).filter(|_| map.is_sure());
    (trend, pins(best.pools()[place].space(), PINS))
}
