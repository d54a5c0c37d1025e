//! Leaks that were there before: they pass while they grow no faster (`worse`).
mod worse;

use std::fmt::Write;

use leakscope_report::document::call_site::{CallSite, Left};
use leakscope_report::identity::{is_by_address, normalised};
use leakscope_report::{Report, Standing, unrecorded};
use serde::{Deserialize, Serialize};

use crate::diff::unsure_bytes;
pub use crate::full::Level;
use crate::rate::{Per, Rate};
pub(crate) use worse::Known;

/// Leaks that are known: `leakscope.baseline`, a JSON document with a line for each call site, so that a version control
/// shows what changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schema", rename = "leakscope.baseline")]
pub struct Baseline {
    /// Of the schema: [`Baseline::VERSION`].
    pub version: u32,
    /// The leakscope that wrote it.
    pub leakscope: String,
    /// What is known, in the order of identities.
    pub sites: Vec<KnownSite>,
}

/// A leak that is known, or what left blocks and may leak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownSite {
    /// Its identity by all its functions.
    pub stack: String,
    /// By the innermost four.
    pub site: String,
    /// Their names, for people.
    pub frames: Vec<String>,
    /// What was said of it.
    pub verdict: String,
    /// How fast it grew.
    pub growth_bytes_per_second: Option<f64>,
    /// The same, in cycles that were marked.
    pub growth_bytes_per_cycle: Option<f64>,
    /// Blocks that were outstanding …
    pub blocks: u64,
    /// … after so many seconds.
    pub length_s: Option<f64>,
    /// How often the program began in that time; 0 in an older baseline.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sessions: u64,
    /// Whether it was not called a leak. If it is called one the next time, and leaves no more, it is none that is new.
    #[serde(default, skip_serializing_if = "is_false")]
    pub may_leak: bool,
    /// What it held when it was full: if it is called a leak by a much shorter run, and holds no more, it is none that is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Level>,
    /// What it left behind: by this, growths are compared. Dumps have none, nor have older baselines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// Bytes that it may have left beside that: lost data hide it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unsure_bytes: u64,
    /// What the device was told to leave out, in words: only what lacks the same is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Why a text is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is other text, or damaged.
    #[error("this is no baseline: {0}")]
    NotJson(#[from] serde_json::Error),
    /// It is JSON of something else.
    #[error("this is JSON, and no baseline: its `schema` is not `leakscope.baseline`")]
    NotABaseline,
    /// It was written by another version.
    #[error("this baseline is of version {0}, and this leakscope knows version {known}", known = Baseline::VERSION)]
    Newer(u32),
}

impl KnownSite {
    /// Whether no function of its stack had a name, so that it is known in one build alone.
    pub fn is_by_address(&self) -> bool {
        is_by_address(&self.stack)
    }

    /// Whether it was left with the filter of `report`, or both have none.
    pub fn is_of_filter_of(&self, report: &Report) -> bool {
        self.left_out == unrecorded(report)
    }

    /// Whether it would be found in a report: what has names is not where nothing has any.
    pub fn can_show(&self, report: &Report) -> bool {
        self.frames.is_empty() || has_names(report)
    }
}

/// Whether functions of a report have names, or would have.
fn has_names(report: &Report) -> bool {
    let sites = &report.call_sites;
    let mut frames = sites.iter().flat_map(|site| &site.frames);
    frames.any(|frame| frame.function.is_some()) || sites.is_empty() && report.trace.has_symbols
}

impl Baseline {
    /// The version of the schema.
    pub const VERSION: u32 = 1;

    /// Reads what [`Baseline::write`] wrote.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let json: serde_json::Value = serde_json::from_str(text)?;
        if json["schema"] != "leakscope.baseline" {
            return Err(BaselineError::NotABaseline);
        }
        let baseline: Self = serde_json::from_value(json)?;
        match baseline.version {
            Self::VERSION => Ok(baseline),
            other => Err(BaselineError::Newer(other)),
        }
    }

    /// Of call sites of reports that leak, or may.
    pub fn of<'r>(leaks: impl Iterator<Item = (&'r Report, &'r CallSite)>) -> Self {
        let mut sites: Vec<_> = leaks
            .map(|(report, site)| KnownSite::of(report, site))
            .collect();
        let key = |site: &KnownSite| (site.stack.clone(), site.may_leak);
        sites.sort_by_cached_key(key);
        sites.dedup_by(|one, other| one.stack == other.stack);
        Self {
            version: Self::VERSION,
            leakscope: env!("CARGO_PKG_VERSION").to_owned(),
            sites,
        }
    }

    /// With what `known` knows beside it and is to be kept: a recording that cannot tell shows nothing of that.
    #[must_use]
    pub fn with_rest_of(mut self, known: &Self, is_kept: impl Fn(&KnownSite) -> bool) -> Self {
        let is_here = |site: &KnownSite| self.sites.iter().any(|own| own.stack == site.stack);
        let rest = known.sites.iter().filter(|site| !is_here(site));
        let rest: Vec<KnownSite> = rest.filter(|site| is_kept(site)).cloned().collect();
        self.sites.extend(rest);
        self.sites.sort_by(|one, other| one.stack.cmp(&other.stack));
        self
    }

    /// Whether all that is known was left with the filter of `report`, or all without one.
    pub(crate) fn is_of_filter_of(&self, report: &Report) -> bool {
        self.sites.iter().all(|known| known.is_of_filter_of(report))
    }

    /// The text of the file.
    pub fn write(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut text = format!(
            "{{\"schema\":\"leakscope.baseline\",\"version\":{},\"leakscope\":{},\"sites\":[",
            self.version,
            quoted(&self.leakscope)
        );
        for (index, site) in self.sites.iter().enumerate() {
            let separator = if index == 0 { "\n" } else { ",\n" };
            let site = serde_json::to_string(site).unwrap_or_default();
            // To a string, nothing fails.
            let _ = write!(text, "{separator}{site}");
        }
        text.push_str("\n]}\n");
        text
    }

    /// Why a call site of `report` that is not found here is none that is known.
    pub(crate) fn ignorance(&self, report: &Report) -> &'static str {
        if self.sites.iter().all(|known| known.can_show(report)) {
            "the baseline does not know it"
        } else {
            "the baseline knows functions by their names, and here nothing has one"
        }
    }

    /// The known leak that a call site of `report` is: by its whole stack, or else by the innermost functions if they are
    /// those of one call site alone, here and there.
    pub fn find(&self, report: &Report, site: &CallSite) -> Option<&KnownSite> {
        let by_stack = (self.sites.iter()).find(|known| known.stack == site.identity.stack);
        by_stack.or_else(|| {
            let name = &site.identity.site;
            let mut known = self.sites.iter().filter(|known| known.site == *name);
            let here = report
                .call_sites
                .iter()
                .filter(|site| site.identity.site == *name);
            (known.clone().count() == 1 && here.count() == 1)
                .then(|| known.next())
                .flatten()
        })
    }
}

impl KnownSite {
    fn of(report: &Report, site: &CallSite) -> Self {
        let names = site
            .frames
            .iter()
            .filter_map(|frame| frame.function.as_deref());
        let full = Level::full(report, site);
        let rate = |per| Rate::of(site, &report.totals, per).map(|rate| rate.bytes);
        Self {
            stack: site.identity.stack.clone(),
            site: site.identity.site.clone(),
            frames: names.map(normalised).collect(),
            verdict: site.verdict.to_string(),
            growth_bytes_per_second: rate(Per::Second),
            growth_bytes_per_cycle: rate(Per::Cycle),
            blocks: site.outstanding_blocks,
            length_s: report.trace.length_s,
            sessions: report.sessions.len() as u64,
            may_leak: report.trace.has_history && site.standing == Standing::Unknown
                || full.is_some(),
            full,
            left: site.left.clone(),
            unsure_bytes: unsure_bytes(site, report),
            left_out: unrecorded(report),
        }
    }
}
