//! What a recording before a change says of its call sites, so that the page can show what is different.

use leakscope_report::document::call_site::CallSite;
use leakscope_report::{Report, Standing, sanitise, unrecorded};
use serde::Serialize;

use super::frames::{Frames, ListedFrame, title};
use super::sites::Others;
use crate::query::SITES;

/// The answer; empty if there is no such recording.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Before {
    inputs: Vec<String>,
    /// What the device was told to leave out.
    unrecorded: Option<String>,
    frames: Vec<ListedFrame>,
    sites: Vec<Row>,
    others: Others,
}

/// A call site. The fields are those of a row in the table of call sites.
#[derive(Clone, Debug, Serialize)]
struct Row {
    title: String,
    standing: Standing,
    stack: Vec<usize>,
    allocator: Vec<usize>,
    growth_bytes_per_second: Option<f64>,
    outstanding_bytes: u64,
    outstanding_blocks: u64,
    bytes_at_peak: u64,
    allocations: u64,
    allocated_bytes: u64,
    tasks: Vec<String>,
}

impl Row {
    fn new(site: &CallSite, frames: &mut Frames) -> Self {
        let mut numbers = |list: &[leakscope_report::NamedFrame]| {
            list.iter().map(|frame| frames.number(frame)).collect()
        };
        Self {
            title: title(&site.frames),
            standing: site.standing.clone(),
            stack: numbers(&site.frames),
            allocator: numbers(&site.allocator_frames),
            growth_bytes_per_second: site.growth_bytes_per_second,
            outstanding_bytes: site.outstanding_bytes,
            outstanding_blocks: site.outstanding_blocks,
            bytes_at_peak: site.bytes_at_peak,
            allocations: site.allocations,
            allocated_bytes: site.allocated_bytes,
            tasks: (site.tasks.iter())
                .map(|task| sanitise(task).into_owned())
                .collect(),
        }
    }
}

impl From<&Report> for Before {
    fn from(report: &Report) -> Self {
        let mut frames = Frames::default();
        let sites = report.call_sites.iter().take(SITES);
        let sites = sites.map(|site| Row::new(site, &mut frames)).collect();
        let inputs = report.trace.inputs.iter();
        let mut others = Others::default();
        for site in report.call_sites.iter().skip(SITES) {
            others.add(site, None, None);
        }
        Self {
            inputs: inputs.map(|name| sanitise(name).into_owned()).collect(),
            unrecorded: unrecorded(report).map(|what| sanitise(&what).into_owned()),
            frames: frames.into_list(),
            sites,
            others,
        }
    }
}
