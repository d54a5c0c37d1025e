//! The headline of a comparison, and what to know of it besides.

use leakscope_report::identity::is_by_address;
use leakscope_report::units::{counted, duration_of_seconds};
use leakscope_report::{Report, unrecorded};

use super::basis::Basis;
use super::evidence::{Per, State};
use super::site::Site;
use super::statistics::{LEVEL, least_p_of_ranks};
use super::status::Status;
use super::words::amount_of;
use crate::doubt::Doubt;
use crate::{data, doubtful, filter, program};

/// What to do about sides that lack different blocks.
const ONE_FILTER: &str = "record both sides with the same filter, or with none";

/// How many call sites there are of each status: "1 new leak, 2 worse; 14 the same".
pub(super) fn headline(sites: &[Site]) -> String {
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

pub(super) fn notes(
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
    if let Some(part) = part_of_all(before, after) {
        notes.push(format!(
            "both sides are reports on a part of their recordings: {part}"
        ));
    }
    let all = || before.iter().chain(after);
    if filter::is_common(all().copied())
        && let Some(what) = all().next().and_then(|report| unrecorded(report))
    {
        notes.push(format!(
            "both sides lack what the device was told to leave out, and are compared by the rest: {what}"
        ));
    }
    for (name, side) in [("before", before), ("after", after)] {
        let boots = side.iter().map(|report| report.sessions.len());
        let boots = boots.filter(|&sessions| sessions > 1).max();
        if let Some(boots) = boots.filter(|_| basis == Basis::Growth) {
            notes.push(format!(
                "{name}, a recording has {boots} sessions: what was outstanding when each ended is added up"
            ));
        }
        let open = of_inputs(side, |report| {
            let mut open = program::open_questions(report);
            open.extend(doubtful::doubt(report));
            open
        });
        notes.extend(
            open.iter()
                .map(|question| format!("{name}, {}", question.message)),
        );
    }
    let is_unnamed = |report: &&&Report| !report.trace.has_symbols;
    if all().any(|report| is_unnamed(&report) && !report.call_sites.is_empty())
        && sites.iter().any(|site| is_by_address(&site.identity))
    {
        notes.push(if are_of_several_builds(all()) {
            "these are two builds, and call sites without names of functions have other addresses in each, so that nothing can be \
             told of them: name the ELF files with --before-elf and --elf (of reports saved as JSON: when they are saved)"
                .to_owned()
        } else {
            "call sites without names of functions are recognised by their addresses, which is right for one build only"
                .to_owned()
        });
    }
    notes
}

/// Whether the programs of two recordings have told different checksums; some tell more digits than others.
pub(super) fn are_of_several_builds<'r>(reports: impl Iterator<Item = &'r &'r Report>) -> bool {
    let mut told = reports.filter_map(|report| report.trace.elf_sha256.as_deref());
    let first = told.next();
    let is_same = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
    first.is_some_and(|first| told.any(|other| !is_same(first, other)))
}

/// What speaks against comparing each side, with its recording's inputs.
pub(super) fn doubts(sides: [&[&Report]; 2], basis: Basis) -> [Vec<Doubt>; 2] {
    let has_one_part = part_of_all(sides[0], sides[1]).is_some();
    let has_one_filter = filter::is_common(sides[0].iter().chain(sides[1]).copied());
    // Of what is outstanding at the end, the last boot tells all.
    let is_whole = |report: &Report| {
        basis == Basis::Outstanding && report.part.as_deref().is_some_and(is_rest)
    };
    sides.map(|reports| {
        let mut doubts = of_inputs(reports, program::doubts);
        doubts.extend(of_inputs(reports, data::doubts));
        let part =
            |report: &Report| data::part(report).filter(|_| !has_one_part && !is_whole(report));
        doubts.extend(of_inputs(reports, |report| Vec::from_iter(part(report))));
        if !has_one_filter {
            let filtered = |report: &Report| filter::doubt(report, ONE_FILTER);
            doubts.extend(of_inputs(reports, |report| {
                Vec::from_iter(filtered(report))
            }));
        }
        if basis == Basis::Outstanding {
            doubts.extend(of_inputs(reports, several_boots));
        }
        doubts
    })
}

/// The part that was asked for, if it is the same of all reports.
fn part_of_all<'r>(before: &[&'r Report], after: &[&'r Report]) -> Option<&'r str> {
    let mut parts = before
        .iter()
        .chain(after)
        .map(|report| report.part.as_deref());
    let first = parts.next()??;
    parts.all(|part| part == Some(first)).then_some(first)
}

/// Whether a part is all from a moment on. Names of tasks and expressions stand between marks.
fn is_rest(part: &str) -> bool {
    part.starts_with("only from ") && !part.contains('`') && !part.contains("up to ")
}

/// Of a target that was reset, what all of its boots left behind is one sum.
fn several_boots(report: &Report) -> Vec<Doubt> {
    let resets = (report.trace.has_history)
        .then(|| report.sessions.iter().filter(|session| session.after_reset));
    let Some(last) = resets.and_then(Iterator::last) else {
        return Vec::new();
    };
    let since = last.start_s.map_or_else(String::new, |start| {
        format!(", which began at {}", duration_of_seconds(start))
    });
    let message = format!(
        "the target was reset, and what each boot left is added up: a report on the last one alone (`--from`){since}, can be compared"
    );
    vec![Doubt::new(
        message,
        "compare a report on the last boot alone",
    )]
}

/// Doubts of reports, each with the inputs it is about.
fn of_inputs(reports: &[&Report], doubts: impl Fn(&Report) -> Vec<Doubt>) -> Vec<Doubt> {
    let of = |report: &&Report| {
        let inputs = report.trace.inputs.join(" ");
        let doubts = doubts(report).into_iter();
        doubts.map(move |doubt| Doubt {
            message: format!("`{inputs}`: {}", doubt.message),
            ..doubt
        })
    };
    reports.iter().flat_map(of).collect()
}
