//! The answers, a file each: functions of what was read. `API.md` says what their fields mean.
#![allow(clippy::struct_field_names, reason = "the names are those of API.md")]

pub(crate) mod before;
pub(crate) mod census;
mod columns;
pub(crate) mod contexts;
pub(crate) mod counting;
mod drawing;
pub(crate) mod events;
mod frames;
pub(crate) mod frees;
pub(crate) mod heap;
pub(crate) mod heap_map;
pub(crate) mod lives;
pub(crate) mod mate;
pub(crate) mod memory;
pub(crate) mod overview;
pub(crate) mod owners;
pub(crate) mod shares;
pub(crate) mod site;
pub(crate) mod sites;
mod spans;
pub(crate) mod system;
pub(crate) mod tasks;
pub(crate) mod timeline;
pub(crate) mod track;

use leakscope_analysis::outcome::Outcome;
use leakscope_heap::Region;
use leakscope_report::Report;

use crate::names::address;
use crate::scan::Scan;

/// What answers about all of a trace are made from. The outcome's call sites, anomalies and failures are in the order of
/// the report's.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'e, 's> {
    pub(crate) outcome: &'e Outcome,
    pub(crate) report: &'e Report,
    /// Where the heap is, as far as that is known.
    pub(crate) regions: &'e [Region],
    pub(crate) scan: &'e Scan<'s>,
}
