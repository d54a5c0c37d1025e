//! What is outstanding, but no leak: a line a call site.

use std::io;

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::CallSite;

use super::layout::{Cell, Column, Give, Line, Page, Table};
use super::{Report, findings, stack, verdict};
use crate::units::{bytes, count, counted};
use crate::words::unbroken_phrase;

pub(super) fn write(report: &mut Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    section(
        report,
        page,
        "Cannot be judged",
        "data were lost, or no pattern fits",
        is_open,
    )?;
    section(report, page, "Outstanding, but no leak", "", |verdict| {
        !verdict.is_leak() && !is_open(verdict) && verdict != Verdict::AllFreed
    })?;
    if report.options.all {
        return section(report, page, "All freed", "", |verdict| {
            verdict == Verdict::AllFreed
        });
    }
    Ok(())
}

/// Whether it may be a leak or not.
fn is_open(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Uncertain | Verdict::Unclassified)
}

fn section(
    report: &mut Report<'_, '_>,
    page: &mut Page<'_>,
    name: &str,
    note: &str,
    belongs: impl Fn(Verdict) -> bool,
) -> io::Result<()> {
    let sites = &report.outcome.call_sites;
    let sites: Vec<&CallSite> = sites
        .iter()
        .filter(|site| belongs(site.finding.verdict))
        .collect();
    if sites.is_empty() {
        return Ok(());
    }
    let blocks = counted(
        sites.iter().map(|site| site.outstanding_blocks).sum(),
        "block",
    );
    let size = bytes(sites.iter().map(|site| site.outstanding_bytes).sum());
    let number = counted(sites.len() as u64, "call site");
    let separator = if note.is_empty() { "" } else { "; " };
    page.heading(
        name,
        &format!("{blocks}, {size}, {number}{separator}{note}"),
    )?;
    if report.options.all {
        return sites
            .iter()
            .try_for_each(|site| in_full(report, page, site));
    }
    let mut table = Table::new([
        Column::number("bytes"),
        Column::number("blocks"),
        Column::text("verdict", Give::Never),
        Column::text("call site", Give::Chain(20)),
    ]);
    let name_of = if page.width() < 80 {
        verdict::short
    } else {
        verdict::heading
    };
    for site in sites.iter().take(report.shown(sites.len())) {
        let verdict = site.finding.verdict;
        table.row([
            count(site.outstanding_bytes).into(),
            count(site.outstanding_blocks).into(),
            Cell {
                paint: verdict::paint(verdict),
                text: name_of(verdict).to_owned(),
            },
            stack::one_line(report, site).into(),
        ]);
    }
    table.write(page, 2)?;
    report.hidden(page, sites.len(), "call site")
}

/// With its reason and its stack.
fn in_full(report: &mut Report<'_, '_>, page: &mut Page<'_>, site: &CallSite) -> io::Result<()> {
    const INDENT: usize = 2;
    page.blank()?;
    let heading = Line::new()
        .paint(
            verdict::paint(site.finding.verdict),
            verdict::heading(site.finding.verdict),
        )
        .plain(format!(
            "   {}",
            verdict::confidence(site.finding.confidence)
        ));
    page.line(INDENT, &heading)?;
    let reason = unbroken_phrase(&site.finding.reason, report.clock);
    if !reason.is_empty() {
        page.paragraph(INDENT + 2, Line::new(), &reason.into())?;
    }
    let blocks = counted(site.outstanding_blocks, "block");
    let all = bytes(site.outstanding_bytes);
    let who = findings::who(report, site);
    page.paragraph(
        INDENT + 2,
        Line::new(),
        &format!("{blocks}, {all} outstanding{who}").into(),
    )?;
    stack::write(report, page, INDENT + 4, site)
}
