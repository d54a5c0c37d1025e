//! Call sites that are no leaks: a line each, or with their reasons if all is wanted.

use std::io;

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::CallSite;

use super::layout::{Cell, Column, Give, Line, Page, Table};
use super::{Report, findings, stack, verdict};
use crate::conclusion::is_dump;
use crate::units::{bytes, count, counted};
use crate::words::unbroken_phrase;

pub(super) fn write(report: &mut Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let open = Section {
        name: "Cannot be judged",
        note: if is_dump(report.outcome) {
            "; the most suspicious first"
        } else {
            "; data were lost, or no pattern fits"
        },
        belongs: |site| is_open(site.finding.verdict),
        held: outstanding,
    };
    let no_leak = Section {
        name: "Outstanding, but no leak",
        note: "",
        belongs: |site| {
            let verdict = site.finding.verdict;
            let is_elsewhere =
                verdict.is_leak() || is_open(verdict) || verdict == Verdict::AllFreed;
            site.outstanding_blocks > 0 && !is_elsewhere
        },
        held: outstanding,
    };
    let late = Section {
        name: "Freed only at the end",
        note: "",
        belongs: |site| {
            site.outstanding_blocks == 0 && site.finding.verdict == Verdict::LateRelease
        },
        held: allocated,
    };
    let freed = Section {
        name: "All freed",
        note: "",
        belongs: |site| site.finding.verdict == Verdict::AllFreed,
        held: allocated,
    };
    for section in [open, no_leak, late] {
        section.write(report, page)?;
    }
    if report.options.all {
        freed.write(report, page)?;
    }
    Ok(())
}

/// A list of call sites.
struct Section {
    name: &'static str,
    note: &'static str,
    belongs: fn(&CallSite) -> bool,
    /// The blocks that are shown of a call site, and their bytes.
    held: fn(&CallSite) -> (u64, u64),
}

fn outstanding(site: &CallSite) -> (u64, u64) {
    (site.outstanding_blocks, site.outstanding_bytes)
}

fn allocated(site: &CallSite) -> (u64, u64) {
    (site.allocations, site.allocated_bytes)
}

/// Whether it may be a leak or not.
fn is_open(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Uncertain | Verdict::Unclassified)
}

impl Section {
    fn write(&self, report: &mut Report<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
        let sites = report.outcome.call_sites.iter();
        let sites: Vec<&CallSite> = sites.filter(|site| (self.belongs)(site)).collect();
        if sites.is_empty() {
            return Ok(());
        }
        let blocks = counted(sites.iter().map(|site| (self.held)(site).0).sum(), "block");
        let size = bytes(sites.iter().map(|site| (self.held)(site).1).sum());
        let number = counted(sites.len() as u64, "call site");
        let note = self.note;
        page.heading(self.name, &format!("{blocks}, {size}, {number}{note}"))?;
        if report.options.all {
            return sites
                .iter()
                .try_for_each(|site| in_full(report, page, site));
        }
        self.table(report, page, &sites)?;
        report.hidden(page, sites.len(), "call site")
    }

    fn table(
        &self,
        report: &mut Report<'_, '_>,
        page: &mut Page<'_>,
        sites: &[&CallSite],
    ) -> io::Result<()> {
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
            let (blocks, size) = (self.held)(site);
            table.row([
                count(size).into(),
                count(blocks).into(),
                Cell {
                    paint: verdict::paint(verdict),
                    text: name_of(verdict).to_owned(),
                },
                stack::one_line(report, site).into(),
            ]);
        }
        table.write(page, 2)
    }
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
    let held = match site.outstanding_blocks {
        0 => format!("at most {} at once", bytes(site.peak_bytes)),
        _ => format!("{blocks}, {} outstanding", bytes(site.outstanding_bytes)),
    };
    let who = findings::who(report, site);
    page.paragraph(INDENT + 2, Line::new(), &format!("{held}{who}").into())?;
    stack::write(report, page, INDENT + 4, site)
}
