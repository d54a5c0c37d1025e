//! For programs: one document, `leakscope.check`.

use leakscope_report::Standing;
use serde::Serialize;

use super::{Checked, Place, function_of};
use crate::gate::{Answer, Doubt, Judgement};

/// The version of the schema. It changes when a field is removed or changes its meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "schema", rename = "leakscope.check")]
struct Document<'c> {
    version: u32,
    /// The worst of all recordings.
    answer: Answer,
    recordings: Vec<Recording<'c>>,
}

#[derive(Serialize)]
struct Recording<'c> {
    inputs: &'c [String],
    answer: Answer,
    conclusion: leakscope_report::Conclusion,
    headline: String,
    failures: Vec<Failed<'c>>,
    inconclusive: &'c [Doubt],
    /// Call sites of which nothing is claimed.
    unknown: usize,
    suppressed: usize,
    known: usize,
    rules: Vec<Rule<'c>>,
    /// Call stacks of the baseline that would have shown, and did not.
    fixed: Vec<&'c str>,
    growth_bytes_per_second: Option<f64>,
    outstanding_bytes: u64,
    peak_bytes: u64,
}

#[derive(Serialize)]
struct Failed<'c> {
    kind: &'c str,
    message: &'c str,
    /// Of a failure that is a call site's: its index in the report.
    call_site: Option<usize>,
    /// Of a call site, a free or an allocation: what it is called in every build, and where it is.
    identity: Option<&'c str>,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct Rule<'c> {
    id: &'c str,
    reason: &'c str,
    issue: Option<&'c str>,
    file: &'c str,
    line: usize,
    call_sites: u64,
    blocks: u64,
    bytes: u64,
    complaint: Option<String>,
}

/// The document, on lines.
pub fn json(checked: &Checked<'_>) -> String {
    let document = Document {
        version: VERSION,
        answer: checked.answer(),
        recordings: (checked.judgements.iter())
            .map(|judgement| recording(checked, judgement))
            .collect(),
    };
    // Nothing in it can fail to be written.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn recording<'c>(checked: &Checked<'c>, judgement: &'c Judgement<'c>) -> Recording<'c> {
    let report = judgement.report;
    let count = |matches: fn(&Standing) -> bool| {
        judgement
            .standings
            .iter()
            .filter(|standing| matches(standing))
            .count()
    };
    let failures = judgement.failures.iter().map(|failure| {
        let place = Place::of(&failure.frames, checked.root);
        Failed {
            kind: failure.kind.name(),
            message: &failure.message,
            call_site: failure.site,
            identity: failure.identity.as_deref(),
            function: function_of(failure),
            line: place.as_ref().map(|place| place.line),
            file: place.map(|place| place.path),
        }
    });
    let rules = checked.gate.rules.iter().zip(&judgement.uses);
    Recording {
        inputs: &report.trace.inputs,
        answer: judgement.answer,
        conclusion: report.conclusion,
        headline: judgement.headline(checked.gate),
        failures: failures.collect(),
        inconclusive: &judgement.inconclusive,
        unknown: judgement.unknown(),
        suppressed: count(|standing| matches!(standing, Standing::Suppressed(_))),
        known: count(|standing| matches!(standing, Standing::Known(_))),
        rules: rules
            .map(|(rule, used)| Rule {
                id: &rule.id,
                reason: &rule.reason,
                issue: rule.issue.as_deref(),
                file: &rule.place.file,
                line: rule.place.line,
                call_sites: used.sites,
                blocks: used.blocks,
                bytes: used.bytes,
                complaint: checked.gate.complaint(rule, *used),
            })
            .collect(),
        fixed: (checked.gate.baseline.iter())
            .flat_map(|(_, baseline)| judgement.fixed.iter().map(|&index| &baseline.sites[index]))
            .map(|known| known.stack.as_str())
            .collect(),
        growth_bytes_per_second: report.totals.leak_bytes_per_second,
        outstanding_bytes: report.totals.outstanding_bytes,
        peak_bytes: report.totals.peak_bytes,
    }
}
