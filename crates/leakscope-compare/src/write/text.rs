//! For people: what failed, why, and what to do.

use std::fmt::Write;

use leakscope_report::Standing;
use leakscope_report::sanitise;
use leakscope_report::units::{bytes, counted};

use super::{Checked, function, stack, word};
use crate::gate::{Answer, Judgement};

/// Entries of a list that are shown: functions of a call stack, rules.
const SHOWN: usize = 6;

/// One paragraph a recording, and what the rules excused.
pub fn text(checked: &Checked<'_>) -> String {
    let mut text = String::new();
    for judgement in checked.judgements {
        // To a string, nothing fails.
        let _ = paragraph(&mut text, checked, judgement);
    }
    text
}

fn paragraph(
    text: &mut String,
    checked: &Checked<'_>,
    judgement: &Judgement<'_>,
) -> std::fmt::Result {
    let answer = word(judgement.answer);
    match judgement.answer {
        Answer::Passed => {
            let headline = judgement.headline(checked.gate);
            let headline = sanitise(&headline);
            writeln!(text, "{}: {answer}: {headline}", judgement.name())?;
        }
        _ => writeln!(text, "{}: {answer}", judgement.name())?,
    }
    for failure in &judgement.failures {
        let kind = sanitise(failure.kind.name());
        match judgement.site(failure) {
            None => writeln!(text, "  {kind}: {}", sanitise(&failure.message))?,
            Some(site) => {
                writeln!(text, "  {kind}: {}", function(&site.frames))?;
                writeln!(text, "    {}", sanitise(&failure.message))?;
                for line in stack(&site.frames).take(SHOWN) {
                    writeln!(text, "      {line}")?;
                }
                if site.frames.len() > SHOWN {
                    writeln!(text, "      … {} more", site.frames.len() - SHOWN)?;
                }
            }
        }
    }
    for reason in &judgement.inconclusive {
        let nothing = judgement.nothing();
        writeln!(text, "  {nothing}: {}", sanitise(&reason.message))?;
    }
    excused(text, checked, judgement)?;
    if judgement.hints > 0 {
        let hints = counted(judgement.hints as u64, "leak");
        let least = checked.gate.min_confidence.name();
        writeln!(
            text,
            "  {hints} of less than {least} confidence (--min-confidence): no failure"
        )?;
    }
    if judgement.unknown() > 0 {
        let unknown = counted(judgement.unknown() as u64, "call site");
        writeln!(
            text,
            "  nothing is claimed of {unknown} that may leak or not"
        )?;
    }
    if judgement.answer == Answer::Passed && judgement.is_without_stacks() {
        writeln!(
            text,
            "  without call stacks, small leaks hide among other allocations"
        )?;
    }
    Ok(())
}

/// What rules and the baseline excused, and rules that did nothing.
fn excused(
    text: &mut String,
    checked: &Checked<'_>,
    judgement: &Judgement<'_>,
) -> std::fmt::Result {
    let mut complaints: Vec<(String, Vec<&str>)> = Vec::new();
    for (rule, used) in checked.gate.rules.iter().zip(&judgement.uses) {
        let Some(why) = checked.gate.complaint(rule, *used) else {
            writeln!(
                text,
                "  rule `{}` excuses {}, {}, {}: {}",
                sanitise(&rule.id),
                counted(used.sites, "call site"),
                counted(used.blocks, "block"),
                bytes(used.bytes),
                sanitise(&rule.reason)
            )?;
            continue;
        };
        match complaints.iter_mut().find(|(known, _)| *known == why) {
            Some((_, rules)) => rules.push(&rule.id),
            None => complaints.push((why, vec![&rule.id])),
        }
    }
    for (why, rules) in &complaints {
        let names: Vec<String> = (rules.iter().take(SHOWN))
            .map(|id| format!("`{}`", sanitise(id)))
            .collect();
        let more = match rules.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let rule = if rules.len() == 1 { "rule" } else { "rules" };
        writeln!(text, "  {rule} {}{more}: {why}", names.join(", "))?;
    }
    let known = |standing: &&Standing| matches!(standing, Standing::Known(_));
    let known = judgement.standings.iter().filter(known).count();
    if known > 0 {
        writeln!(
            text,
            "  {} in the baseline",
            counted(known as u64, "known leak")
        )?;
    }
    if judgement.newly_called > 0 {
        let newly = match judgement.newly_called {
            1 => "1 of them was no leak".to_owned(),
            some => format!("{some} of them were no leaks"),
        };
        writeln!(
            text,
            "  {newly} when the baseline was made, as far as could be told, and left as much"
        )?;
    }
    let hidden = judgement.hidden(checked.gate) as u64;
    if hidden > 0 {
        let hidden = counted(hidden, "known leak");
        writeln!(
            text,
            "  {hidden} by names of functions, of which nothing can be told: here nothing has a name, and --elf FILE gives names"
        )?;
    }
    if !judgement.fixed.is_empty() {
        let fixed = counted(judgement.fixed.len() as u64, "known leak");
        writeln!(
            text,
            "  {fixed} did not show any more: --prune takes them out of the baseline"
        )?;
    }
    Ok(())
}
