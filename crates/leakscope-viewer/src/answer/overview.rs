//! What the page shows first.

use std::borrow::Cow;

use leakscope_analysis::trace;
use leakscope_report::document;
use leakscope_report::document::anomaly::{Anomaly, AnomalyKind, FailedAllocation};
use leakscope_report::document::problem::Problem;
use leakscope_report::document::totals::Totals;
use leakscope_report::units::duration_of_seconds;
use leakscope_report::{Conclusion, Report, Standing, sanitise, unrecorded, without_allocator};
use serde::Serialize;

use super::Subject;
use super::frames::{Frames, title, titles};
use super::sites::SiteRow;
use crate::dump::{Dump, Summary};
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
    conclusion: Conclusion,
    sentence: String,
    also_wrong: Vec<String>,
    /// Functions have names.
    symbols: bool,
    dump: Option<Summary>,
    /// An image of memory was looked at.
    image: bool,
    /// It is known where the heap is.
    heap_map: bool,
    problems: Vec<Problem>,
    /// What the device was told to leave out.
    unrecorded: Option<String>,
    findings: Vec<Finding>,
    totals: Totals,
    peak: Peak,
    heap: Heap,
    sessions: Vec<Session>,
    contexts: Vec<Context>,
    anomalies: Vec<WrongFree>,
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
    verdict: Cow<'static, str>,
    standing: Standing,
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
            standing: row.standing,
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
struct Peak {
    bytes: u64,
    time: u64,
    holders: Vec<Holder>,
}

#[derive(Clone, Debug, Serialize)]
struct Holder {
    site: u32,
    bytes: u64,
    title: String,
}

#[derive(Clone, Debug, Serialize)]
struct Heap {
    size: Option<u64>,
    live_at_end: u64,
    exhausted_in_s: Option<f64>,
    exhausted_in: Option<String>,
    outlook: Option<String>,
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

/// A free that cannot be right.
#[derive(Clone, Debug, Serialize)]
struct WrongFree {
    kind: AnomalyKind,
    /// It may be right.
    is_doubtful: bool,
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

impl Overview {
    /// Of inputs that are this long in all, as far as that is known.
    pub(crate) fn new(
        reading: &Reading,
        total_bytes: u64,
        dump: Option<&Dump>,
        subject: Subject<'_, '_>,
    ) -> Self {
        let Subject {
            outcome,
            report,
            scan,
            ..
        } = subject;
        let contexts = scan.actors.contexts().iter();
        let contexts = contexts.map(|&context| Context {
            name: context_name(context, &scan.trace),
            kind: context_kind(context),
        });
        let mut frames = Frames::default();
        let sites = report.call_sites.iter().zip(&outcome.call_sites);
        let (leaks, others): (Vec<_>, Vec<_>) =
            sites.partition(|(site, _)| site.standing == Standing::Leak);
        let shown = leaks.iter().chain(others.iter().take(FINDINGS));
        let findings =
            shown.map(|(site, contexts)| SiteRow::new(site, contexts, scan, &mut frames).into());
        let findings = findings.collect();
        let anomalies = report.anomalies.iter().zip(&outcome.anomalies);
        let failures = report.failed_allocations.iter();
        let failures = failures.zip(&outcome.failed_allocations).take(FINDINGS);
        Self {
            schema: "leakscope.page",
            version: 1,
            inputs: report.trace.inputs.clone(),
            target: Target::new(&outcome.target),
            clock: Ticks {
                hz: report.trace.timestamp_hz,
                end: scan.end(),
            },
            conclusion: report.conclusion,
            sentence: match reading {
                Reading::Failed(why) => format!("Reading stopped: {}", sanitise(why)),
                _ => format!("{}.", report.headline),
            },
            also_wrong: report.also_wrong.clone(),
            symbols: report.trace.has_symbols,
            dump: dump.map(Dump::summary),
            image: report.memory.is_some(),
            heap_map: !subject.regions.is_empty(),
            reading: State {
                state: reading.name(),
                read_bytes: report.trace.read_bytes,
                total_bytes: total_bytes.max(report.trace.read_bytes),
            },
            problems: report.problems.clone(),
            unrecorded: unrecorded(report),
            findings,
            totals: report.totals.clone(),
            peak: Peak::new(report),
            heap: Heap::new(report, scan.heap.live_bytes()),
            sessions: report.sessions.iter().map(Session::from).collect(),
            contexts: contexts.collect(),
            anomalies: anomalies
                .map(|(anomaly, of)| WrongFree::new(anomaly, of.context, scan))
                .collect(),
            failures: failures
                .map(|(failure, of)| Failure::new(failure, of.context, scan))
                .collect(),
            limits: Limits {
                width: WIDTH,
                rows: ROWS,
                sites: SITES,
            },
            left_out: Vec::new(),
        }
    }
}

impl Peak {
    fn new(report: &Report) -> Self {
        let holders = report.peak.holders.iter().take(FINDINGS);
        let sites = holders
            .clone()
            .map(|holder| &report.call_sites[holder.call_site]);
        let stacks: Vec<_> = sites.clone().map(|site| site.frames.as_slice()).collect();
        let holders = holders.zip(sites).zip(titles(&stacks));
        let holders = holders.map(|((holder, site), title)| Holder {
            site: site.id,
            bytes: holder.bytes,
            title,
        });
        Self {
            bytes: report.peak.bytes,
            time: report.peak.time_ticks,
            holders: holders.collect(),
        }
    }
}

impl From<&document::trace::Session> for Session {
    fn from(session: &document::trace::Session) -> Self {
        Self {
            start: session.start_ticks,
            end: session.end_ticks,
            after_reset: session.after_reset,
            stopped: session.stopped,
        }
    }
}

impl WrongFree {
    fn new(anomaly: &Anomaly, context: trace::Context, scan: &Scan<'_>) -> Self {
        Self {
            kind: anomaly.kind,
            is_doubtful: anomaly.is_doubtful,
            time: anomaly.time_ticks,
            context: scan.context_number(context),
            core: anomaly.core,
            address: anomaly.address.to_string(),
            title: title(without_allocator(&anomaly.frames)),
        }
    }
}

impl Failure {
    fn new(failure: &FailedAllocation, context: trace::Context, scan: &Scan<'_>) -> Self {
        Self {
            time: failure.time_ticks,
            size: failure.size_bytes,
            context: scan.context_number(context),
            core: failure.core,
            live_bytes: failure.live_bytes,
            retried: failure.retried,
            title: title(without_allocator(&failure.frames)),
        }
    }
}

impl Heap {
    /// How much heap there is, if it is one whose size is known, and when it is used up.
    fn new(report: &Report, live_at_end: u64) -> Self {
        let after_end = report.exhaustion.map(|exhaustion| exhaustion.after_end_s);
        Self {
            size: match (report.exhaustion, report.heaps.as_slice()) {
                (Some(exhaustion), _) => Some(exhaustion.heap_size_bytes),
                (None, [only]) => only.size_bytes,
                (None, _) => None,
            },
            live_at_end,
            exhausted_in_s: after_end,
            exhausted_in: after_end.map(duration_of_seconds),
            outlook: report.outlook.clone(),
        }
    }
}
