//! One call site.

use serde::Serialize;

use super::Subject;
use super::address;
use super::frames::{Frames, ListedFrame};
use super::sites::SiteRow;
use crate::index;
use crate::index::sites::Histogram;
use crate::refusal::Refusal;

/// One call site, with what the table has no room for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Site {
    site: SiteRow,
    frames: Vec<ListedFrame>,
    #[serde(flatten)]
    pub(crate) detail: Detail,
}

/// What the table has no room for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Detail {
    curve: Curve,
    sizes: Vec<Bucket>,
    lifetimes: Vec<Bucket>,
    blocks: Vec<Block>,
    failures: Vec<Failure>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Curve {
    from: u64,
    to: u64,
    step: u64,
    times: Vec<u64>,
    max: Vec<u64>,
    last: Vec<u64>,
    blocks: Vec<u64>,
    allocations: Vec<u32>,
    frees: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Bucket {
    from: u64,
    to: u64,
    count: u32,
}

#[derive(Clone, Debug, Serialize)]
struct Block {
    address: String,
    size: u64,
    time: u64,
    context: i64,
    core: u8,
}

#[derive(Clone, Debug, Serialize)]
struct Failure {
    size: u64,
    time: u64,
    context: i64,
    core: u8,
    retried: bool,
    live_bytes: u64,
}

impl Site {
    pub(crate) fn new(number: usize, subject: Subject<'_, '_>) -> Result<Self, Refusal> {
        let Subject {
            outcome,
            report,
            scan,
            ..
        } = subject;
        let mut sites = outcome.call_sites.iter().zip(&report.call_sites);
        let found = sites.find(|(site, _)| site.id.index() == number);
        let (site, reported) = found.ok_or(Refusal::NotFound("call site"))?;
        let mut frames = Frames::default();
        let row = SiteRow::new(reported, site, scan, &mut frames);
        let context = |context| scan.context_number(context);
        let held = scan.index.sites.get(number);
        let failures = outcome.failed_allocations.iter();
        let failures =
            failures.filter(|failure| scan.program_frames(&failure.stack.frames) == site.stack);
        let detail = Detail {
            curve: held.map_or_else(Curve::default, |held| Curve::new(&held.curve, scan.end())),
            sizes: held.map_or_else(Vec::new, |held| buckets(&held.sizes)),
            lifetimes: held.map_or_else(Vec::new, |held| buckets(&held.lifetimes)),
            blocks: (site.blocks.iter())
                .map(|block| Block {
                    address: address(block.address),
                    size: block.size,
                    time: block.time,
                    context: context(block.context),
                    core: block.core,
                })
                .collect(),
            failures: failures
                .map(|failure| Failure {
                    size: failure.size,
                    time: failure.time,
                    context: context(failure.context),
                    core: failure.core,
                    retried: failure.retried,
                    live_bytes: failure.live_bytes,
                })
                .collect(),
        };
        Ok(Self {
            site: row,
            frames: frames.into_list(),
            detail,
        })
    }
}

impl Curve {
    pub(super) fn new(held: &index::curve::Curve, to: u64) -> Self {
        let mut curve = Self {
            to,
            step: held.step(),
            ..Self::default()
        };
        for step in held.steps() {
            curve.times.push(step.time);
            curve.max.push(step.max);
            curve.last.push(step.last.bytes);
            curve.blocks.push(step.last.blocks);
            curve.allocations.push(step.allocations);
            curve.frees.push(step.frees);
        }
        curve
    }
}

fn buckets(histogram: &Histogram) -> Vec<Bucket> {
    histogram
        .buckets()
        .map(|(from, to, count)| Bucket { from, to, count })
        .collect()
}
