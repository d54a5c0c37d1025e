//! Judges a report: what fails it, and whether anything can be claimed at all.
//!
//! A gate that is green because it saw nothing is the worst failure of its kind. So there are three answers: *passed*,
//! *failed*, and *inconclusive*, which is no success.
mod doubt;
mod failure;
mod limits;

use leakscope_analysis::findings::Confidence;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::units::{bytes, counted};
use leakscope_report::{Report, Standing, unrecorded};
use serde::Serialize;

use crate::baseline::{Baseline, Known};
pub use crate::doubt::Doubt;
use crate::full::Level;
use crate::suppress::{Date, Rule};
use crate::{doubtful, program};
pub use failure::{Failure, FailureKind};
pub use limits::Limits;

/// What is asked of a recording.
#[derive(Clone, Debug)]
pub struct Gate {
    /// A leak of at least this confidence fails.
    pub min_confidence: Confidence,
    /// Sums that must not be exceeded, and what must at least have been seen.
    pub limits: Limits,
    /// Whether an allocation that found no memory fails.
    pub no_failed_allocations: bool,
    /// Whether a recording whose device was told to leave blocks out may pass, on the rest.
    pub allow_filtered: bool,
    /// Whether a rule that excuses nothing, has expired or can never match fails.
    pub strict: bool,
    /// What is excused.
    pub rules: Vec<Rule>,
    /// What is known, and the name of the file.
    pub baseline: Option<(String, Baseline)>,
    /// The day on which rules expire.
    pub today: Date,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            min_confidence: Confidence::Medium,
            limits: Limits::default(),
            no_failed_allocations: false,
            allow_filtered: false,
            strict: false,
            rules: Vec::new(),
            baseline: None,
            today: (0, 0, 0),
        }
    }
}

/// The answer, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing fails, and it would have been seen.
    Passed,
    /// Nothing can be claimed.
    Inconclusive,
    /// Something fails.
    Failed,
}

/// What a gate says of a report.
#[derive(Clone, Debug)]
pub struct Judgement<'r> {
    /// Of what.
    pub report: &'r Report,
    /// The answer.
    pub answer: Answer,
    /// What fails, in the order of the report; nothing if another program's functions are named.
    pub failures: Vec<Failure>,
    /// Why nothing can be claimed; or nothing beside what fails.
    pub inconclusive: Vec<Doubt>,
    /// What every call site of the report counts as, in its order.
    pub standings: Vec<Standing>,
    /// What each of the gate's rules excused, in their order.
    pub uses: Vec<RuleUse>,
    /// How many known leaks were not called leaks when the baseline was made, and left as much then.
    pub newly_called: usize,
    /// Known leaks that would have shown here, and did not: indices into the baseline.
    pub fixed: Vec<usize>,
    /// How many call sites leak, and are not sure enough to fail.
    pub hints: usize,
}

/// What a rule excused in a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleUse {
    /// Call sites.
    pub sites: u64,
    /// Their outstanding blocks.
    pub blocks: u64,
    /// The bytes of those.
    pub bytes: u64,
    /// Call sites that it is about, and that left more than it accepts.
    pub exceeded: u64,
    /// Why it can never match here.
    pub unmatchable: Option<&'static str>,
}

impl Gate {
    /// Judges reports, each by itself. Of rules, `strict` asks that each does something in one of them.
    pub fn judge_all<'r>(&self, reports: &'r [Report]) -> Vec<Judgement<'r>> {
        let mut judgements: Vec<_> = reports.iter().map(|report| self.judge(report)).collect();
        // By the names of another program, a rule excuses nothing.
        if self.strict && !reports.iter().any(program::misnames) {
            for (index, rule) in self.rules.iter().enumerate() {
                let uses = judgements.iter().map(|judgement| judgement.uses[index]);
                let complaints: Option<Vec<String>> =
                    uses.map(|used| self.complaint(rule, used)).collect();
                let first = complaints.and_then(|complaints| complaints.into_iter().next());
                if let (Some(why), Some(judgement)) = (first, judgements.first_mut()) {
                    judgement.failures.push(Failure::of_rule(rule, &why));
                    judgement.answer = Answer::Failed;
                }
            }
        }
        judgements
    }

    /// Judges a report. Rules that do nothing are no failure here: see [`Gate::judge_all`].
    pub fn judge<'r>(&self, report: &'r Report) -> Judgement<'r> {
        let mut judgement = self.judge_as_counted(report);
        if let Some(freed) = doubtful::as_if_freed(report) {
            let sure = self.judge_as_counted(&freed).failures;
            let doubts = doubtful::weigh(report, &mut judgement.failures, &sure);
            judgement.inconclusive.extend(doubts);
        }
        judgement.answer = match (&judgement.failures[..], &judgement.inconclusive[..]) {
            ([_, ..], _) => Answer::Failed,
            (_, [_, ..]) => Answer::Inconclusive,
            _ => Answer::Passed,
        };
        judgement
    }

    /// What fails and what cannot be told if all that counts as outstanding is; not yet the answer.
    fn judge_as_counted<'r>(&self, report: &'r Report) -> Judgement<'r> {
        let has_symbols = report.trace.has_symbols;
        let mut judgement = Judgement {
            report,
            answer: Answer::Passed,
            failures: Vec::new(),
            inconclusive: Vec::new(),
            standings: Vec::with_capacity(report.call_sites.len()),
            uses: (self.rules.iter())
                .map(|rule| RuleUse {
                    unmatchable: rule.unmatchable(has_symbols),
                    ..RuleUse::default()
                })
                .collect(),
            newly_called: 0,
            fixed: Vec::new(),
            hints: 0,
        };
        let is_named = program::doubts(report).is_empty();
        let mut known = match &self.baseline {
            Some((_, baseline)) => baseline.knows(report),
            None => Vec::new(),
        };
        known.resize(report.call_sites.len(), None);
        let mut of_unknown = Vec::new();
        for (index, known) in known.into_iter().enumerate() {
            let (before, is_unknown) = (judgement.failures.len(), known.is_none());
            let standing = self.stand(report, index, known, is_named, &mut judgement);
            judgement.standings.push(standing);
            of_unknown.extend((before..judgement.failures.len()).filter(|_| is_unknown));
        }
        if has_symbols && of_unknown.len() <= judgement.hidden(self) {
            // The ELF file names nothing: as far as can be told, these are the leaks that are known by names.
            for index in of_unknown.into_iter().rev() {
                judgement.failures.remove(index);
            }
        }
        self.check_frees(report, &mut judgement);
        self.limits.check(report, &mut judgement);
        doubt::doubt(self, report, &mut judgement.inconclusive);
        self.find_fixed(report, &mut judgement);
        let goes_by_names = |rule: &Rule| {
            let is_in_force = !self.has_expired(rule) && rule.unmatchable(true).is_none();
            is_in_force && rule.unmatchable(false).is_some()
        };
        let may_be_excused = !is_named && self.rules.iter().any(goes_by_names);
        if program::misnames(report) {
            // The recording, or the ELF file, is not the one that was meant; rules and baselines go by names.
            judgement.failures.clear();
        } else if may_be_excused {
            let is_leak = |failure: &Failure| matches!(failure.kind, FailureKind::Leak(_));
            judgement.failures.retain(|failure| !is_leak(failure));
        }
        judgement
    }

    /// What a call site counts as. It fails if that is a leak.
    fn stand(
        &self,
        report: &Report,
        index: usize,
        known: Option<Known<'_>>,
        is_named: bool,
        judgement: &mut Judgement<'_>,
    ) -> Standing {
        let site = &report.call_sites[index];
        // A dump has no history: what it holds is judged by what was known, which is found by its name.
        let is_held = !report.trace.has_history
            && self.baseline.is_some()
            && site.outstanding_blocks > 0
            && is_named;
        if site.standing != Standing::Leak && !is_held {
            return site.standing.clone();
        }
        let mut exceeded = None;
        for (rule, used) in self.rules.iter().zip(&mut judgement.uses) {
            if used.unmatchable.is_some() || self.has_expired(rule) || !rule.is_about(site) {
                continue;
            }
            if rule.accepts(site, &report.totals) {
                used.sites += 1;
                used.blocks += site.outstanding_blocks;
                used.bytes += site.outstanding_bytes;
                return Standing::Suppressed(rule.id.clone());
            }
            used.exceeded += 1;
            exceeded
                .get_or_insert_with(|| format!("it left more than the rule `{}` accepts", rule.id));
        }
        let mut why = exceeded;
        if let Some((file, baseline)) = &self.baseline {
            match known {
                Some(Known { worse: None, site }) => {
                    judgement.newly_called += usize::from(site.may_leak);
                    return Standing::Known(file.clone());
                }
                Some(known) => why = known.worse,
                None => why = why.or_else(|| Some(baseline.ignorance(report).to_owned())),
            }
        }
        if is_held || site.confidence >= self.min_confidence {
            judgement
                .failures
                .push(Failure::of_site(report, index, why));
        } else {
            judgement.hints += 1;
        }
        Standing::Leak
    }

    fn has_expired(&self, rule: &Rule) -> bool {
        rule.until.is_some_and(|until| until < self.today)
    }

    fn check_frees(&self, report: &Report, judgement: &mut Judgement<'_>) {
        let totals = &report.totals;
        let failed = totals
            .failed_allocations
            .saturating_sub(totals.failed_and_retried);
        let checks = [
            (FailureKind::DoubleFree, totals.double_frees),
            (FailureKind::WrongFree, totals.wrong_frees),
            (
                FailureKind::FailedAllocation,
                if self.no_failed_allocations {
                    failed
                } else {
                    0
                },
            ),
        ];
        for (kind, number) in checks {
            if number > 0 {
                judgement
                    .failures
                    .push(Failure::of_frees(report, kind, number));
            }
        }
    }

    /// What is wrong with a rule, given what it excused.
    pub fn complaint(&self, rule: &Rule, used: RuleUse) -> Option<String> {
        if let Some(why) = used.unmatchable {
            return Some(format!("cannot match, because {why}"));
        }
        if let (true, Some((year, month, day))) = (self.has_expired(rule), rule.until) {
            return Some(format!("has expired on {year:04}-{month:02}-{day:02}"));
        }
        (used.sites == 0 && used.exceeded == 0).then(|| "excuses nothing here".to_owned())
    }

    /// Which known leaks would have shown in this report, and did not.
    fn find_fixed(&self, report: &Report, judgement: &mut Judgement<'_>) {
        let Some((_, baseline)) = &self.baseline else {
            return;
        };
        if !judgement.inconclusive.is_empty() {
            return;
        }
        let sites = report.call_sites.iter().zip(&judgement.standings);
        let leaking = sites.filter(|(_, standing)| !matches!(standing, Standing::Fine));
        let leaking: Vec<_> = leaking
            .filter_map(|(site, _)| baseline.find(report, site))
            .collect();
        let known = baseline.sites.iter().enumerate();
        let fixed = known
            .filter(|(_, known)| !known.may_leak && known.can_show(report))
            .filter(|(_, known)| !leaking.contains(known))
            .map(|(index, _)| index);
        judgement.fixed = fixed.collect();
    }
}

impl Judgement<'_> {
    /// The answer in a sentence, without a full stop: the report's, but of a dump that passed what it was asked for, and with what a
    /// recording that passed lacks.
    pub fn headline(&self, gate: &Gate) -> String {
        let report = self.report;
        let what = unrecorded(report).filter(|_| self.answer == Answer::Passed);
        if let Some(what) = what {
            return format!("{}; not recorded: {what}", report.headline);
        }
        let is_held = self.answer == Answer::Passed
            && !report.trace.has_history
            && report.totals.outstanding_blocks > 0;
        if !is_held {
            return report.headline.clone();
        }
        let most = gate.limits.max_outstanding;
        let limit = most.map(|most| format!("--max-outstanding allows {}", bytes(most)));
        let known = gate.baseline.as_ref();
        let known = known.map(|(file, _)| format!("`{file}` knows or a rule excuses all of it"));
        let reasons: Vec<String> = limit.into_iter().chain(known).collect();
        format!(
            "{} in {} outstanding, and {}",
            bytes(report.totals.outstanding_bytes),
            counted(report.totals.outstanding_blocks, "block"),
            reasons.join(", and ")
        )
    }

    /// What a baseline is to know: the leaks that no rule excuses; what else left blocks, for a leak that is not seen as
    /// one today is not new tomorrow; and what is full, for it looks like a leak in a shorter run.
    pub fn to_note(&self) -> impl Iterator<Item = (&Report, &CallSite)> {
        /// Fewer are left by chance.
        const LEAST_BLOCKS: u64 = 8;
        /// Fewer are seldom called a leak.
        const LEAST_FULL: u64 = 3;
        let report = self.report;
        let sites = report.call_sites.iter().zip(&self.standings);
        let noted = sites.filter(|(site, standing)| match standing {
            Standing::Leak | Standing::Known(_) => true,
            Standing::Fine
                if site.outstanding_blocks >= LEAST_FULL && Level::full(report, site).is_some() =>
            {
                true
            }
            Standing::Unknown | Standing::Fine => site.left.as_ref().is_some_and(|left| {
                // Where blocks come and go, those that live at the end may be in use: only a level can be compared.
                let is_level = **standing == Standing::Unknown && !left.floor_bytes.is_empty();
                left.blocks >= LEAST_BLOCKS && (site.frees == 0 || is_level)
            }),
            Standing::Suppressed(_) => false,
        });
        noted.map(move |(site, _)| (report, site))
    }

    /// How many known leaks have names, where nothing here has any, so that whether they show cannot be told.
    pub fn hidden(&self, gate: &Gate) -> usize {
        let known = gate.baseline.iter().flat_map(|(_, known)| &known.sites);
        let leaks = known.filter(|known| !known.may_leak);
        leaks.filter(|known| !known.can_show(self.report)).count()
    }

    /// Whether the recording tells of no place at which memory was allocated.
    pub fn is_without_stacks(&self) -> bool {
        let mut problems = self.report.problems.iter();
        problems.any(|problem| problem.code == "no-call-stacks")
    }

    /// How many call sites may leak or not, of which nothing is claimed.
    pub fn unknown(&self) -> usize {
        let standings = self.standings.iter();
        standings
            .filter(|standing| **standing == Standing::Unknown)
            .count()
    }
}
