//! Leaks, the fastest first.

use std::io;

use leakscope_analysis::outcome::CallSite;

use super::layout::{Line, Page};
use super::{Report, cores, enumeration, stack, verdict};
use crate::conclusion::leaks;
use crate::units::{bytes, count, counted};
use crate::words::unbroken_phrase;

/// Tasks named of a call site, unless all are wanted.
const NAMES: usize = 6;

pub(super) fn write(report: &mut Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let leaks: Vec<&CallSite> = leaks(report.outcome).collect();
    for (site, rank) in leaks.iter().take(report.shown(leaks.len())).zip(1..) {
        page.blank()?;
        leak(report, page, site, rank)?;
    }
    if leaks.len() > report.shown(leaks.len()) {
        page.blank()?;
    }
    report.hidden(page, leaks.len(), "leak")
}

fn leak(
    report: &mut Report<'_, '_>,
    page: &mut Page<'_>,
    site: &CallSite,
    rank: usize,
) -> io::Result<()> {
    const INDENT: usize = 4;
    let finding = &site.finding;
    let growth = report.clock.rate(site.growth.bytes, site.growth.ticks);
    let heading = Line::new()
        .paint(
            verdict::paint(finding.verdict),
            verdict::heading(finding.verdict),
        )
        .strong(format!("   {}", growth.replace(' ', "\u{A0}")))
        .plain("   ")
        .plain(verdict::confidence(finding.confidence).replace(' ', "\u{A0}"));
    page.paragraph(0, Line::new().strong(format!("{rank:>2}  ")), &heading)?;
    let reason = unbroken_phrase(&finding.reason, report.clock);
    page.paragraph(INDENT, Line::new(), &reason.into())?;
    page.paragraph(INDENT, Line::new(), &blocks(report, site).into())?;
    stack::write(report, page, INDENT + 2, site)
}

/// "270 B outstanding in 27 blocks of 10 B, allocated by alloc0 and alloc1 on cores 0 and 1"
fn blocks(report: &Report<'_, '_>, site: &CallSite) -> String {
    let block = if site.smallest == site.largest {
        bytes(site.smallest)
    } else {
        format!("{} to {}", count(site.smallest), bytes(site.largest))
    };
    let blocks = counted(site.outstanding_blocks, "block");
    let all = bytes(site.outstanding_bytes);
    let [all, blocks, block] = [all, blocks, block].map(|number| number.replace(' ', "\u{A0}"));
    let session = match report.outcome.sessions.len() {
        0 | 1 => String::new(),
        _ => format!(", judged by session {}", site.session + 1),
    };
    let who = who(report, site);
    format!("{all} outstanding in {blocks} of {block}{who}{session}")
}

/// ", allocated by main and 3 more on core 0"
pub(super) fn who(report: &Report<'_, '_>, site: &CallSite) -> String {
    let shown = if report.options.all {
        usize::MAX
    } else {
        NAMES
    };
    let contexts = site.contexts.iter().take(shown);
    let mut names: Vec<String> = contexts.map(|&context| report.context(context)).collect();
    match site.contexts.len().saturating_sub(names.len()) {
        0 => {}
        more => names.push(format!("{more} more")),
    }
    let by = match names.as_slice() {
        [] => String::new(),
        names => format!(", allocated by {}", enumeration(names)),
    };
    let on = match site.cores.as_slice() {
        [] => String::new(),
        numbers => format!(" on {}", cores(numbers).replace(' ', "\u{A0}")),
    };
    by + &on
}
