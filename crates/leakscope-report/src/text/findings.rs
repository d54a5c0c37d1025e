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
    let size = if site.smallest == site.largest {
        bytes(site.smallest)
    } else {
        format!("{} to {}", count(site.smallest), bytes(site.largest))
    };
    let blocks = counted(site.outstanding_blocks, "block");
    let all = bytes(site.outstanding_bytes);
    let [all, blocks, size] = [all, blocks, size].map(|number| number.replace(' ', "\u{A0}"));
    let session = match report.outcome.sessions.len() {
        0 | 1 => String::new(),
        _ => format!(", judged by session\u{A0}{}", site.session + 1),
    };
    let who = who(report, site);
    // Of blocks that were freed the sizes count too: then nothing is known of those that are left.
    if site.frees > 0 && site.smallest != site.largest {
        return format!("{all} outstanding in {blocks}{who} in sizes of {size}{session}");
    }
    format!("{all} outstanding in {blocks} of {size}{who}{session}")
}

/// ", allocated by main and 3 more on core 0"
pub(super) fn who(report: &Report<'_, '_>, site: &CallSite) -> String {
    let shown = if report.options.all {
        usize::MAX
    } else {
        NAMES
    };
    // After a restart, a task of the same name is another one.
    let mut names: Vec<String> = Vec::new();
    for &context in &site.contexts {
        let name = report.context(context);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.len().saturating_sub(shown) {
        0 => {}
        more => {
            names.truncate(shown);
            names.push(format!("{more} more"));
        }
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
