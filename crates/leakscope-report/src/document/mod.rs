//! The report as data: one document, built once, that everything which is shown is read from.
//!
//! The fields are those of the JSON, which `docs/report-json.md` describes. Times are ticks, and the same in
//! seconds where the clock is known; sizes are bytes. Texts come from a device and from an ELF file, or from a
//! JSON file that anybody has written: whoever shows them makes them harmless first.
//!
//! - [`call_site`], [`anomaly`]: what the program did; [`usage`]: who used how much.
//! - [`memory`]: who points at the blocks, in an image of memory; [`image`]: such an image alone; [`heap_map`]: what lies
//!   where in the heap.
//! - [`trace`]: what was recorded; [`totals`]: sums; [`problem`]: what is wrong with the data.
mod address;
pub mod anomaly;
pub mod call_site;
pub mod heap_map;
pub mod image;
pub mod memory;
pub mod problem;
pub mod totals;
pub mod trace;
pub mod usage;

use std::sync::Arc;

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::trace::Context;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::conclusion::{Conclusion, Grounds, has, lacks_blocks};
use crate::filter::Filter;
use crate::identity;
use crate::policy::Standing;
use crate::sentences;
use crate::symbolizer::Symbolizer;
use crate::units::Clock;
pub use address::Address;

/// What a trace or a dump says, put in words, named and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schema", rename = "leakscope.report")]
pub struct Report {
    /// Of the schema: [`Report::VERSION`].
    pub version: u32,
    /// What all of it says of leaks.
    pub conclusion: Conclusion,
    /// The same in a sentence, without a full stop.
    pub headline: String,
    /// What the conclusion does not prove, a sentence each, without full stops.
    pub limits: Vec<String>,
    /// What becomes of the heap if leaks go on, without a full stop; null if nothing grows.
    pub outlook: Option<String>,
    /// Which part of the recording this is of, if not of all.
    pub part: Option<String>,
    /// What else the program did wrong: "4 failed allocations".
    pub also_wrong: Vec<String>,
    /// What was read.
    pub trace: trace::Trace,
    /// Sums over the whole trace.
    pub totals: totals::Totals,
    /// When the heap is used up by the leaks, if one heap of known size is what they grow in.
    pub exhaustion: Option<usage::Exhaustion>,
    /// Every call site that allocated, the worst first.
    pub call_sites: Vec<call_site::CallSite>,
    /// Frees that cannot be right: the first ones.
    pub anomalies: Vec<anomaly::Anomaly>,
    /// Allocations that found no memory: the first ones.
    pub failed_allocations: Vec<anomaly::FailedAllocation>,
    /// When the most bytes lived, and who held them.
    pub peak: usage::Peak,
    /// Who allocated and freed how much, in order of first appearance.
    pub contexts: Vec<usage::ContextUsage>,
    /// The heaps that the target told apart.
    pub heaps: Vec<usage::HeapUsage>,
    /// The stretches between restarts.
    pub sessions: Vec<trace::Session>,
    /// All tasks ever seen.
    pub tasks: Vec<trace::Task>,
    /// What is wrong with the data, what can change the answer first.
    pub problems: Vec<problem::Problem>,
    /// What an image of memory says; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<memory::Memory>,
    /// What the map of the heap says; absent if that has nothing to say, or is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap_map: Option<heap_map::HeapNote>,
}

impl Report {
    /// The version of the schema. It changes when a field is removed or changes its meaning, not when one is
    /// added.
    pub const VERSION: u32 = 1;

    /// How many sessions there were: not all are listed. A document of an older version lists what it knows of.
    pub fn session_count(&self) -> u64 {
        self.totals.sessions.max(self.sessions.len() as u64)
    }

    /// Puts an outcome in words: functions by `symbolizer`, standings by [`policy`](crate::policy).
    ///
    /// `inputs` are the names of the inputs, in the order in which problems count them; it may be empty.
    pub fn new(outcome: &Outcome, symbolizer: &mut Symbolizer<'_>, inputs: &[String]) -> Self {
        Self::of_part(outcome, symbolizer, inputs, &Filter::default())
    }

    /// As [`Report::new`], of those call sites, anomalies and failures only that `part` asks for. Its period is what
    /// `outcome` is of; sums over the whole trace stay.
    pub fn of_part(
        outcome: &Outcome,
        symbolizer: &mut Symbolizer<'_>,
        inputs: &[String],
        part: &Filter,
    ) -> Self {
        if has(outcome, |kind| {
            matches!(kind, ProblemKind::NotBehindCalls { .. })
        }) {
            symbolizer.doubt();
        }
        let contexts = outcome.contexts.iter().map(|usage| usage.context);
        let facts = &Facts {
            outcome,
            clock: Clock::new(outcome.target.timestamp_hz, outcome.length()),
            names: contexts
                .map(|context| (context, outcome.context_name(context).into()))
                .collect(),
        };
        let sites = outcome.call_sites.iter();
        let mut call_sites: Vec<_> = sites
            .map(|site| call_site::CallSite::new(facts, symbolizer, site))
            .collect();
        // By all call sites, so that each is called the same in every part.
        identity::tell_apart(&mut call_sites);
        let is_kept: Vec<bool> = (call_sites.iter())
            .map(|site| part.matches_place(site))
            .collect();
        call_sites.retain(|site| part.matches_place(site));
        let totals = totals::Totals::new(facts, &call_sites);
        let trace = trace::Trace::new(facts, symbolizer, inputs);
        let mut problems: Vec<_> = (outcome.problems.iter())
            .map(|problem| problem::Problem::new(facts, inputs, problem))
            .collect();
        // Stable: of one severity, what was seen first comes first.
        problems.sort_by_key(|problem| problem.severity);
        let grounds = Grounds {
            trace: &trace,
            totals: &totals,
            call_sites: &call_sites,
            problems: &problems,
        };
        let conclusion = grounds.conclusion();
        let headline = sentences::headline(outcome, conclusion, grounds);
        let part_in_words = part.in_words();
        let sessions: Vec<_> = (outcome.sessions.iter())
            .map(|session| trace::Session::new(facts, session))
            .collect();
        // How much is left, and how fast it goes, is known of the whole heap alone.
        let is_a_part = grounds.is_a_part();
        let exhaustion = usage::Exhaustion::of(outcome, &sessions, &totals);
        let exhaustion = exhaustion.filter(|_| !is_a_part);
        Self {
            version: Self::VERSION,
            conclusion,
            headline: match &part_in_words {
                Some(words) => format!("{headline} ({words})"),
                None => headline,
            },
            limits: sentences::limits(facts, conclusion, &call_sites),
            outlook: sentences::outlook(exhaustion.as_ref(), &totals, is_a_part),
            part: part_in_words,
            also_wrong: sentences::also_wrong(&totals),
            trace,
            exhaustion,
            totals,
            call_sites,
            anomalies: (outcome.anomalies.iter())
                .map(|anomaly| anomaly::Anomaly::new(facts, symbolizer, anomaly))
                .filter(|anomaly| part.matches_place(anomaly))
                .collect(),
            failed_allocations: (outcome.failed_allocations.iter())
                .map(|failure| anomaly::FailedAllocation::new(facts, symbolizer, failure))
                .filter(|failure| part.matches_place(failure))
                .collect(),
            peak: usage::Peak::new(facts, &is_kept),
            contexts: (outcome.contexts.iter())
                .map(|usage| usage::ContextUsage::new(facts, usage))
                .collect(),
            heaps: outcome.heaps.iter().map(usage::HeapUsage::new).collect(),
            sessions,
            tasks: outcome.tasks.iter().map(trace::Task::new).collect(),
            problems,
            memory: None,
            heap_map: None,
        }
    }

    /// The same for a heap of this size, as somebody knows who has built the target.
    #[must_use]
    pub fn with_heap_size(self, bytes: u64) -> Self {
        let held = usage::held_at_the_end(&self.sessions);
        let is_a_part = lacks_blocks(&self.problems);
        let exhaustion = usage::Exhaustion::new(bytes, held, &self.totals);
        let exhaustion = exhaustion.filter(|_| !is_a_part);
        let outlook = sentences::outlook(exhaustion.as_ref(), &self.totals, is_a_part);
        Self {
            outlook: if held > bytes {
                Some(sentences::too_small_a_heap(bytes, held))
            } else {
                outlook
            },
            exhaustion,
            ..self
        }
    }

    /// The call sites that leak, the worst first.
    pub fn leaks(&self) -> impl Iterator<Item = &call_site::CallSite> {
        let sites = self.call_sites.iter();
        sites.filter(|site| site.standing == Standing::Leak)
    }

    /// Whether there may be leaks that cannot be told, besides those that were: data were lost where it matters, the
    /// recording is too short, or it is a dump.
    pub fn is_uncertain(&self) -> bool {
        let grounds = Grounds {
            trace: &self.trace,
            totals: &self.totals,
            call_sites: &self.call_sites,
            problems: &self.problems,
        };
        grounds.is_uncertain()
    }

    /// What its ticks are.
    pub fn clock(&self) -> Clock {
        Clock::new(
            self.trace.timestamp_hz.unwrap_or(0),
            self.trace.length_ticks,
        )
    }
}

/// What the parts are made from.
pub(crate) struct Facts<'o> {
    pub(crate) outcome: &'o Outcome,
    pub(crate) clock: Clock,
    /// Of all that allocated and freed, which are named again and again. Never listed: no order reaches an
    /// output.
    names: FxHashMap<Context, Arc<str>>,
}

impl Facts<'_> {
    fn context(&self, context: Context) -> Arc<str> {
        let known = self.names.get(&context).cloned();
        known.unwrap_or_else(|| self.outcome.context_name(context).into())
    }

    fn seconds(&self, ticks: u64) -> Option<f64> {
        self.clock.seconds(ticks)
    }
}
