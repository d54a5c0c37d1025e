//! One HTML page without scripts: what leaks most, on how many devices, how it grew from version to version, how long
//! devices last.

use leakscope_export::tables::Cell;
use leakscope_report::html::{escaped, head};

use crate::answer::{Answer, short};
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
        let asked = Asked {
            subject: subject.map(str::to_owned),
            ..asked.clone()
        };
        name.parse::<Question>()?.ask(engine, &asked)
    };
    let mut page = head("leakscope fleet", STYLE);
    page += "<h1>Heap leaks of the fleet</h1>\n<h2>What leaks most</h2>\n";
    let top = ask("top", None)?;
    page += &table(&top, None);
    page += "<h2>Growth by version</h2>\n<p><small>bytes an hour on a device: mean, and where it lies 95 of 100 times</small>\n";
    for row in top.rows.iter().take(DRAWN) {
        let site = top.text(row, "site");
        let function = Some(top.text(row, "function")).filter(|name| !name.is_empty());
        page += &format!("<h3>{}</h3>\n", escaped(function.unwrap_or(site)));
        page += &table(&ask("trend", Some(site))?, Some("bytes_per_device_hour"));
    }
    let exhaustion: Question = "exhaustion".parse()?;
    let rows = exhaustion.rows(engine, asked)?;
    let survivals = survival(&rows[1]);
    if survivals.iter().any(|survival| !survival.curve.is_empty()) {
        page += "<h2>How long devices last until an allocation fails</h2>\n";
        page += &curves(&survivals);
    }
    page += "<h2>How much was watched</h2>\n";
    page += &table(&ask("coverage", None)?, None);
    page += "<h2>Devices by the time that is left</h2>\n";
    page += &table(&exhaustion.conclude(&rows, asked), None);
    page += "<h2>Devices unlike the others</h2>\n";
    page += &table(&ask("outliers", None)?, None);
    Ok(page)
}

/// A table; beside its rows, bars as long as the numbers of one column.
fn table(answer: &Answer, drawn: Option<&str>) -> String {
    let mut text = "<table>\n<tr>".to_owned();
    let classes: Vec<&str> = (0..answer.columns.len())
        .map(|place| {
            if answer.is_text(place) {
                ""
            } else {
                " class=\"number\""
            }
        })
        .collect();
    for (column, class) in answer.columns.iter().zip(&classes) {
        text += &format!("<th{class}>{}", escaped(&column.replace('_', " ")));
    }
    let number = |row: &Vec<Cell<'static>>| answer.number(row, drawn?);
    let most = answer
        .rows
        .iter()
        .filter_map(number)
        .fold(f64::MIN_POSITIVE, f64::max);
    for row in answer.rows.iter().take(SHOWN) {
        text += "\n<tr>";
        for (cell, class) in row.iter().zip(&classes) {
            text += &format!("<td{class}>{}", escaped(&short(cell)));
        }
        if let Some(number) = number(row) {
            let width = (100.0 * number / most).clamp(0.0, 100.0);
            text += &format!("<td class=\"bar\"><div style=\"width: {width:.1}%\"></div>");
        }
    }
    text += "\n</table>\n<ul>\n";
    for note in &answer.notes {
        text += &format!("<li>{}\n", escaped(note));
    }
    let all = answer.rows.len();
    if all > SHOWN {
        text += &format!("<li>{all} rows in all, of which {SHOWN} are shown\n");
    }
    text + "</ul>\n"
}

/// Steps, a colour a version.
fn curves(survivals: &[Survival]) -> String {
    let end = |survival: &Survival| {
        let ends = survival.spells.iter().map(|spell| spell.to);
        ends.fold(0.0, f64::max)
    };
    let last = survivals.iter().map(end).fold(1.0, f64::max);
    let x = |time: f64| 40.0 + 760.0 * time / last;
    let y = |share: f64| 210.0 - 200.0 * share;
    let mut text = format!(
        "<svg width=\"1000\" height=\"250\" role=\"img\">\n\
         <text x=\"40\" y=\"230\">start of the device</text><text x=\"740\" y=\"230\">{:.1} h</text>\n",
        last / 3600.0
    );
    for share in [0.0, 0.5, 1.0] {
        let (height, percent) = (y(share), share * 100.0);
        text += &format!(
            "<path d=\"M40 {height} H800\" stroke=\"#ddd\"/><text y=\"{height}\">{percent} %</text>\n"
        );
    }
    for (place, survival) in survivals.iter().enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        let steps = survival.curve.iter();
        let steps = steps.map(|step| format!(" H{:.1} V{:.1}", x(step.time), y(step.share)));
        text += &format!(
            "<path d=\"M{:.1} {:.1}{} H{:.1}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"815\" y=\"{}\" fill=\"{colour}\">{}</text>\n",
            x(0.0),
            y(1.0),
            steps.collect::<String>(),
            x(end(survival)),
            20 + place * 18,
            escaped(&survival.firmware)
        );
    }
    text + "</svg>\n"
}
