//! Leaks, the fastest first.

use std::io;

use super::layout::{Line, Page};
use super::{View, cores, enumeration, memory, short_name, stack, verdict};
use crate::document::call_site::CallSite;
use crate::units::{bytes, count, counted};
use crate::words::unbroken;

/// Tasks named of a call site, unless all are wanted.
const NAMES: usize = 6;

/// Columns before what belongs to a leak.
const INDENT: usize = 4;

pub(super) fn write(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let leaks: Vec<&CallSite> = view.report.leaks().collect();
    let shown = &leaks[..view.shown(leaks.len())];
    for (index, site) in shown.iter().enumerate() {
        page.blank()?;
        leak(view, page, site, index + 1)?;
        // What helps several is said once, at the last of them.
        let mut later = shown[index + 1..].iter();
        if let Some(hint) = &site.hint
            && !later.any(|later| later.hint.as_ref() == Some(hint))
        {
            let hint = unbroken(hint).into();
            page.paragraph(INDENT, Line::new().dim("hint: "), &hint)?;
        }
    }
    if leaks.len() > view.shown(leaks.len()) {
        page.blank()?;
    }
    view.hidden(page, leaks.len(), "leak")
}

fn leak(view: &View<'_>, page: &mut Page<'_>, site: &CallSite, rank: usize) -> io::Result<()> {
    let growth = view.clock.rate(site.growth_bytes, site.growth_ticks);
    let heading = Line::new()
        .paint(verdict::paint(site), verdict::heading(site))
        .strong(format!("   {}", growth.replace(' ', "\u{A0}")))
        .plain("   ")
        .plain(verdict::confidence(site.confidence).replace(' ', "\u{A0}"));
    page.paragraph(0, Line::new().strong(format!("{rank:>2}  ")), &heading)?;
    page.paragraph(INDENT, Line::new(), &unbroken(&site.reason).into())?;
    page.paragraph(INDENT, Line::new(), &blocks(view, site).into())?;
    memory::of_site(page, INDENT, site)?;
    stack::write(view, page, INDENT + 2, site)
}

/// "270 B outstanding in 27 blocks of 10 B, allocated by alloc0 and alloc1 on cores 0 and 1"
fn blocks(view: &View<'_>, site: &CallSite) -> String {
    let size = if site.smallest_bytes == site.largest_bytes {
        bytes(site.smallest_bytes)
    } else {
        format!(
            "{} to {}",
            count(site.smallest_bytes),
            bytes(site.largest_bytes)
        )
    };
    let blocks = counted(site.outstanding_blocks, "block");
    let all = bytes(site.outstanding_bytes);
    let [all, blocks, size] = [all, blocks, size].map(|number| number.replace(' ', "\u{A0}"));
    let session = match view.report.sessions.len() {
        0 | 1 => String::new(),
        _ => format!(
            ", judged by session\u{A0}{}",
            site.session.saturating_add(1)
        ),
    };
    let who = who(view, site);
    // Of blocks that were freed the sizes count too: then nothing is known of those that are left.
    if site.frees > 0 && site.smallest_bytes != site.largest_bytes {
        return format!("{all} outstanding in {blocks}{who} in sizes of {size}{session}");
    }
    format!("{all} outstanding in {blocks} of {size}{who}{session}")
}

/// ", allocated by main and 3 more on core 0"
pub(super) fn who(view: &View<'_>, site: &CallSite) -> String {
    let shown = if view.options.all { usize::MAX } else { NAMES };
    let names = site.tasks.iter().take(shown);
    let mut names: Vec<String> = names.map(|name| short_name(name)).collect();
    match site.tasks.len() - names.len() {
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
