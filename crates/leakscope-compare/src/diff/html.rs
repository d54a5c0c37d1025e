//! For browsers: one page without scripts, with the differential flame graph in the widths of both sides.

use std::fmt::{self, Write};

use leakscope_report::html::{escaped, head};
use leakscope_report::units::bytes;

use super::document::Diff;
use super::flame::{Node, Widths, flame};
use super::site::{OfSide, Site};
use super::text::{amount, function, rate, ratio};

/// Beside what all pages have.
const STYLE: &str = "\
td:nth-child(2) { overflow-wrap: anywhere }
svg { width: 100%; font: 12px ui-monospace, monospace }
svg rect { stroke: #fff; stroke-width: .5 }
";

/// The page.
pub fn html(diff: &Diff) -> String {
    let mut page = head("leakscope diff", STYLE);
    // To a string, nothing fails.
    let _ = write(&mut page, diff);
    page
}

fn write(page: &mut String, diff: &Diff) -> fmt::Result {
    writeln!(page, "<h1>{}</h1>", escaped(&diff.headline))?;
    for (name, side) in [("Before", &diff.before), ("After", &diff.after)] {
        let names: Vec<_> = side.recordings.iter().flatten().cloned().collect();
        writeln!(page, "<p>{name}: {}</p>", escaped(&names.join(" ")))?;
    }
    writeln!(page, "<ul>")?;
    for note in diff.doubts().iter().chain(&diff.notes) {
        writeln!(page, "<li>{}</li>", escaped(note))?;
    }
    writeln!(page, "</ul>")?;
    pictures(page, diff)?;
    writeln!(
        page,
        "<h2>Call sites</h2>\n<table>\n<tr><th>status<th>function<th>before<th>after<th>ratio<th>p"
    )?;
    for site in &diff.sites {
        let p = site.p.map_or_else(String::new, |p| format!("{p:.4}"));
        writeln!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{p}",
            site.status.name(),
            escaped(&function(site)),
            escaped(&amount(&site.before, diff.per)),
            escaped(&amount(&site.after, diff.per)),
            escaped(&ratio(site).unwrap_or_default()),
        )?;
    }
    writeln!(page, "</table>\n</html>")
}

fn pictures(page: &mut String, diff: &Diff) -> fmt::Result {
    let growth = diff.per.filter(|_| diff.sites.iter().any(Site::leaks));
    let outstanding = |side: &OfSide| {
        side.outstanding_bytes
            .last()
            .map_or(0.0, |&bytes| bytes as f64)
    };
    let value = |side: &OfSide| match growth {
        Some(_) => side.growth_bytes.unwrap_or(0.0),
        None => outstanding(side),
    };
    let in_words = |value: f64| match growth {
        Some(per) => rate(value, per),
        None => bytes(value.round() as u64),
    };
    let root = Node::of(diff, |site| (value(&site.before), value(&site.after)));
    let what = if growth.is_some() {
        "growth of leaks"
    } else {
        "bytes outstanding"
    };
    for (widths, name) in [(Widths::After, "after"), (Widths::Before, "before")] {
        writeln!(page, "<h2>Call stacks, as wide as their {what} {name}</h2>")?;
        match flame(&root, widths, &in_words) {
            Some(picture) => {
                writeln!(
                    page,
                    "<p><small>red: more than before, blue: less</small></p>\n{picture}"
                )?;
            }
            None => writeln!(page, "<p>There is none.</p>")?,
        }
    }
    Ok(())
}
