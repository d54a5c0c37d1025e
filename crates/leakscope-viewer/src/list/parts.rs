//! How many events of a list stand in which part of the trace.

use crate::query::Filter;
use crate::scan::Scan;

/// How many events of a list are among those from `first` on, up to the next part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) first: u64,
    pub(crate) matches: u64,
}

/// Counts by sections, for a filter that needs no search.
pub(crate) fn counted(scan: &Scan<'_>, filter: &Filter) -> Vec<Part> {
    let sections = &scan.sections;
    let is_all = filter.kinds == 0 && filter.core.is_none() && filter.contexts.is_empty();
    let part = |(place, first): (usize, u64)| {
        let matches = if is_all {
            sections.length(place)
        } else {
            let counts = scan.index.begins.counts(place);
            let counted = counts.iter().filter(|&&count| filter.counts(count, scan));
            counted.map(|count| u64::from(count.events)).sum()
        };
        Part { first, matches }
    };
    let firsts = sections.list().iter().map(|section| section.first);
    firsts.enumerate().map(part).collect()
}
