//! What the page shows first.

use leakscope_analysis::outcome::{self, AnomalyKind, CallSite, Outcome};
use leakscope_report::Conclusion;
use leakscope_report::sanitise;
use leakscope_report::units::{bytes, counted, duration_of_seconds, rate_per_second};
use serde::Serialize;

use super::Subject;
use super::address;
use super::frames::{Frames, title};
use super::problem::Problem;
use super::sites::SiteRow;
use crate::dump::{Dump, Summary};
use crate::names::Names;
use crate::names::{context_kind, context_name};
use crate::query::{ROWS, SITES, WIDTH};
use crate::reading::Reading;
use crate::scan::Scan;

/// Besides the leaks, so many findings are shown.
const FINDINGS: usize = 20;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Overview {
    schema: &'static str,
    version: u32,
    inputs: Vec<String>,
    target: Target,
    clock: Ticks,
    reading: State,
    conclusion: &'static str,
    sentence: String,
    /// Functions have names.
    symbols: bool,
    dump: Option<Summary>,
    problems: Vec<Problem>,
    findings: Vec<Finding>,
    totals: Totals,
    peak: Peak,
    heap: Heap,
    sessions: Vec<Session>,
    contexts: Vec<Context>,
    anomalies: Vec<Anomaly>,
    failures: Vec<Failure>,
    limits: Limits,
    pub(crate) left_out: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Target {
    application: Option<String>,
    device: Option<String>,
    operating_system: Option<String>,
    elf_sha256: Option<String>,
    cpu_hz: Option<u32>,
    cores: Vec<u8>,
}

impl Target {
    pub(super) fn new(target: &leakscope_analysis::outcome::Target) -> Self {
        let harmless = |text: &Option<String>| {
            let text = text.as_deref().map(sanitise);
            text.map(std::borrow::Cow::into_owned)
        };
        Self {
            application: harmless(&target.application),
            device: harmless(&target.device),
            operating_system: harmless(&target.operating_system),
            elf_sha256: harmless(&target.elf_sha256),
            cpu_hz: Some(target.cpu_hz).filter(|&hz| hz > 0),
            cores: target.cores.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Ticks {
    hz: Option<u32>,
    end: u64,
}

#[derive(Clone, Debug, Serialize)]
struct State {
    state: &'static str,
    read_bytes: u64,
    total_bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Finding {
    site: usize,
    verdict: &'static str,
    is_leak: bool,
    confidence: &'static str,
    title: String,
    reason: String,
    growth_bytes_per_second: Option<f64>,
    growth: String,
    outstanding_bytes: u64,
    outstanding_blocks: u64,
}

impl From<SiteRow> for Finding {
    fn from(row: SiteRow) -> Self {
        Self {
            site: row.site,
            verdict: row.verdict,
            is_leak: row.is_leak,
            confidence: row.confidence,
            title: row.title,
            reason: row.reason,
            growth_bytes_per_second: row.growth_bytes_per_second,
            growth: row.growth,
            outstanding_bytes: row.outstanding_bytes,
            outstanding_blocks: row.outstanding_blocks,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct Totals {
    events: u64,
    copies: u64,
    log_messages: u64,
    heap_events: u64,
    allocations: u64,
    frees: u64,
    reallocations: u64,
    failed_allocations: u64,
    failed_and_retried: u64,
    double_frees: u64,
    wrong_frees: u64,
    frees_of_older_blocks: u64,
    allocated_bytes: u64,
    outstanding_blocks: u64,
    outstanding_bytes: u64,
    peak_bytes: u64,
    dropped_packets: u64,
    call_sites: usize,
    leaks: usize,
    leak_bytes_per_second: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct Peak {
    bytes: u64,
    time: u64,
    holders: Vec<Holder>,
}

#[derive(Clone, Debug, Serialize)]
struct Holder {
    site: usize,
    bytes: u64,
    title: String,
}

#[derive(Clone, Debug, Serialize)]
struct Heap {
    size: Option<u64>,
    live_at_end: u64,
    exhausted_in_s: Option<f64>,
    exhausted_in: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Session {
    start: u64,
    end: u64,
    after_reset: bool,
    stopped: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Context {
    name: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Anomaly {
    kind: &'static str,
    time: u64,
    context: i64,
    core: u8,
    address: String,
    title: String,
}

/// An allocation that found no memory.
#[derive(Clone, Debug, Serialize)]
struct Failure {
    time: u64,
    size: u64,
    context: i64,
    core: u8,
    live_bytes: u64,
    retried: bool,
    title: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Limits {
    width: u64,
    rows: u64,
    sites: usize,
}

/// What an overview says besides of what was recorded.
pub(crate) struct About<'e> {
    /// The names of the inputs.
    pub(crate) inputs: &'e [String],
    pub(crate) reading: &'e Reading,
    pub(crate) total_bytes: u64,
    /// Whether functions have names.
    pub(crate) has_names: bool,
    pub(crate) dump: Option<&'e Dump>,
}

impl Overview {
    pub(crate) fn new(about: &About<'_>, subject: &mut Subject<'_, '_>) -> Self {
        let (outcome, scan) = (subject.outcome, subject.scan);
        let (clock, end) = (scan.clock(), scan.end());
        let inputs = about.inputs.iter().map(|name| sanitise(name).into_owned());
        let inputs = inputs.collect();
        let contexts = scan.index.actors.contexts().iter();
        let contexts = contexts.map(|&context| Context {
            name: context_name(context, &scan.trace),
            kind: context_kind(context),
        });
        let contexts = contexts.collect();
        let dump = about.dump.map(Dump::summary);
        let totals = &outcome.totals;
        let mut frames = Frames::default();
        let sites = outcome.call_sites.iter();
        let (leaks, others): (Vec<_>, Vec<_>) =
            sites.partition(|site| site.finding.verdict.is_leak());
        let shown = leaks.iter().chain(others.iter().take(FINDINGS));
        let findings = shown.map(|site| Finding::from(SiteRow::new(site, subject, &mut frames)));
        let findings = findings.collect();
        let names = &mut *subject.names;
        let rate: Option<f64> = (leaks.iter())
            .map(|site| clock.bytes_per_second(site.growth.bytes, site.growth.ticks))
            .sum();
        let anomalies = outcome.anomalies.iter();
        let anomalies = anomalies.map(|anomaly| Anomaly::new(anomaly, scan, names));
        let anomalies = anomalies.collect();
        let failures = outcome.failed_allocations.iter().take(FINDINGS);
        let failures = failures.map(|failure| Failure::new(failure, scan, names));
        let failures = failures.collect();
        Self {
            schema: "leakscope.page",
            version: 1,
            inputs,
            target: Target::new(&outcome.target),
            clock: Ticks {
                hz: Some(outcome.target.timestamp_hz).filter(|&hz| hz > 0),
                end,
            },
            conclusion: Conclusion::of(outcome).name(),
            sentence: match about.reading {
                Reading::Failed(why) => format!("Reading stopped: {}", sanitise(why)),
                _ if dump.is_some() => of_dump(outcome),
                _ => sentence(outcome, &leaks, rate),
            },
            symbols: about.has_names,
            dump,
            reading: State {
                state: about.reading.name(),
                read_bytes: totals.bytes,
                total_bytes: about.total_bytes.max(totals.bytes),
            },
            problems: (outcome.problems.iter())
                .map(|problem| Problem::new(problem, clock))
                .collect(),
            findings,
            totals: Totals::new(outcome, leaks.len(), rate),
            peak: Peak {
                bytes: outcome.peak.bytes,
                time: outcome.peak.time,
                holders: (outcome.peak.holders.iter().take(FINDINGS))
                    .map(|&(place, bytes)| {
                        let site = &outcome.call_sites[place];
                        let stack = (names.symbolizer).stack(&site.allocator_frames, &site.stack);
                        Holder {
                            site: site.id.index(),
                            bytes,
                            title: title(&stack.frames),
                        }
                    })
                    .collect(),
            },
            heap: heap(outcome, rate, scan.heap.live_bytes()),
            sessions: outcome.sessions.iter().map(Session::from).collect(),
            contexts,
            anomalies,
            failures,
            limits: Limits {
                width: WIDTH,
                rows: ROWS,
                sites: SITES,
            },
            left_out: Vec::new(),
        }
    }
}

impl Totals {
    fn new(outcome: &Outcome, leaks: usize, rate: Option<f64>) -> Self {
        let totals = &outcome.totals;
        Self {
            events: totals.events,
            copies: totals.copies,
            log_messages: totals.log_messages,
            heap_events: totals.heap_events,
            allocations: totals.allocations,
            frees: totals.frees,
            reallocations: totals.reallocations,
            failed_allocations: totals.failed_allocations,
            failed_and_retried: totals.failed_and_retried,
            double_frees: totals.double_frees,
            wrong_frees: totals.wrong_frees,
            frees_of_older_blocks: totals.frees_of_older_blocks,
            allocated_bytes: totals.allocated_bytes,
            outstanding_blocks: totals.outstanding_blocks,
            outstanding_bytes: totals.outstanding_bytes,
            peak_bytes: totals.peak_bytes,
            dropped_packets: totals.dropped_packets,
            call_sites: outcome.call_sites.len(),
            leaks,
            leak_bytes_per_second: rate,
        }
    }
}

impl From<&outcome::Session> for Session {
    fn from(session: &outcome::Session) -> Self {
        Self {
            start: session.start,
            end: session.end,
            after_reset: session.after_reset,
            stopped: session.stopped,
        }
    }
}

impl Anomaly {
    fn new(anomaly: &outcome::Anomaly, scan: &Scan<'_>, names: &mut Names<'_>) -> Self {
        Self {
            kind: match anomaly.kind {
                AnomalyKind::DoubleFree { .. } => "double-free",
                AnomalyKind::WrongFree { .. } => "wrong-free",
            },
            time: anomaly.time,
            context: scan.context_number(anomaly.context),
            core: anomaly.core,
            address: address(anomaly.address),
            title: title(&names.symbolizer.stack(&[], &anomaly.stack).frames),
        }
    }
}

impl Failure {
    fn new(failure: &outcome::FailedAllocation, scan: &Scan<'_>, names: &mut Names<'_>) -> Self {
        let folded = failure.stack.len() - scan.program_frames(&failure.stack).len();
        let (allocator, program) = failure.stack.split_at(folded);
        Self {
            time: failure.time,
            size: failure.size,
            context: scan.context_number(failure.context),
            core: failure.core,
            live_bytes: failure.live_bytes,
            retried: failure.retried,
            title: title(&names.symbolizer.stack(allocator, program).frames),
        }
    }
}

/// The answer in one sentence.
fn sentence(outcome: &Outcome, leaks: &[&CallSite], rate: Option<f64>) -> String {
    match Conclusion::of(outcome) {
        Conclusion::NothingKnown => match outcome.totals.events {
            0 => "Nothing can be said about leaks: the trace is empty.".to_owned(),
            _ => "Nothing can be said about leaks: no heap event could be named in this trace."
                .to_owned(),
        },
        Conclusion::NoLeakSeen => "No leak seen, as far as this trace can tell.".to_owned(),
        Conclusion::Leak => {
            let blocks: u64 = leaks.iter().map(|site| site.outstanding_blocks).sum();
            let size: u64 = leaks.iter().map(|site| site.outstanding_bytes).sum();
            let growth = match rate.filter(|&rate| rate > 0.0) {
                Some(rate) => format!(", growing by {}", rate_per_second(rate)),
                None => String::new(),
            };
            let leaks = counted(leaks.len() as u64, "leak");
            let (blocks, size) = (counted(blocks, "block"), bytes(size));
            format!("{leaks}: {blocks}, {size} outstanding{growth}.")
        }
    }
}

/// What a dump says: it accuses nobody.
fn of_dump(outcome: &Outcome) -> String {
    match outcome.totals.outstanding_blocks {
        0 => "Every block in this dump was freed.".to_owned(),
        blocks => format!(
            "Leak or not, a dump cannot tell: {} with {} outstanding.",
            counted(blocks, "block"),
            bytes(outcome.totals.outstanding_bytes)
        ),
    }
}

/// How much heap there is, and when it is used up, if it is one whose size is known.
fn heap(outcome: &Outcome, rate: Option<f64>, live: u64) -> Heap {
    let only = match outcome.heaps.as_slice() {
        [only] => only.size.map(|size| (size, only.outstanding_bytes)),
        _ => None,
    };
    let exhausted = only.zip(rate.filter(|&rate| rate > 0.0));
    let exhausted = exhausted.and_then(|((size, used), rate)| {
        let left = size.checked_sub(used)?;
        Some(left as f64 / rate)
    });
    Heap {
        size: only.map(|(size, _)| size),
        live_at_end: live,
        exhausted_in_s: exhausted,
        exhausted_in: exhausted.map(duration_of_seconds),
    }
}
