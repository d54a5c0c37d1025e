//! What is known of a recording before it is read again for an export: names, call stacks and verdicts.

use std::borrow::Cow;
use std::rc::Rc;

use leakscope_analysis::heap::SiteId;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Context, Occasion};
use leakscope_report::document::call_site::CallSite;
use leakscope_report::units::counted;
use leakscope_report::{NamedFrame, Report, Standing, Symbolizer, sanitise};
use rustc_hash::FxHashMap;

/// A recording that was read once.
#[derive(Debug)]
pub struct Facts<'r> {
    /// The analysis' answer.
    pub outcome: &'r Outcome,
    /// The same in words: the report on all of the recording.
    pub report: &'r Report,
    /// The program, for log messages whose text is only there.
    pub program: &'r Symbolizer<'r>,
    /// By number of the call site: its place in the report.
    places: Vec<usize>,
    /// The frees that cannot be right, by time, core and whether they are double: the address, and whether it is in doubt.
    anomalies: FxHashMap<(u64, u8, bool), (u64, bool)>,
}

/// Stands for a call site that the report does not have.
const NOWHERE: usize = usize::MAX;

impl<'r> Facts<'r> {
    /// What `outcome` says, and `report` of it.
    pub fn new(outcome: &'r Outcome, report: &'r Report, program: &'r Symbolizer<'r>) -> Self {
        let mut places = Vec::new();
        for (place, site) in report.call_sites.iter().enumerate() {
            let number = site.id as usize;
            if places.len() <= number {
                places.resize(number + 1, NOWHERE);
            }
            places[number] = place;
        }
        let anomalies = outcome.anomalies.iter().map(|anomaly| {
            let when = (anomaly.time, anomaly.core, anomaly.kind.is_double());
            (when, (anomaly.address, anomaly.is_doubtful))
        });
        Self {
            outcome,
            report,
            program,
            places,
            anomalies: anomalies.collect(),
        }
    }

    /// Of a free that cannot be right: the address, if it is listed, and whether it is in doubt.
    pub(crate) fn anomaly(&self, now: &Occasion, is_double: bool) -> (Option<u64>, bool) {
        match self.anomalies.get(&(now.time, now.core, is_double)) {
            Some(&(address, is_doubtful)) => (Some(address), is_doubtful),
            // Where some of the kind are in doubt, one that is not listed proves nothing.
            None => {
                let mut of_kind = self.outcome.anomalies.iter();
                let is_doubtful =
                    of_kind.any(|other| other.kind.is_double() == is_double && other.is_doubtful);
                (None, is_doubtful)
            }
        }
    }

    /// What the report says of a call site.
    pub(crate) fn site(&self, site: SiteId) -> Option<&'r CallSite> {
        let place = *self.places.get(site.index())?;
        self.report.call_sites.get(place)
    }

    /// Whether the report counts a call site as a leak.
    pub(crate) fn leaks(&self, site: SiteId) -> bool {
        let site = self.site(site);
        site.is_some_and(|site| site.standing == Standing::Leak)
    }

    /// How many bytes leak there in an hour, as far as the report can say.
    pub(crate) fn growth_per_hour(&self, site: SiteId) -> u64 {
        let leak = (self.site(site)).filter(|site| site.standing == Standing::Leak);
        let rate = leak.and_then(|site| site.growth_bytes_per_second);
        (rate.unwrap_or(0.0) * 3600.0).round().max(0.0) as u64
    }

    /// The program's frames of a call site, the innermost first; at least one.
    pub(crate) fn frames(&self, site: SiteId) -> Vec<Frame> {
        let frames = self.site(site).map(|site| site.frames.as_slice());
        match frames.unwrap_or_default() {
            [] => vec![Frame::named("[no call stack]".to_owned())],
            frames => frames.iter().map(Frame::new).collect(),
        }
    }

    /// Nanoseconds since the trace began. Of a clock whose rate is not known, each tick counts as one.
    pub(crate) fn nanoseconds(&self, ticks: u64) -> u64 {
        let Some(hz) = self.report.trace.timestamp_hz else {
            return ticks;
        };
        match ticks.checked_mul(1_000_000_000) {
            // Of all but long recordings: quicker.
            Some(product) => product / u64::from(hz),
            None => (u128::from(ticks) * 1_000_000_000 / u128::from(hz)) as u64,
        }
    }

    /// What was recorded: the application, or the device, as far as either is known.
    pub(crate) fn program_name(&self) -> Cow<'r, str> {
        let trace = &self.report.trace;
        let name = trace.application.as_deref().or(trace.device.as_deref());
        let name = name.filter(|name| !name.trim().is_empty());
        name.map_or(Cow::Borrowed("firmware"), sanitise)
    }

    /// What the recording lacks, for formats that cannot say where.
    pub(crate) fn data_loss(&self) -> Option<String> {
        let totals = &self.report.totals;
        let lost = [
            (totals.dropped_packets, "packet"),
            (totals.skipped_bytes, "damaged byte"),
        ];
        let lost = lost.iter().filter(|(number, _)| *number > 0);
        let lost: Vec<_> = lost.map(|&(number, name)| counted(number, name)).collect();
        (!lost.is_empty()).then(|| {
            let lost = lost.join(" and ");
            format!("what the recording lacks, {lost}: a block whose free was lost is outstanding")
        })
    }

    /// What sums over sessions hide.
    pub(crate) fn sessions_loss(&self) -> Option<String> {
        let sessions = self.report.sessions.len();
        (sessions > 1).then(|| {
            format!("the sessions apart: what each of {sessions} left behind is added up, though a reset empties the heap")
        })
    }

    /// What the clock costs formats that count in seconds.
    pub(crate) fn clock_loss(&self) -> Option<String> {
        let is_known = self.report.trace.timestamp_hz.is_some();
        let loss = "times: the recording does not say how fast its clock is, so that a tick counts as a nanosecond";
        (!is_known).then(|| loss.to_owned())
    }
}

/// A frame of a call stack, without characters that act on whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    pub(crate) address: u64,
    /// The function's name, or the address in its place.
    pub(crate) function: String,
    pub(crate) file: Option<String>,
    pub(crate) line: u32,
    /// Whether it was inlined into the function of the next frame, which has the same address.
    pub(crate) inlined: bool,
}

impl Frame {
    fn new(frame: &NamedFrame) -> Self {
        let name = frame.function.as_deref().map(sanitise);
        let name = name.filter(|name| !name.trim().is_empty());
        Self {
            address: frame.address.0,
            function: name.map_or_else(|| frame.address.to_string(), Cow::into_owned),
            file: frame
                .file
                .as_deref()
                .map(|file| sanitise(file).into_owned()),
            line: frame.line.unwrap_or(0),
            inlined: frame.inlined,
        }
    }

    /// A frame that is a name alone.
    pub(crate) fn named(function: String) -> Self {
        Self {
            address: 0,
            function,
            file: None,
            line: 0,
            inlined: false,
        }
    }
}

/// Frames by return address: each group is a function and, before it, those that were inlined into it.
pub(crate) fn by_address(frames: &[Frame]) -> impl DoubleEndedIterator<Item = &[Frame]> {
    frames.chunk_by(|inner, outer| inner.inlined && inner.address == outer.address)
}

/// Names of contexts, each made once.
#[derive(Debug)]
pub(crate) struct Names<'r> {
    outcome: &'r Outcome,
    /// Never listed: no order reaches an output.
    known: FxHashMap<Context, Rc<str>>,
}

impl<'r> Names<'r> {
    pub(crate) fn new(facts: &Facts<'r>) -> Self {
        Self {
            outcome: facts.outcome,
            known: FxHashMap::default(),
        }
    }

    /// The name of a context, without control characters.
    pub(crate) fn of(&mut self, context: Context) -> Rc<str> {
        let outcome = self.outcome;
        let name = self.known.entry(context);
        Rc::clone(name.or_insert_with(|| sanitise(&outcome.context_name(context)).into()))
    }
}
