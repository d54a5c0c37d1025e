//! Call sites that are no leaks: a line each, or with their reasons if all is wanted.

use std::io;

use leakscope_analysis::findings::Verdict;

use super::layout::{Cell, Column, Give, Line, Page, Table};
use super::{View, findings, memory, stack, sum, verdict};
use crate::document::call_site::CallSite;
use crate::policy::Standing;
use crate::units::{bytes, count, counted};
use crate::words::unbroken;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let open = Section {
        name: "Cannot be judged",
        note: if view.report.trace.has_history {
            "; not all was seen, or no pattern fits"
        } else {
            "; the most suspicious first"
        },
        belongs: |site| site.standing == Standing::Unknown,
        held: outstanding,
    };
    let excused = Section {
        name: "Leaks that are known or suppressed",
        note: "",
        belongs: |site| matches!(site.standing, Standing::Suppressed(_) | Standing::Known(_)),
        held: outstanding,
    };
    let no_leak = Section {
        name: "Outstanding, but no leak",
        note: "",
        belongs: |site| is_fine(site) && site.outstanding_blocks > 0,
        held: outstanding,
    };
    let late = Section {
        name: "Freed only at the end",
        note: "",
        belongs: |site| {
            is_fine(site)
                && site.outstanding_blocks == 0
                && site.verdict == Verdict::LateRelease.name()
        },
        held: allocated,
    };
    let freed = Section {
        name: "All freed",
        note: "",
        belongs: |site| site.verdict == Verdict::AllFreed.name(),
        held: allocated,
    };
    for section in [open, excused, no_leak, late] {
        section.write(view, page)?;
    }
    if view.options.all {
        freed.write(view, page)?;
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

/// Whether something can be said for it other than that all was freed.
fn is_fine(site: &CallSite) -> bool {
    site.standing == Standing::Fine && site.verdict != Verdict::AllFreed.name()
}

impl Section {
    fn write(&self, view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
        let sites = view.report.call_sites.iter();
        let sites: Vec<&CallSite> = sites.filter(|site| (self.belongs)(site)).collect();
        if sites.is_empty() {
            return Ok(());
        }
        let blocks = counted(sum(sites.iter().map(|site| (self.held)(site).0)), "block");
        let size = bytes(sum(sites.iter().map(|site| (self.held)(site).1)));
        let number = counted(sites.len() as u64, "call site");
        let note = self.note;
        page.heading(self.name, &format!("{blocks}, {size}, {number}{note}"))?;
        if view.options.all {
            return sites.iter().try_for_each(|site| in_full(view, page, site));
        }
        self.table(view, page, &sites)?;
        view.hidden(page, sites.len(), "call site")
    }

    fn table(&self, view: &View<'_>, page: &mut Page<'_>, sites: &[&CallSite]) -> io::Result<()> {
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
        for site in sites.iter().take(view.shown(sites.len())) {
            let (blocks, size) = (self.held)(site);
            table.row([
                count(size).into(),
                count(blocks).into(),
                Cell {
                    paint: verdict::paint(site),
                    text: name_of(site).to_owned(),
                },
                stack::one_line(&site.frames).into(),
            ]);
        }
        table.write(page, 2)
    }
}

/// With its reason and its stack.
fn in_full(view: &View<'_>, page: &mut Page<'_>, site: &CallSite) -> io::Result<()> {
    const INDENT: usize = 2;
    page.blank()?;
    let heading = Line::new()
        .paint(verdict::paint(site), verdict::heading(site))
        .plain(format!("   {}", verdict::confidence(site.confidence)));
    page.line(INDENT, &heading)?;
    if !site.reason.is_empty() {
        page.paragraph(INDENT + 2, Line::new(), &unbroken(&site.reason).into())?;
    }
    let blocks = counted(site.outstanding_blocks, "block");
    let held = match site.outstanding_blocks {
        0 => format!("at most {} at once", bytes(site.peak_bytes)),
        _ => format!("{blocks}, {} outstanding", bytes(site.outstanding_bytes)),
    };
    let who = findings::who(view, site);
    page.paragraph(INDENT + 2, Line::new(), &format!("{held}{who}").into())?;
    memory::of_site(page, INDENT + 2, site)?;
    stack::write(view, page, INDENT + 4, site)
}
