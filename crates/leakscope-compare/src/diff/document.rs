//! What is different, as data: one document, which text, JSON and page are made from.

use leakscope_report::document::call_site::CallSite;
use leakscope_report::units::counted;
use leakscope_report::{Conclusion, NamedFrame, Report};
use serde::Serialize;

use super::comparison::{Method, compare};
use super::evidence::{Evidence, Per, State};
use super::matching::{Match, Pair, pairs};
use super::statistics::{LEVEL, discoveries, least_p_of_ranks};
use super::status::Status;
use super::text::amount_of;
use crate::gate::Doubt;
use crate::program;

/// What is different between both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "schema", rename = "leakscope.diff")]
pub struct Diff {
    /// Of the schema: [`Diff::VERSION`].
    pub version: u32,
    /// The answer in a sentence, without a full stop.
    pub headline: String,
    /// What was compared.
    pub basis: Basis,
    /// Growth is so many bytes for each of these; `None` if what was outstanding is compared.
    pub per: Option<Per>,
    /// What to know of the comparison, a sentence each, without full stops.
    pub notes: Vec<String>,
    /// The recordings before.
    pub before: Side,
    /// Those after.
    pub after: Side,
    /// Every call site of both sides: by status, the worst first, and by what is different.
    pub sites: Vec<Site>,
}

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// How fast call sites grow.
    Growth,
    /// What was outstanding when each recording ended: a side has no history.
    Outstanding,
    /// What was outstanding at successive moments of one recording.
    Moments,
}

/// Recordings of one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// The inputs of each, as they were named.
    pub recordings: Vec<Vec<String>>,
    /// How long all of them were, in seconds.
    pub length_s: Option<f64>,
    /// Their cycles, after the first two of each.
    pub cycles: u64,
    /// What speaks against the program whose functions are named, with the inputs, a sentence each, without full stops:
    /// then nothing is compared.
    pub doubts: Vec<String>,
    /// What the worst of them says of leaks.
    pub conclusion: Conclusion,
    /// Growth of all leaks together, in bytes per unit.
    pub growth_bytes: Option<f64>,
    /// Blocks that were outstanding, on average.
    pub outstanding_blocks: f64,
    /// Their bytes.
    pub outstanding_bytes: f64,
    /// The most bytes that lived at once in any of them.
    pub peak_bytes: u64,
    /// Blocks allocated, in all of them.
    pub allocations: u64,
}

/// A call site, on both sides or on one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Site {
    /// What became of it.
    pub status: Status,
    /// How it was recognised.
    #[serde(rename = "match")]
    pub matched: Match,
    /// Its identity: after, or else before.
    pub identity: String,
    /// Its call stack there, the innermost frame first.
    pub frames: Vec<NamedFrame>,
    /// Before the change.
    pub before: OfSide,
    /// After it.
    pub after: OfSide,
    /// How much more it is after: growth in bytes per unit, or bytes outstanding.
    pub difference_bytes: f64,
    /// What growth was compared by; `None` if nothing was tested.
    pub method: Option<Method>,
    /// The probability that chance explains the difference.
    pub p: Option<f64>,
    /// The level at which it would be a discovery among all that was tested.
    pub level: Option<f64>,
    /// Growth after is at least so many times what it was …
    pub ratio_low: Option<f64>,
    /// … and at most so many times, in 95 of 100 cases; `None` if there is no bound.
    pub ratio_high: Option<f64>,
}

/// A call site on one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfSide {
    /// What the recordings say of it.
    pub state: State,
    /// The verdicts, each once.
    pub verdicts: Vec<String>,
    /// How much it was watched, in the unit of comparison.
    pub exposure: Option<f64>,
    /// Blocks that it left behind in that.
    pub left_blocks: Option<f64>,
    /// Their bytes.
    pub left_bytes: Option<f64>,
    /// Growth in bytes per unit; 0 of what does not leak.
    pub growth_bytes: Option<f64>,
    /// The most blocks that it left per unit, in 95 of 100 cases, where it left none: the rule of three.
    pub at_most_blocks: Option<f64>,
    /// Bytes outstanding at the end of each recording, or at each moment.
    pub outstanding_bytes: Vec<u64>,
    /// Blocks outstanding.
    pub outstanding_blocks: Vec<u64>,
    /// The most bytes that lived at once in any recording.
    pub peak_bytes: u64,
    /// Blocks allocated, in all of them.
    pub allocations: u64,
}

impl Diff {
    /// The version of the schema. It changes when a field is removed or changes its meaning.
    pub const VERSION: u32 = 1;

    /// Compares recordings. Without a wish, growth is measured by cycles if all have them, or else by seconds.
    pub fn of(before: &[Report], after: &[Report], wish: Option<Per>) -> Self {
        let all = || before.iter().chain(after);
        let has_growth = all().all(|report| {
            let is_measured = |site: &CallSite| site.left.is_some();
            report.trace.has_history
                && (report.call_sites.is_empty() || report.call_sites.iter().any(is_measured))
        });
        if !has_growth {
            return Self::on(Basis::Outstanding, None, before, after);
        }
        let usual = if all().all(|report| report.totals.cycles > 0) {
            Per::Cycle
        } else if all().all(|report| report.trace.length_s.is_some()) {
            Per::Second
        } else {
            Per::Allocation
        };
        Self::on(Basis::Growth, Some(wish.unwrap_or(usual)), before, after)
    }

    /// Compares moments of one recording, in order of time.
    pub fn of_moments(moments: &[Report]) -> Self {
        let (before, after) = moments.split_at(moments.len().min(1));
        Self::on(Basis::Moments, None, before, after)
    }

    fn on(basis: Basis, per: Option<Per>, before: &[Report], after: &[Report]) -> Self {
        let (old, new): (Vec<_>, Vec<_>) = (before.iter().collect(), after.iter().collect());
        let mut sites: Vec<Site> = Vec::new();
        for pair in pairs(&old, &new) {
            let evidence = (
                Evidence::of(&pair.before, &old, per),
                Evidence::of(&pair.after, &new, per),
            );
            sites.push(Site::of(&pair, &evidence, basis, per));
        }
        judge(&mut sites);
        sites.retain(|site| {
            basis == Basis::Growth || site.status != Status::Same || site.is_there()
        });
        let doubts = [doubts(&old), doubts(&new)];
        if doubts.iter().any(|of_side| !of_side.is_empty()) {
            // A call site that has another's name is compared with another.
            for site in &mut sites {
                site.status = Status::CannotTell;
                (site.method, site.p, site.level) = (None, None, None);
                (site.ratio_low, site.ratio_high) = (None, None);
            }
        }
        sites.sort_by(|one, other| {
            let weight = |site: &Site| -site.difference_bytes.abs();
            let rank = |site: &Site| (site.status, !site.leaks());
            (rank(one).cmp(&rank(other)))
                .then(weight(one).total_cmp(&weight(other)))
                .then_with(|| one.identity.cmp(&other.identity))
        });
        let growth = |side: fn(&Site) -> &OfSide| {
            let rates = sites.iter().filter_map(|site| side(site).growth_bytes);
            per.map(|_| rates.fold(0.0, |sum, rate| sum + rate))
        };
        let (growth_before, growth_after) =
            (growth(|site| &site.before), growth(|site| &site.after));
        let [doubts_before, doubts_after] = doubts;
        Self {
            version: Self::VERSION,
            headline: headline(&sites),
            notes: notes(basis, per, (&old, &new), &sites),
            basis,
            per,
            before: Side::of(&old, growth_before, doubts_before),
            after: match basis {
                Basis::Moments => {
                    let last = new.len().saturating_sub(1);
                    Side::of(&new[last..], growth_after, doubts_after)
                }
                _ => Side::of(&new, growth_after, doubts_after),
            },
            sites,
        }
    }

    /// Call sites of a status.
    pub fn with(&self, status: Status) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(move |site| site.status == status)
    }

    /// Whether another program's functions may be named on a side, so that nothing is compared.
    pub fn is_of_another_program(&self) -> bool {
        !self.before.doubts.is_empty() || !self.after.doubts.is_empty()
    }

    /// For people: what speaks against the programs of both sides, and what follows.
    pub(super) fn doubts(&self) -> Vec<String> {
        let of = |name, side: &Side| -> Vec<String> {
            let doubts = side.doubts.iter();
            doubts.map(|doubt| format!("{name}, {doubt}")).collect()
        };
        let mut doubts = of("before", &self.before);
        doubts.extend(of("after", &self.after));
        if self.is_of_another_program() {
            doubts.push(
                "nothing is compared by the names of another program: give the ELF file of the very build that ran"
                    .to_owned(),
            );
        }
        doubts
    }

    /// Whether something may be worse that cannot be told: the program is doubtful, a side is uncertain as a whole, or a call site that leaks after
    /// the change, or may leak.
    pub fn is_uncertain(&self) -> bool {
        let is_open = |side: &Side| {
            self.basis == Basis::Growth
                && matches!(
                    side.conclusion,
                    Conclusion::Uncertain | Conclusion::NothingKnown
                )
        };
        let is_suspect = |site: &Site| matches!(site.after.state, State::Leak | State::Uncertain);
        let mut unclear = self.with(Status::CannotTell);
        self.is_of_another_program()
            || is_open(&self.before)
            || is_open(&self.after)
            || unclear.any(|site| is_suspect(site) || self.basis != Basis::Growth)
    }
}

impl Site {
    /// Not yet judged by what all tests say together: `level` is that of the test alone.
    fn of(
        pair: &Pair<'_>,
        (before, after): &(Evidence, Evidence),
        basis: Basis,
        per: Option<Per>,
    ) -> Self {
        let of_runs = |runs: &[Vec<&'_ CallSite>]| -> Vec<String> {
            let verdicts = runs.iter().flatten().map(|site| site.verdict.to_string());
            let mut verdicts: Vec<String> = verdicts.collect();
            verdicts.sort();
            verdicts.dedup();
            verdicts
        };
        let shown = pair.after.iter().chain(&pair.before).flatten().next();
        let leaks = before.state == State::Leak || after.state == State::Leak;
        let tested = per
            .filter(|_| leaks)
            .and_then(|per| compare(before, after, per));
        let ratio = tested.map(|(_, tested)| tested.ratio);
        let side = |evidence: &Evidence, runs| OfSide::of(evidence, of_runs(runs), per);
        let (before, after) = (side(before, &pair.before), side(after, &pair.after));
        let status = match basis {
            Basis::Growth => Status::Same,
            Basis::Outstanding => {
                Status::of_outstanding(&before.outstanding_bytes, &after.outstanding_bytes)
            }
            Basis::Moments => {
                let moments = [&*before.outstanding_bytes, &after.outstanding_bytes];
                Status::of_moments(&moments.concat())
            }
        };
        let difference_bytes = match (before.growth_bytes, after.growth_bytes) {
            (Some(before), Some(after)) => after - before,
            _ => {
                let last = |side: &OfSide| {
                    side.outstanding_bytes
                        .last()
                        .map_or(0.0, |&last| last as f64)
                };
                last(&after) - last(&before)
            }
        };
        Self {
            status,
            matched: pair.matched,
            identity: shown.map_or_else(String::new, |site| site.identity.stack.clone()),
            frames: shown.map_or_else(Vec::new, |site| site.frames.clone()),
            difference_bytes,
            method: tested.map(|(method, _)| method),
            p: tested.map(|(_, tested)| tested.p),
            level: None,
            ratio_low: ratio.map(|(low, _)| low).filter(|low| low.is_finite()),
            ratio_high: ratio.map(|(_, high)| high).filter(|high| high.is_finite()),
            before,
            after,
        }
    }

    /// Whether it leaks on a side.
    pub fn leaks(&self) -> bool {
        self.before.state == State::Leak || self.after.state == State::Leak
    }

    /// Whether anything of it was outstanding.
    fn is_there(&self) -> bool {
        let sides = [&self.before, &self.after];
        let mut blocks = sides.iter().flat_map(|side| &side.outstanding_blocks);
        blocks.any(|&blocks| blocks > 0)
    }
}

/// What was tested is judged together: of many tests, some say by chance that there is a difference.
fn judge(sites: &mut [Site]) {
    let tested: Vec<f64> = sites.iter().filter_map(|site| site.p).collect();
    let mut levels = discoveries(&tested).into_iter();
    for site in sites {
        site.level = site.p.and_then(|_| levels.next());
        if site.before.growth_bytes.is_some() {
            let (before, after) = (site.before.state, site.after.state);
            site.status = Status::of_growth(before, after, site.level, site.difference_bytes > 0.0);
        }
    }
}

impl OfSide {
    fn of(evidence: &Evidence, verdicts: Vec<String>, per: Option<Per>) -> Self {
        let runs = evidence.runs.iter();
        let exposure = per.map(|_| evidence.sum(|run| run.exposure));
        let left_blocks = per.map(|_| evidence.sum(|run| run.blocks));
        Self {
            state: evidence.state,
            verdicts,
            exposure,
            left_blocks,
            left_bytes: per.map(|_| evidence.sum(|run| run.bytes)),
            growth_bytes: per.map(|_| match evidence.state {
                State::Leak => evidence.rate(),
                _ => 0.0,
            }),
            at_most_blocks: (exposure.zip(left_blocks))
                .filter(|&(exposure, blocks)| blocks == 0.0 && exposure > 0.0)
                .map(|(exposure, _)| -LEVEL.ln() / exposure),
            outstanding_bytes: runs.clone().map(|run| run.outstanding_bytes).collect(),
            outstanding_blocks: runs.clone().map(|run| run.outstanding_blocks).collect(),
            peak_bytes: runs.clone().map(|run| run.peak_bytes).max().unwrap_or(0),
            allocations: runs.map(|run| run.allocations).sum(),
        }
    }
}

impl Side {
    fn of(reports: &[&Report], growth_bytes: Option<f64>, doubts: Vec<String>) -> Self {
        let runs = reports.len().max(1) as f64;
        let sum = |of: fn(&Report) -> u64| reports.iter().map(|report| of(report)).sum::<u64>();
        let lengths = reports.iter().map(|report| report.trace.length_s);
        let uncertainty = |report: &&Report| match report.conclusion {
            Conclusion::NoLeakSeen => 0,
            Conclusion::Leak => 1,
            Conclusion::Uncertain => 2,
            Conclusion::NothingKnown => 3,
        };
        let worst = reports.iter().copied().max_by_key(uncertainty);
        Self {
            recordings: (reports.iter())
                .map(|report| report.trace.inputs.clone())
                .collect(),
            length_s: lengths.sum(),
            cycles: sum(|report| report.totals.cycles),
            doubts,
            conclusion: worst.map_or(Conclusion::NothingKnown, |report| report.conclusion),
            growth_bytes,
            outstanding_blocks: sum(|report| report.totals.outstanding_blocks) as f64 / runs,
            outstanding_bytes: sum(|report| report.totals.outstanding_bytes) as f64 / runs,
            peak_bytes: (reports.iter())
                .map(|report| report.totals.peak_bytes)
                .max()
                .unwrap_or(0),
            allocations: sum(|report| report.totals.allocations),
        }
    }
}

/// What speaks against the programs of a side, each with its recording's inputs.
fn doubts(reports: &[&Report]) -> Vec<String> {
    of_inputs(reports, program::doubts)
}

/// Doubts of reports, each with the inputs it is about.
fn of_inputs(reports: &[&Report], doubts: impl Fn(&Report) -> Vec<Doubt>) -> Vec<String> {
    let of = |report: &&Report| {
        let inputs = report.trace.inputs.join(" ");
        let doubts = doubts(report).into_iter();
        doubts.map(move |doubt| format!("`{inputs}`: {}", doubt.message))
    };
    reports.iter().flat_map(of).collect()
}

/// How many call sites there are of each status: "1 new leak, 2 worse; 14 the same".
fn headline(sites: &[Site]) -> String {
    let number = |status| sites.iter().filter(|site| site.status == status).count();
    let counts: Vec<String> = (Status::ALL.into_iter())
        .filter(|&status| status != Status::Same && number(status) > 0)
        .map(|status| match number(status) {
            several @ 2.. if status == Status::NewLeak => format!("{several} new leaks"),
            number => format!("{number} {}", status.name()),
        })
        .collect();
    let same = number(Status::Same);
    match counts.as_slice() {
        [] if same == 0 => "there is no call site on either side".to_owned(),
        [] => format!(
            "no difference was found at {}",
            counted(same as u64, "call site")
        ),
        some if same == 0 => some.join(", "),
        some => format!("{}; {same} the same", some.join(", ")),
    }
}

fn notes(
    basis: Basis,
    per: Option<Per>,
    (before, after): (&[&Report], &[&Report]),
    sites: &[Site],
) -> Vec<String> {
    let mut notes = Vec::new();
    match (basis, per) {
        (Basis::Growth, Some(per)) => {
            notes.push(format!("growth is compared per {}", per.name()));
            let known = sites.iter().filter(|site| {
                site.before.state == State::Leak && site.after.state == State::Leak
            });
            let bounds: Vec<Option<f64>> = known.map(|site| site.ratio_high).collect();
            if let Some(most) = bounds.iter().copied().collect::<Option<Vec<f64>>>()
                && let Some(most) = most.into_iter().reduce(f64::max)
            {
                notes.push(format!(
                    "known leaks grow at most {most:.2} times as fast as before, each with 95 % confidence"
                ));
            }
            let bounds = sites.iter().filter_map(|site| site.after.at_most_blocks);
            if let Some(most) = bounds.reduce(f64::max) {
                let (most, unit) = match per {
                    Per::Second => (most * 3600.0, "hour"),
                    _ => (most, per.name()),
                };
                notes.push(format!(
                    "that a call site left nothing after means that it leaves fewer than {} blocks per {unit}, with 95 % \
                     confidence",
                    amount_of(most)
                ));
            }
            let runs = (before.len(), after.len());
            let least = least_p_of_ranks(runs.0, runs.1);
            if runs.0.max(runs.1) > 1 && least > LEVEL {
                notes.push(format!(
                    "a test of {} against {} runs never gives less than p = {least:.2}: what all of them left is added \
                     instead, and counts for less where runs differ; 4 against 4 runs can be tested",
                    runs.0, runs.1
                ));
            }
        }
        (Basis::Moments, _) => notes.push(
            "what was outstanding at each moment is compared; more is no leak yet: it is worse only if it is more each \
             time"
                .to_owned(),
        ),
        _ => notes.push(
            "what was outstanding is compared, because a side has no history; more is no leak yet".to_owned(),
        ),
    }
    let all = || before.iter().chain(after);
    for (name, side) in [("before", before), ("after", after)] {
        let open = of_inputs(side, program::open_questions);
        notes.extend(open.iter().map(|question| format!("{name}, {question}")));
    }
    let is_unnamed = |report: &&&Report| !report.trace.has_symbols;
    let elf = |report: &&Report| report.trace.elf_sha256.clone();
    let first = all().next().and_then(elf);
    if all().any(|report| is_unnamed(&report) && !report.call_sites.is_empty())
        && sites.iter().any(|site| site.identity.starts_with("addr:"))
    {
        notes.push(if all().all(|report| elf(report) == first) {
            "call sites without names of functions are recognised by their addresses, which is right for one build only"
                .to_owned()
        } else {
            "these are two builds, and call sites without names of functions have other addresses in each: name the ELF \
             files with --before-elf and --elf"
                .to_owned()
        });
    }
    notes
}
