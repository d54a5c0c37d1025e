//! Which call site of one side is which of the other.

use std::collections::BTreeMap;

use leakscope_report::Report;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::identity::normalised;
use serde::Serialize;

/// By what a call site was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// By all functions of its stack.
    Stack,
    /// By the innermost functions, which are those of one call site alone on each side; or stacks were recorded deeper on
    /// one side, and all that share these functions were added.
    Site,
    /// By the function that allocates and the size of the blocks: nothing else on either side is left with these.
    Moved,
    /// Not at all: it is on one side only.
    Unmatched,
}

/// Call sites of one run that count as one.
pub(super) type OfRun<'r> = Vec<&'r CallSite>;

/// A call site on both sides, or on one of them. Each side has an entry a run.
#[derive(Clone, Debug)]
pub(super) struct Pair<'r> {
    pub(super) before: Vec<OfRun<'r>>,
    pub(super) after: Vec<OfRun<'r>>,
    pub(super) matched: Match,
}

/// Call sites of equal names, by run. Those that differ in their lines only are siblings.
#[derive(Clone)]
struct Siblings<'r> {
    runs: Vec<OfRun<'r>>,
}

impl<'r> Siblings<'r> {
    fn any(&self) -> Option<&'r CallSite> {
        self.runs.iter().flatten().next().copied()
    }

    /// How many there are, in the run that has most.
    fn count(&self) -> usize {
        self.runs.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The site of one number in all runs; `None` if a run has another count, so that numbers mean nothing.
    fn one_by_one(&self) -> Option<Vec<Vec<OfRun<'r>>>> {
        let count = self.count();
        let is_whole = |run: &OfRun<'_>| run.is_empty() || run.len() == count;
        self.runs.iter().all(is_whole).then(|| {
            let of_number = |number: usize| -> Vec<OfRun<'r>> {
                let runs = self.runs.iter();
                runs.map(|run| run.get(number).copied().into_iter().collect())
                    .collect()
            };
            (0..count).map(of_number).collect()
        })
    }

    fn join(&mut self, other: Self) {
        for (run, more) in self.runs.iter_mut().zip(other.runs) {
            run.extend(more);
        }
    }
}

/// An identity without the ending that tells siblings apart, and that ending's number.
fn base(identity: &str) -> (&str, u32) {
    match identity.rsplit_once('~') {
        Some((base, number)) => (base, number.parse().unwrap_or(0)),
        None => (identity, 0),
    }
}

type Side<'r> = BTreeMap<&'r str, Siblings<'r>>;

fn side<'r>(reports: &[&'r Report]) -> Side<'r> {
    let mut side: Side<'r> = BTreeMap::new();
    for (run, report) in reports.iter().enumerate() {
        for site in &report.call_sites {
            let siblings = side
                .entry(base(&site.identity.stack).0)
                .or_insert_with(|| Siblings {
                    runs: vec![Vec::new(); reports.len()],
                });
            siblings.runs[run].push(site);
        }
    }
    for run in side.values_mut().flat_map(|siblings| &mut siblings.runs) {
        run.sort_by_key(|site| base(&site.identity.stack).1);
    }
    side
}

/// Pairs the call sites of reports, in the order of their identities: those of both sides first.
pub(super) fn pairs<'r>(before: &[&'r Report], after: &[&'r Report]) -> Vec<Pair<'r>> {
    let (mut old, mut new) = (side(before), side(after));
    let by_site = by_site(&old, &new);
    let mut pairs = Vec::new();
    let of_both: Vec<&str> = (old.keys().copied())
        .filter(|stack| new.contains_key(stack))
        .collect();
    for stack in of_both {
        if let (Some(old), Some(new)) = (old.remove(stack), new.remove(stack)) {
            pair(&mut pairs, old, new, Match::Stack);
        }
    }
    for (old_stacks, new_stacks) in by_site {
        if let (Some(old), Some(new)) = (take(&mut old, &old_stacks), take(&mut new, &new_stacks)) {
            pair(&mut pairs, old, new, Match::Site);
        }
    }
    for (old_stacks, new_stacks) in moved(&old, &new) {
        if let (Some(old), Some(new)) = (take(&mut old, &old_stacks), take(&mut new, &new_stacks)) {
            pair(&mut pairs, old, new, Match::Moved);
        }
    }
    let nothing = |runs: usize| vec![Vec::new(); runs];
    let alone = |side: Side<'r>| side.into_values().flat_map(Siblings::one_by_one_or_all);
    let unmatched = |before, after| Pair {
        before,
        after,
        matched: Match::Unmatched,
    };
    pairs.extend(alone(old).map(|of_runs| unmatched(of_runs, nothing(after.len()))));
    pairs.extend(alone(new).map(|of_runs| unmatched(nothing(before.len()), of_runs)));
    pairs
}

impl<'r> Siblings<'r> {
    /// Each for itself; all as one if runs have other counts of them.
    fn one_by_one_or_all(self) -> Vec<Vec<OfRun<'r>>> {
        self.one_by_one().unwrap_or_else(|| vec![self.runs])
    }
}

/// As many siblings on both sides are paired in the order of their lines; otherwise all are added.
fn pair<'r>(pairs: &mut Vec<Pair<'r>>, old: Siblings<'r>, new: Siblings<'r>, matched: Match) {
    match (old.one_by_one(), new.one_by_one()) {
        (Some(old), Some(new)) if old.len() == new.len() => {
            let both = old.into_iter().zip(new);
            pairs.extend(both.map(|(before, after)| Pair {
                before,
                after,
                matched,
            }));
        }
        _ => pairs.push(Pair {
            before: old.runs,
            after: new.runs,
            matched,
        }),
    }
}

/// Takes stacks out of a side, as siblings.
fn take<'r>(side: &mut Side<'r>, stacks: &[&'r str]) -> Option<Siblings<'r>> {
    let mut taken = stacks.iter().filter_map(|stack| side.remove(stack));
    let mut first = taken.next()?;
    taken.for_each(|other| first.join(other));
    Some(first)
}

type Stacks<'r> = Vec<&'r str>;

/// Stacks of equal innermost functions, none of which the other side has: those that a stack recorded deeper or less
/// deep can be.
fn by_site<'r>(old: &Side<'r>, new: &Side<'r>) -> Vec<(Stacks<'r>, Stacks<'r>)> {
    let site = |site: &'r CallSite| Some(base(&site.identity.site).0);
    let (old_sites, new_sites) = (grouped(old, site), grouped(new, site));
    both(old_sites, new_sites)
        .filter(|(old_stacks, new_stacks)| {
            let is_alone = old_stacks.len() == 1 || new_stacks.len() == 1;
            is_alone && old_stacks.iter().all(|stack| !new.contains_key(stack))
        })
        .collect()
}

/// Stacks that are the only ones left with their allocating function and one size of blocks.
fn moved<'r>(old: &Side<'r>, new: &Side<'r>) -> Vec<(Stacks<'r>, Stacks<'r>)> {
    let kind = |site: &'r CallSite| {
        let function = site.frames.first()?.function.as_deref()?;
        (site.smallest_bytes == site.largest_bytes)
            .then(|| (normalised(function), site.largest_bytes))
    };
    both(grouped(old, kind), grouped(new, kind))
        .filter(|(old, new)| old.len() == 1 && new.len() == 1)
        .collect()
}

fn grouped<'r, K: Ord>(
    side: &Side<'r>,
    key: impl Fn(&'r CallSite) -> Option<K>,
) -> BTreeMap<K, Stacks<'r>> {
    let mut groups: BTreeMap<K, Stacks<'r>> = BTreeMap::new();
    for (stack, siblings) in side {
        if let Some(key) = siblings.any().and_then(&key) {
            groups.entry(key).or_default().push(stack);
        }
    }
    groups
}

fn both<'r, K: Ord>(
    old: BTreeMap<K, Stacks<'r>>,
    mut new: BTreeMap<K, Stacks<'r>>,
) -> impl Iterator<Item = (Stacks<'r>, Stacks<'r>)> {
    old.into_iter()
        .filter_map(move |(key, old)| Some((old, new.remove(&key)?)))
}
