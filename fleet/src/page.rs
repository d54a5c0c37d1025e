//! One HTML page without scripts: what leaks most, on how many devices, how it grew from version to version, how long
//! devices last.

use std::fmt::{self, Write};

use leakscope_export::tables::Cell;

use crate::answer::{Answer, short};
use crate::ask::{AskError, Asked, Question, Survival, survival};
use crate::engine::Engine;

/// Call sites whose growth is drawn.
const DRAWN: usize = 5;

/// Nothing is loaded and nothing runs, whatever names hold.
const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>leakscope fleet</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; padding: 0 1rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
svg { max-width: 100%; font: 12px system-ui, sans-serif }
small { color: #555 }
</style>
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
        let question = Question::ALL
            .into_iter()
            .find(|question| question.name == name);
        let asked = Asked {
            subject: subject.map(str::to_owned),
            ..asked.clone()
        };
        question.map_or_else(
            || Ok(Answer::default()),
            |question| question.ask(engine, &asked),
        )
    };
    let mut top = ask("top", None)?;
    let mut trends = Vec::new();
    for row in top.rows.iter().take(DRAWN) {
        let site = top.text(row, "site");
        let function = match top.text(row, "function") {
            "" => site,
            function => function,
        };
        trends.push((function.to_owned(), ask("trend", Some(site))?));
    }
    top.cut(50);
    let exhaustion = Question::ALL
        .into_iter()
        .find(|question| question.name == "exhaustion");
    let statements = exhaustion.map_or_else(|| Ok(Vec::new()), |question| question.sql(asked))?;
    let spells = statements
        .get(1)
        .map(|sql| engine.run(sql))
        .transpose()?
        .unwrap_or_default();
    let sections = [
        (
            "What leaks most",
            "share: of the devices that were watched, 95 of 100 times",
            top,
        ),
        ("How much was watched", "", ask("coverage", None)?),
        (
            "Devices by the time that is left",
            "",
            ask("exhaustion", None)?,
        ),
        ("Devices unlike the others", "", ask("outliers", None)?),
    ];
    let mut page = HEAD.to_owned();
    // To a string, nothing fails.
    let _ = write(&mut page, &sections, &trends, &survival(&spells));
    Ok(page)
}

fn write(
    page: &mut String,
    sections: &[(&str, &str, Answer)],
    trends: &[(String, Answer)],
    survivals: &[Survival],
) -> fmt::Result {
    writeln!(page, "<h1>Heap leaks of the fleet</h1>")?;
    for (place, (title, explanation, answer)) in sections.iter().enumerate() {
        writeln!(page, "<h2>{title}</h2>\n<p><small>{explanation}</small>")?;
        table(page, answer)?;
        if place == 0 {
            writeln!(
                page,
                "<h2>Growth by version</h2>\n<p><small>bytes an hour on a device: mean, and where it lies 95 of 100 times</small>"
            )?;
            for (function, trend) in trends {
                writeln!(page, "<h3>{}</h3>", escaped(function))?;
                growth(page, trend)?;
            }
            if survivals.iter().any(|survival| !survival.curve.is_empty()) {
                writeln!(
                    page,
                    "<h2>How long devices last until an allocation fails</h2>"
                )?;
                curves(page, survivals)?;
            }
        }
    }
    Ok(())
}

fn table(page: &mut String, answer: &Answer) -> fmt::Result {
    writeln!(page, "<table>\n<tr>")?;
    let class = |place: usize| {
        let mut cells = answer.rows.iter().map(|row| &row[place]);
        if cells.any(|cell| matches!(cell, Cell::Text(_))) {
            ""
        } else {
            " class=\"number\""
        }
    };
    for (place, column) in answer.columns.iter().enumerate() {
        write!(
            page,
            "<th{}>{}",
            class(place),
            escaped(&column.replace('_', " "))
        )?;
    }
    for row in &answer.rows {
        writeln!(page, "<tr>")?;
        for (place, cell) in row.iter().enumerate() {
            write!(page, "<td{}>{}", class(place), escaped(&short(cell)))?;
        }
    }
    writeln!(page, "</table>\n<ul>")?;
    for note in &answer.notes {
        writeln!(page, "<li>{}", escaped(note))?;
    }
    writeln!(page, "</ul>")
}

/// A line a version: a bar for the mean, a line for its interval.
fn growth(page: &mut String, trend: &Answer) -> fmt::Result {
    const LINE: usize = 22;
    let number = |row: &[Cell<'static>], column| {
        trend
            .number(row, column)
            .filter(|number| number.is_finite())
    };
    let ends = trend
        .rows
        .iter()
        .flat_map(|row| [number(row, "high"), number(row, "bytes_per_device_hour")]);
    let most = ends.flatten().fold(f64::MIN_POSITIVE, f64::max);
    let x = |value: f64| 200.0 + 600.0 * (value / most).clamp(0.0, 1.0);
    writeln!(
        page,
        "<svg width=\"1000\" height=\"{}\" role=\"img\">",
        LINE * trend.rows.len()
    )?;
    for (place, row) in trend.rows.iter().enumerate() {
        let y = place * LINE;
        let mean = number(row, "bytes_per_device_hour").unwrap_or(0.0);
        let label = format!(
            "{} ({} devices)",
            trend.text(row, "firmware"),
            trend.count(row, "devices")
        );
        writeln!(
            page,
            "<text x=\"0\" y=\"{}\">{}</text>",
            y + 15,
            escaped(&label)
        )?;
        writeln!(
            page,
            "<rect x=\"200\" y=\"{}\" width=\"{:.1}\" height=\"14\" fill=\"#9db8e8\"/>",
            y + 4,
            x(mean) - 200.0
        )?;
        if let (Some(low), Some(high)) = (number(row, "low"), number(row, "high")) {
            writeln!(
                page,
                "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{2}\" y2=\"{2}\" stroke=\"#0b3c8c\" stroke-width=\"2\"/>",
                x(low),
                x(high),
                y + 11
            )?;
        }
        writeln!(
            page,
            "<text x=\"810\" y=\"{}\">{}</text>",
            y + 15,
            short(&mean.into())
        )?;
    }
    writeln!(page, "</svg>")
}

/// Steps, a colour a version.
fn curves(page: &mut String, survivals: &[Survival]) -> fmt::Result {
    let spells = survivals.iter().flat_map(|survival| &survival.spells);
    let last = spells.map(|spell| spell.to).fold(1.0, f64::max);
    let x = |time: f64| 40.0 + 760.0 * time / last;
    let y = |share: f64| 210.0 - 200.0 * share;
    writeln!(page, "<svg width=\"1000\" height=\"250\" role=\"img\">")?;
    for share in [0.0, 0.5, 1.0] {
        let height = y(share);
        writeln!(
            page,
            "<line x1=\"40\" x2=\"800\" y1=\"{height}\" y2=\"{height}\" stroke=\"#ddd\"/>"
        )?;
        writeln!(
            page,
            "<text x=\"0\" y=\"{}\">{:.0} %</text>",
            height + 4.0,
            share * 100.0
        )?;
    }
    writeln!(
        page,
        "<text x=\"40\" y=\"230\">start of the device</text><text x=\"740\" y=\"230\">{:.1} h</text>",
        last / 3600.0
    )?;
    for (place, survival) in survivals.iter().enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        let mut path = format!("M{:.1} {:.1}", x(0.0), y(1.0));
        for step in &survival.curve {
            write!(path, " H{:.1} V{:.1}", x(step.time), y(step.share))?;
        }
        let end = survival
            .spells
            .iter()
            .map(|spell| spell.to)
            .fold(0.0, f64::max);
        write!(path, " H{:.1}", x(end))?;
        writeln!(
            page,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        )?;
        let line = 20 + place * 18;
        writeln!(
            page,
            "<text x=\"815\" y=\"{line}\" fill=\"{colour}\">{}</text>",
            escaped(&survival.firmware)
        )?;
    }
    writeln!(page, "</svg>")
}

/// Text as it may stand in HTML.
fn escaped(text: &str) -> String {
    let text = leakscope_report::sanitise(text);
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
