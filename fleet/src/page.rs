//! One HTML page without scripts: what leaks most, on how many devices, how it grew from version to version, how long
//! devices last.

use std::fmt::{self, Write};

use leakscope_report::html::{escaped, head};

use crate::answer::{Answer, Row, short};
use crate::ask::{AskError, Asked, Question, Survival, survival};
use crate::engine::Engine;

/// Call sites whose growth is drawn.
const DRAWN: usize = 5;

/// Rows of a table.
const SHOWN: usize = 50;

/// Beside what all pages have.
const STYLE: &str = "\
td { overflow-wrap: anywhere }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
td.bar { min-width: 10rem }
td.bar div { background: #9db8e8; height: 1rem }
svg { max-width: 100%; font: 12px system-ui, sans-serif }
";

/// Colours of curves, which differ in brightness too.
const COLOURS: [&str; 6] = [
    "#0b3c8c", "#c04a00", "#2e7d32", "#8e24aa", "#00838f", "#6d4c41",
];

/// Makes the page.
///
/// # Errors
/// Those of the questions.
pub fn page(engine: &Engine, asked: &Asked) -> Result<String, AskError> {
    let ask = |name: &str, subject: Option<&str>| {
        let subject = subject.map(str::to_owned);
        let asked = Asked {
            subject,
            ..asked.clone()
        };
        name.parse::<Question>()?.ask(engine, &asked)
    };
    let exhaustion: Question = "exhaustion".parse()?;
    let lasting = exhaustion.rows(engine, asked)?;
    let top = ask("top", None)?;
    let mut trends = Vec::new();
    for row in top.rows.iter().take(DRAWN) {
        let site = top.text(row, "site");
        let function = Some(top.text(row, "function")).filter(|name| !name.is_empty());
        trends.push((function.unwrap_or(site), ask("trend", Some(site))?));
    }
    let others = [
        ("How much was watched", ask("coverage", None)?),
        (
            "Devices by the time that is left",
            exhaustion.conclude(&lasting, asked),
        ),
        ("Devices unlike the others", ask("outliers", None)?),
    ];
    let mut page = head("leakscope fleet", STYLE);
    // To a string, nothing fails.
    let _ = write(&mut page, &top, &trends, &survival(&lasting[1]), &others);
    Ok(page)
}

fn write(
    page: &mut String,
    top: &Answer,
    trends: &[(&str, Answer)],
    survivals: &[Survival],
    others: &[(&str, Answer)],
) -> fmt::Result {
    page.push_str("<h1>Heap leaks of the fleet</h1>\n<h2>What leaks most</h2>\n");
    table(page, top, None)?;
    page.push_str(
        "<h2>Growth by version</h2>\n<p><small>bytes an hour on a device: mean, and where it lies 95 of 100 times</small>\n",
    );
    for (function, trend) in trends {
        writeln!(page, "<h3>{}</h3>", escaped(function))?;
        table(page, trend, Some("bytes_per_device_hour"))?;
    }
    if survivals.iter().any(|survival| !survival.curve.is_empty()) {
        page.push_str("<h2>How long devices last until an allocation fails</h2>\n");
        curves(page, survivals)?;
    }
    for (title, answer) in others {
        writeln!(page, "<h2>{title}</h2>")?;
        table(page, answer, None)?;
    }
    Ok(())
}

/// A table; beside its rows, bars as long as the numbers of one column.
fn table(page: &mut String, answer: &Answer, drawn: Option<&str>) -> fmt::Result {
    let class = |place| {
        if answer.is_text(place) {
            ""
        } else {
            " class=\"number\""
        }
    };
    let classes: Vec<&str> = (0..answer.columns.len()).map(class).collect();
    page.push_str("<table>\n<tr>");
    for (column, class) in answer.columns.iter().zip(&classes) {
        write!(page, "<th{class}>{}", escaped(&column.replace('_', " ")))?;
    }
    let number = |row: &Row| answer.number(row, drawn?);
    let numbers = answer.rows.iter().filter_map(number);
    let most = numbers.fold(f64::MIN_POSITIVE, f64::max);
    for row in answer.rows.iter().take(SHOWN) {
        page.push_str("\n<tr>");
        for (cell, class) in row.iter().zip(&classes) {
            write!(page, "<td{class}>{}", escaped(&short(cell)))?;
        }
        if let Some(number) = number(row) {
            let width = (100.0 * number / most).clamp(0.0, 100.0);
            write!(
                page,
                "<td class=\"bar\"><div style=\"width: {width:.1}%\"></div>"
            )?;
        }
    }
    page.push_str("\n</table>\n<ul>\n");
    for note in &answer.notes {
        writeln!(page, "<li>{}", escaped(note))?;
    }
    let all = answer.rows.len();
    if all > SHOWN {
        writeln!(page, "<li>{all} rows in all, of which {SHOWN} are shown")?;
    }
    writeln!(page, "</ul>")
}

/// Steps, a colour a version.
fn curves(page: &mut String, survivals: &[Survival]) -> fmt::Result {
    let end = |survival: &Survival| {
        let ends = survival.spells.iter().map(|spell| spell.to);
        ends.fold(0.0, f64::max)
    };
    let last = survivals.iter().map(end).fold(1.0, f64::max);
    let x = |time: f64| 40.0 + 760.0 * time / last;
    let y = |share: f64| 210.0 - 200.0 * share;
    let hours = last / 3600.0;
    writeln!(
        page,
        "<svg width=\"1000\" height=\"250\" role=\"img\">\n\
         <text x=\"40\" y=\"230\">start of the device</text><text x=\"740\" y=\"230\">{hours:.1} h</text>"
    )?;
    for share in [0.0, 0.5, 1.0] {
        let (height, percent) = (y(share), share * 100.0);
        writeln!(
            page,
            "<path d=\"M40 {height} H800\" stroke=\"#ddd\"/><text y=\"{height}\">{percent} %</text>"
        )?;
    }
    for (place, survival) in survivals.iter().enumerate() {
        let (colour, line) = (COLOURS[place % COLOURS.len()], 20 + place * 18);
        write!(page, "<path d=\"M{:.1} {:.1}", x(0.0), y(1.0))?;
        for step in &survival.curve {
            write!(page, " H{:.1} V{:.1}", x(step.time), y(step.share))?;
        }
        writeln!(
            page,
            " H{:.1}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"815\" y=\"{line}\" fill=\"{colour}\">{}</text>",
            x(end(survival)),
            escaped(&survival.firmware)
        )?;
    }
    writeln!(page, "</svg>")
}
