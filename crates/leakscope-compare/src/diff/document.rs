//! What is different, as data: one document, which text, JSON and page are made from.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use leakscope_report::document::call_site::CallSite;
use leakscope_report::identity::is_by_address;
use leakscope_report::{Conclusion, Report};
use serde::Serialize;

use super::basis::Basis;
use super::evidence::{Evidence, Per, State};
use super::matching::pairs;
use super::notes::{are_of_several_builds, doubts, headline, notes};
use super::pauses::Pauses;
use super::side::Side;
use super::site::{OfSide, Site, judge};
use super::status::Status;

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

/// Whether both sides have call sites, and none in common. Names of functions are common to builds of a program: where there
/// are some, a call site or two may have been replaced.
fn are_strangers(sites: &[Site]) -> bool {
    const FEW: usize = 2;
    let is_on = |side: &OfSide| side.state != State::Absent;
    let before = sites.iter().filter(|site| is_on(&site.before)).count();
    let after = sites.iter().filter(|site| is_on(&site.after)).count();
    let has_common = sites
        .iter()
        .any(|site| is_on(&site.before) && is_on(&site.after));
    let is_named = sites.iter().any(|site| !is_by_address(&site.identity));
    let least = if is_named { FEW } else { 0 };
    !has_common && before > least && after > least
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
            return Self::on(Basis::Outstanding, None, before, after, &[]);
        }
        let usual = if all().all(|report| report.totals.cycles > 0) {
            Per::Cycle
        } else if all().all(|report| report.trace.length_s.is_some()) {
            Per::Second
        } else {
            Per::Allocation
        };
        let per = wish.unwrap_or(usual);
        Self::on(Basis::Growth, Some(per), before, after, &[])
    }

    /// Compares moments of one recording, in order of time.
    pub fn of_moments(moments: &[Report]) -> Self {
        Self::of_moments_with_pauses(moments, &[])
    }

    /// As [`Diff::of_moments`], if the recording may have paused before them. Of what is outstanding at each moment, so many
    /// bytes of a call site, by its number in the recording, lived before a pause and may have been freed in it.
    pub fn of_moments_with_pauses(moments: &[Report], unsure: &[BTreeMap<u32, u64>]) -> Self {
        let (before, after) = moments.split_at(moments.len().min(1));
        Self::on(Basis::Moments, None, before, after, unsure)
    }

    fn on(
        basis: Basis,
        per: Option<Per>,
        before: &[Report],
        after: &[Report],
        unsure: &[BTreeMap<u32, u64>],
    ) -> Self {
        let (old, new): (Vec<_>, Vec<_>) = (before.iter().collect(), after.iter().collect());
        let pauses = Pauses::new(old.iter().chain(&new), unsure);
        let mut sites: Vec<Site> = Vec::new();
        for pair in pairs(&old, &new) {
            let evidence = (
                Evidence::of(&pair.before, &old, per),
                Evidence::of(&pair.after, &new, per),
            );
            let mut site = Site::of(&pair, &evidence, basis, per);
            if !unsure.is_empty() {
                pauses.weigh(&mut site, &pair);
            }
            sites.push(site);
        }
        judge(&mut sites);
        sites.retain(|site| {
            basis == Basis::Growth || site.status != Status::Same || site.is_there()
        });
        let doubts = doubts([&old, &new], basis);
        let are_strangers = basis == Basis::Growth && are_strangers(&sites);
        let is_doubted = are_strangers || doubts.iter().any(|of_side| !of_side.is_empty());
        let are_builds = are_of_several_builds(old.iter().chain(&new));
        for site in &mut sites {
            // A call site that has another's name, or none, is compared with another; and what is missing is neither less nor gone.
            if is_doubted || are_builds && is_by_address(&site.identity) {
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
        let mut notes = notes(basis, per, (&old, &new), &sites);
        let mut headline = headline(&sites);
        if are_strangers {
            "nothing is common to both sides, and nothing can be told of a change"
                .clone_into(&mut headline);
            notes.insert(
                0,
                "no call stack is on both sides: these are two programs, or two builds whose functions have no names; \
                 --before-elf and --elf give each side its ELF file"
                    .to_owned(),
            );
        }
        Self {
            version: Self::VERSION,
            headline,
            notes,
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

    /// What to do about all that speaks against a side, so that nothing is compared; each once.
    pub fn hints(&self) -> Vec<&str> {
        let mut hints: Vec<&str> = Vec::new();
        for doubt in self.before.doubts.iter().chain(&self.after.doubts) {
            if !hints.contains(&&*doubt.hint) {
                hints.push(&doubt.hint);
            }
        }
        hints
    }

    /// Why nothing is told of call sites; each once.
    pub fn reasons(&self) -> Vec<&str> {
        let mut reasons: Vec<&str> = Vec::new();
        for note in self.with(Status::CannotTell).filter_map(|site| site.note) {
            if !reasons.contains(&note) {
                reasons.push(note);
            }
        }
        reasons
    }

    /// For people: what speaks against both sides, and what follows.
    pub(super) fn doubts(&self) -> Vec<String> {
        let of = |name, side: &Side| -> Vec<String> {
            let doubts = side.doubts.iter();
            let said = doubts.map(|doubt| format!("{name}, {}", doubt.message));
            said.collect()
        };
        let mut doubts = of("before", &self.before);
        doubts.extend(of("after", &self.after));
        let hints = self.hints().into_iter();
        doubts.extend(hints.map(|hint| format!("nothing is compared: {hint}")));
        doubts
    }

    /// Whether something may be worse that cannot be told: the program or the data are doubtful, a side is uncertain as a whole,
    /// or a call site that leaks after the change, or may leak. One that leaks after and was unclassified before may be a new leak.
    pub fn is_uncertain(&self) -> bool {
        let is_open = |side: &Side| {
            self.basis == Basis::Growth
                && matches!(
                    side.conclusion,
                    Conclusion::Uncertain | Conclusion::NothingKnown
                )
        };
        let is_suspect = |site: &Site| {
            matches!(site.after.state, State::Leak | State::Uncertain)
                || site.change() == Some(Ordering::Greater)
        };
        let mut unclear = self.with(Status::CannotTell);
        let mut worse = self.with(Status::Worse);
        // Of dumps, what was there and is more is no news of what leaks.
        let has_open_leak =
            |site: &Site| self.basis == Basis::Growth && site.before.state == State::Unclassified;
        !self.hints().is_empty()
            || is_open(&self.before)
            || is_open(&self.after)
            || unclear.any(|site| is_suspect(site) || self.basis != Basis::Growth)
            || worse.any(has_open_leak)
    }
}
