//! Leaks that were there before: they pass while they grow no faster.

use std::fmt::Write;

use leakscope_report::Report;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::document::totals::Totals;
use leakscope_report::identity::{is_by_address, normalised};
use serde::{Deserialize, Serialize};

use crate::rate::{Per, Rate, chance_of_more};

/// Growth above what was recorded that is no news: a share of it …
const MORE: f64 = 1.2;

/// … and bytes a minute.
const MORE_A_MINUTE: f64 = 16.0;

/// Below this probability, chance does not explain that there are more blocks.
const CHANCE: f64 = 0.05;

/// Leaks that are known: `leakscope.baseline`, a JSON document with a line for each call site, so that a version control
/// shows what changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schema", rename = "leakscope.baseline")]
pub struct Baseline {
    /// Of the schema: [`Baseline::VERSION`].
    pub version: u32,
    /// The leakscope that wrote it.
    pub leakscope: String,
    /// The leaks, in the order of their identities.
    pub sites: Vec<KnownSite>,
}

/// A leak that is known.
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

    /// Of call sites of reports.
    pub fn of<'r>(leaks: impl Iterator<Item = (&'r Report, &'r CallSite)>) -> Self {
        let mut sites: Vec<_> = leaks
            .map(|(report, site)| KnownSite::of(report, site))
            .collect();
        sites.sort_by(|one, other| one.stack.cmp(&other.stack));
        sites.dedup_by(|one, other| one.stack == other.stack);
        Self {
            version: Self::VERSION,
            leakscope: env!("CARGO_PKG_VERSION").to_owned(),
            sites,
        }
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
        }
    }

    /// Why the call site is worse than it was known to be; `None` if it is not.
    pub fn worsened(&self, report: &Report, site: &CallSite) -> Option<String> {
        let totals = &report.totals;
        if let (Some(before), Some(now)) = (
            self.growth_bytes_per_cycle,
            Rate::of(site, totals, Per::Cycle),
        ) {
            let before = Rate {
                bytes: before,
                per: Per::Cycle,
            };
            return (now.bytes > MORE * before.bytes && self.is_no_chance(report, site, totals))
                .then(|| format!("it grows by {now}, and the baseline knows {before}"));
        }
        let now = Rate::of(site, totals, Per::Minute);
        let (Some(now), Some(before)) = (now, self.growth_bytes_per_second) else {
            // Without a clock on both sides, blocks are all that can be compared.
            let more = site.outstanding_blocks as f64 > MORE * self.blocks as f64;
            return more.then(|| {
                format!(
                    "{} blocks are outstanding, and the baseline knows {}",
                    site.outstanding_blocks, self.blocks
                )
            });
        };
        let before = Rate {
            bytes: before * 60.0,
            per: Per::Minute,
        };
        let is_more = now.bytes > MORE * before.bytes && now.bytes > before.bytes + MORE_A_MINUTE;
        (is_more && self.is_no_chance(report, site, totals))
            .then(|| format!("it grows by {now}, and the baseline knows {before}"))
    }

    /// Whether chance does not explain that more blocks are left in the time that was watched. A leak that leaves larger
    /// blocks as often is no chance either.
    fn is_no_chance(&self, report: &Report, site: &CallSite, totals: &Totals) -> bool {
        let (Some(before), Some(now)) = (self.length_s, report.trace.length_s) else {
            return true;
        };
        let mean = |bytes: f64, blocks: u64| bytes / blocks.max(1) as f64;
        let rate = Rate::of(site, totals, Per::Second).map_or(0.0, |rate| rate.bytes);
        let size_now = mean(rate * now, site.outstanding_blocks);
        let size_before = mean(
            self.growth_bytes_per_second.unwrap_or(0.0) * before,
            self.blocks,
        );
        size_now > MORE * size_before
            || chance_of_more(self.blocks, site.outstanding_blocks, now / (now + before)) < CHANCE
    }
}
