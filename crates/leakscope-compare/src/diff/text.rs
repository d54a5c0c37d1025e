//! For people: what is different, on a screen.

use std::borrow::Cow;
use std::fmt::{self, Write};

use leakscope_report::units::{bytes, count, counted, duration_of_seconds, rate_per_second};
use leakscope_report::{NamedFrame, sanitise};

use super::basis::Basis;
use super::comparison::Method;
use super::document::Diff;
use super::evidence::{Per, State};
use super::matching::Match;
use super::side::Side;
use super::site::{OfSide, Site};
use super::status::Status;
use super::words::{amount_of, p_in_words};

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    /// Call sites shown.
    pub top: usize,
    /// Show all call sites, those too at which nothing is different, and whole stacks.
    pub all: bool,
    /// Columns of the screen.
    pub width: usize,
}

/// Functions of a call stack that are shown beside the innermost.
const CALLERS: usize = 3;

/// The answer, both sides, and a paragraph for each call site at which something is different.
pub fn text(diff: &Diff, options: &TextOptions) -> String {
    let mut text = String::new();
    // To a string, nothing fails.
    let _ = write(&mut text, diff, options);
    text
}

fn write(text: &mut String, diff: &Diff, options: &TextOptions) -> fmt::Result {
    let mut headline = diff.headline.clone();
    if let Some(first) = headline.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    writeln!(text, "{headline}.\n")?;
    sides(text, diff)?;
    writeln!(text)?;
    for doubt in diff.doubts() {
        wrapped(text, "- ", &doubt, options.width)?;
    }
    for note in &diff.notes {
        wrapped(text, "- ", note, options.width)?;
    }
    let is_shown = |site: &&Site| options.all || site.status != Status::Same;
    let shown: Vec<&Site> = diff.sites.iter().filter(is_shown).collect();
    let most = if options.all { usize::MAX } else { options.top };
    for site in shown.iter().take(most) {
        writeln!(text)?;
        paragraph(text, diff, site, options)?;
    }
    if shown.len() > most {
        let more = counted((shown.len() - most) as u64, "call site");
        writeln!(text, "\n… and {more} more: --top or --all shows them")?;
    }
    Ok(())
}

fn sides(text: &mut String, diff: &Diff) -> fmt::Result {
    let mut rows = vec![("", "before".to_owned(), "after".to_owned())];
    let mut row = |name, of: &dyn Fn(&Side) -> String| {
        rows.push((name, of(&diff.before), of(&diff.after)));
    };
    row("read", &names);
    if diff.before.length_s.or(diff.after.length_s).is_some() {
        row("length", &|side| {
            side.length_s
                .map_or_else(|| "unknown".to_owned(), duration_of_seconds)
        });
    }
    if diff.before.cycles + diff.after.cycles > 0 {
        row("cycles", &|side| count(side.cycles));
    }
    if let Some(per) = diff.per {
        row("leaks grow by", &|side| {
            side.growth_bytes
                .map_or_else(String::new, |growth| rate(growth, per))
        });
    }
    row("outstanding", &|side| {
        let blocks = counted(side.outstanding_blocks.round() as u64, "block");
        format!(
            "{} in {blocks}",
            bytes(side.outstanding_bytes.round() as u64)
        )
    });
    if diff.basis == Basis::Growth {
        row("peak", &|side| bytes(side.peak_bytes));
    }
    row("allocations", &|side| count(side.allocations));
    let width = rows
        .iter()
        .map(|(_, before, _)| before.chars().count())
        .max();
    for (name, before, after) in rows {
        let line = format!(
            "  {name:<14} {before:<width$}   {after}",
            width = width.unwrap_or(0)
        );
        writeln!(text, "{}", line.trim_end())?;
    }
    Ok(())
}

fn names(side: &Side) -> String {
    let names: Vec<_> = side
        .recordings
        .iter()
        .flatten()
        .map(|name| sanitise(name))
        .collect();
    match names.as_slice() {
        [first, _, .., last] if names.len() > 3 => {
            format!("{first} … {last} ({} recordings)", side.recordings.len())
        }
        names => names.join(" "),
    }
}

fn paragraph(text: &mut String, diff: &Diff, site: &Site, options: &TextOptions) -> fmt::Result {
    let status = site.status.name().to_uppercase();
    let function = clipped(&function(site), options.width.saturating_sub(13));
    writeln!(text, "{status:<12} {function}")?;
    let (before, after) = (
        amount(&site.before, diff.per),
        amount(&site.after, diff.per),
    );
    let ratio = ratio(site).map_or_else(String::new, |ratio| format!("   {ratio}"));
    writeln!(text, "    {before} → {after}{ratio}")?;
    if let (Basis::Growth, Some(per)) = (diff.basis, diff.per) {
        let of = [&site.before, &site.after].map(|side| evidence(side, per));
        wrapped(
            text,
            "    ",
            &format!("{} → {}{}", of[0], of[1], chance(site)),
            options.width,
        )?;
    }
    if let Some(note) = site.note {
        wrapped(text, "    ", note, options.width)?;
    }
    match site.matched {
        Match::Site => writeln!(
            text,
            "    recognised by its innermost functions: the stacks differ"
        )?,
        Match::Moved => writeln!(
            text,
            "    recognised by function and size: it is called from elsewhere"
        )?,
        Match::Stack | Match::Unmatched => {}
    }
    let frames = &site.frames[site.frames.len().min(1)..];
    let most = if options.all { usize::MAX } else { CALLERS };
    for frame in frames.iter().take(most) {
        let room = if options.all {
            usize::MAX
        } else {
            options.width.saturating_sub(6)
        };
        writeln!(text, "      {}", clipped(&name(frame), room))?;
    }
    if frames.len() > most {
        writeln!(text, "      … {} more", frames.len() - most)?;
    }
    Ok(())
}

/// A frame's function, or its address.
pub(super) fn name(frame: &NamedFrame) -> String {
    let function = frame.function.as_deref().map(sanitise);
    function.map_or_else(|| frame.address.to_string(), Cow::into_owned)
}

/// The innermost function and where it is.
pub(super) fn function(site: &Site) -> String {
    let Some(frame) = site.frames.first() else {
        return "no call stack".to_owned();
    };
    let name = name(frame);
    match (&frame.file, frame.line) {
        (Some(file), Some(line)) => {
            let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
            format!("{name}   {}:{line}", sanitise(file))
        }
        _ => name,
    }
}

/// Growth, or what was outstanding.
pub(super) fn amount(side: &OfSide, per: Option<Per>) -> String {
    match (side.growth_bytes.zip(per), side.state) {
        (Some(_), State::Absent) => "not there".to_owned(),
        (Some(_), State::Fine) => "no leak".to_owned(),
        (Some(_), State::Unclassified) => "unclassified".to_owned(),
        (Some(_), State::Uncertain) => "uncertain".to_owned(),
        (Some((growth, per)), State::Leak) => rate(growth, per),
        (None, _) => {
            let moments = side.outstanding_bytes.iter().zip(&side.outstanding_blocks);
            let moments = moments
                .map(|(&size, &blocks)| format!("{} in {}", bytes(size), counted(blocks, "block")));
            moments.collect::<Vec<_>>().join(" → ")
        }
    }
}

pub(super) fn rate(growth: f64, per: Per) -> String {
    match per {
        Per::Second => rate_per_second(growth),
        _ => format!("{} B/{}", amount_of(growth), per.name()),
    }
}

/// What growth after is in terms of growth before, with its interval.
pub(super) fn ratio(site: &Site) -> Option<String> {
    let low = site.ratio_low.filter(|&low| low > 0.0).map(amount_of);
    let high = site.ratio_high.map(amount_of);
    let text = match (low, high) {
        (Some(low), Some(high)) if low == high => format!("{low} times as fast"),
        (Some(low), Some(high)) => format!("{low} to {high} times as fast"),
        (Some(low), None) => format!("at least {low} times as fast"),
        (None, Some(high)) => format!("at most {high} times as fast"),
        (None, None) => return None,
    };
    Some(text)
}

/// What was counted: "42 blocks left in 95 s", or "1,728 B left in 36 cycles".
fn evidence(side: &OfSide, per: Per) -> String {
    let exposure = side.exposure.unwrap_or(0.0);
    let watched = match per {
        Per::Second => duration_of_seconds(exposure),
        _ => counted(exposure as u64, per.name()),
    };
    let left = match side.left_blocks {
        Some(blocks) => counted(blocks.round() as u64, "block"),
        None => bytes(side.left_bytes.unwrap_or(0.0).round() as u64),
    };
    let mut text = format!("{left} left in {watched}");
    if let Some(most) = side.at_most_blocks {
        let (most, unit) = match per {
            Per::Second => (most * 3600.0, "hour"),
            _ => (most, per.name()),
        };
        // To a string, nothing fails.
        let _ = write!(text, " (fewer than {} per {unit})", amount_of(most));
    }
    text
}

/// How likely chance is as an explanation, and by which test.
fn chance(site: &Site) -> String {
    let (Some(p), Some(method)) = (site.p, site.method) else {
        return String::new();
    };
    let test = match method {
        Method::Counts => "blocks",
        Method::Cycles => "bytes of each cycle",
        Method::Runs => "recordings",
        Method::Levels => "the rise from window to window",
    };
    format!("; {} by {test}", p_in_words(p))
}

/// As much of a text as there is room for.
fn clipped(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars()
        .take(room.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// A sentence on lines of at most `width` columns, with `start` before the first and blanks before others.
fn wrapped(text: &mut String, start: &str, sentence: &str, width: usize) -> fmt::Result {
    let mut line = start.to_owned();
    let mut is_empty = true;
    for word in sentence.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            writeln!(text, "{line}")?;
            line = " ".repeat(start.len());
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(text, "{line}")
}
