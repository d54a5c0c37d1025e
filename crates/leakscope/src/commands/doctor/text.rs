//! The answer, for people.

use std::fmt::Write;

use leakscope_project::{CheckedOption, Examination, Link, State, Way};
use leakscope_report::sanitise;
use leakscope_report::units::counted;

use super::{Answer, Judged};
use crate::cli::Doctor;
use crate::project::EspIdf;
use crate::shell;

/// What a way is called.
pub(in crate::commands) fn name(way: Way) -> &'static str {
    match way {
        Way::Jtag => "JTAG",
        Way::Uart => "UART",
        Way::UsbSerialJtag => "USB-Serial-JTAG",
        Way::Component => "leakscope's component",
        Way::Console => "console",
    }
}

/// What is typed for a way, behind `--way`.
pub(in crate::commands) fn typed(way: Way) -> &'static str {
    match way {
        Way::Jtag => "jtag",
        Way::Uart => "uart",
        Way::UsbSerialJtag => "usb-serial-jtag",
        Way::Component => "component",
        Way::Console => "console",
    }
}

/// The project, each way, and what is to be added.
pub(super) fn answer(answer: &Answer<'_>) -> String {
    let mut lines = about(answer);
    for judged in &answer.ways {
        lines.push(String::new());
        way(judged, &mut lines);
    }
    additions(answer, &mut lines);
    text(&lines)
}

fn about(answer: &Answer<'_>) -> Vec<String> {
    let project = &answer.project;
    let program = match &project.program {
        None => "not built yet".to_owned(),
        Some(program) if project.stale => {
            format!("{program}, older than sdkconfig: build it again")
        }
        Some(program) => program.clone(),
    };
    let options = match &project.sdkconfig {
        Some(path) => path.clone(),
        None => "there is no sdkconfig: `idf.py reconfigure` makes it".to_owned(),
    };
    let mut lines = vec![
        format!("Project  {}, in {}", project.name, project.folder),
        format!(
            "Built    with ESP-IDF {} for {}",
            project.esp_idf, project.chip
        ),
        format!("Program  {program}"),
        format!("Options  {options}"),
    ];
    if let Some(target) = project.described_target {
        lines.push(format!(
            "Warning  build/project_description.json is of a build for {target}, sdkconfig for {}: `idf.py reconfigure`",
            project.chip.target
        ));
    }
    let warnings = project.warnings.iter();
    lines.extend(warnings.map(|warning| format!("Warning  {warning}")));
    lines
}

fn way(judged: &Judged, lines: &mut Vec<String>) {
    const LINES: &str = "docs/esp-idf.md has the lines";
    let way = &judged.examination;
    let state = match way.impossible {
        Some(why) => format!("not possible: {why}"),
        None if judged.ready => "ready".to_owned(),
        None if way.is_ready() => "not ready, the program lacks calls".to_owned(),
        None => format!("not ready, {}", lacking(way)),
    };
    lines.push(format!("{}: {state}", name(way.way)));
    let lengths = way.options.iter().map(|option| found_line(option).len());
    let width = lengths.max().unwrap_or_default();
    for option in &way.options {
        let line = found_line(option);
        let (state, why) = (word(option.state), explained(option));
        lines.push(format!("  {state:<8} {line:<width$}  {why}"));
    }
    let steps = way.steps.iter().map(|step| format!("  to do    {step}"));
    lines.extend(steps);
    match judged.not_called.as_deref() {
        Some([]) => {}
        Some(calls) => lines.push(format!(
            "  to do    the program calls no {}(): {LINES}",
            calls.join("(), ")
        )),
        None if way.impossible.is_some() => {}
        None => lines.push(format!(
            "  note     the program has to call {}(): {LINES}",
            way.calls.join("(), ")
        )),
    }
    let notes = way.notes.iter().map(String::as_str);
    let remarks = notes.chain(way.limits.iter().copied());
    lines.extend(remarks.map(|remark| format!("  note     {remark}")));
}

/// "2 options are missing"
pub(in crate::commands) fn lacking(way: &Examination) -> String {
    let missing = match way.missing() {
        0 => None,
        1 => Some("1 option is missing".to_owned()),
        several => Some(format!("{several} options are missing")),
    };
    let steps = way.steps.len() as u64;
    let steps = (steps > 0).then(|| format!("{} to do", counted(steps, "thing")));
    let parts: Vec<String> = missing.into_iter().chain(steps).collect();
    parts.join(", ")
}

fn word(state: State) -> &'static str {
    match state {
        State::On => "on",
        State::Advised => "better",
        State::Missing => "missing",
    }
}

/// The line as it is wanted; if another value will do, with that.
fn found_line(option: &CheckedOption) -> String {
    match (&option.found, option.state) {
        (Some(found), State::On) => option.line_with(found),
        _ => option.line(),
    }
}

fn explained(option: &CheckedOption) -> String {
    match (&option.found, option.state) {
        (_, State::On) | (None, _) => option.why.to_owned(),
        (Some(found), _) => format!("{} (now {found})", option.why),
    }
}

fn additions(answer: &Answer<'_>, lines: &mut Vec<String>) {
    const STACKS: &str = "without which there are no call stacks or short ones,";
    let Some(way) = answer.chosen.map(name) else {
        return;
    };
    let found = &answer.additions;
    if !found.lines.is_empty() {
        lines.push(String::new());
        let ways = answer.ways.iter().map(|judged| &judged.examination);
        let options = ways.flat_map(|way| &way.options);
        let optional = options.filter(|option| !option.required);
        let optional: Vec<String> = optional.map(CheckedOption::line).collect();
        let (stacks, required): (Vec<_>, Vec<_>) =
            (found.lines.iter()).partition(|line| optional.contains(line));
        let lacks = match &answer.defaults {
            Some(file) => format!("For {way}, {file} lacks"),
            None => format!("For {way}, the files of defaults lack"),
        };
        if required.is_empty() {
            lines.push(format!("{lacks}, {STACKS}"));
        } else {
            lines.push(lacks);
        }
        lines.extend(required.iter().map(|line| format!("  {line}")));
        if !stacks.is_empty() {
            if !required.is_empty() {
                lines.push(format!("and, {STACKS}"));
            }
            lines.extend(stacks.iter().map(|line| format!("  {line}")));
        }
    }
    if !found.conflicts.is_empty() {
        lines.push(String::new());
        lines.push(format!("For {way}, these have to be changed by hand"));
    }
    for conflict in &found.conflicts {
        lines.push(format!(
            "  {}:{}: {}   ({} is needed)",
            conflict.file, conflict.line, conflict.text, conflict.wanted
        ));
    }
}

/// What was done, and what is to be done next.
pub(super) fn next(answer: &Answer<'_>, project: &EspIdf, asked: &Doctor) -> String {
    let mut lines = vec![String::new()];
    lines.extend(outcome(answer, asked));
    let found = &answer.additions;
    let has_more_to_do = !found.lines.is_empty() || !found.present.is_empty();
    if has_more_to_do && project.config.is_some() {
        lines.extend(
            [
                "sdkconfig exists, and wins over the defaults: change the same options in `idf.py menuconfig`; or delete",
                "sdkconfig, and `idf.py reconfigure` makes it of the defaults. What only menuconfig has set is lost then.",
            ]
            .map(str::to_owned),
        );
    }
    let mut ways = answer.ways.iter();
    let chosen = ways.find(|judged| Some(judged.examination.way) == answer.chosen);
    if let Some(judged) = chosen.filter(|judged| judged.examination.impossible.is_none()) {
        lines.push("To record:".to_owned());
        let steps = (1..).zip(steps(judged, answer, project));
        lines.extend(steps.map(|(number, step)| format!("  {number}. {step}")));
    }
    // Nothing but the empty line.
    if lines.len() == 1 {
        return String::new();
    }
    text(&lines)
}

/// What has become of the lines to add.
fn outcome(answer: &Answer<'_>, asked: &Doctor) -> Option<String> {
    let found = &answer.additions;
    let count = found.lines.len() as u64;
    let mut ways = answer.ways.iter().map(|judged| &judged.examination);
    let chosen = ways.find(|way| Some(way.way) == answer.chosen);
    if let Some((way, why)) = chosen.and_then(|way| Some((way, way.impossible?))) {
        return Some(format!(
            "There is nothing to add for {}, which is not possible: {why}.",
            name(way.way)
        ));
    }
    match &answer.defaults {
        _ if count == 0 && asked.write => Some(if found.conflicts.is_empty() {
            "Nothing was written: there is no line to add.".to_owned()
        } else {
            "Nothing was written: what is left has to be changed by hand.".to_owned()
        }),
        _ if count == 0 => None,
        Some(file) if answer.written => {
            Some(format!("Added {} to {file}.", counted(count, "line")))
        }
        Some(file) => Some(format!(
            "`{}` adds the lines to {file}.",
            that_writes(asked)
        )),
        None => Some(
            "None of the project's files of defaults lies in its folder: add the lines by hand."
                .to_owned(),
        ),
    }
}

/// What is left to be done until there is a recording, in its order.
fn steps(judged: &Judged, answer: &Answer<'_>, project: &EspIdf) -> Vec<String> {
    let way = &judged.examination;
    let mut steps = Vec::new();
    if !way.is_ready() {
        steps.push("add the options and do the rest that is missing above".to_owned());
    }
    if judged
        .not_called
        .as_ref()
        .is_none_or(|calls| !calls.is_empty())
    {
        steps.push(format!("let the program call {}()", way.calls.join("(), ")));
    }
    steps.push(
        if judged.ready && judged.not_called.is_some() && !answer.project.stale {
            "`idf.py flash`, unless the chip runs this program already".to_owned()
        } else {
            "`idf.py build flash`".to_owned()
        },
    );
    steps.push(command(way.way, project));
    steps
}

/// The same command, with `--write`.
fn that_writes(asked: &Doctor) -> String {
    let mut command = format!("{} doctor", shell::program());
    if let Some(folder) = &asked.project {
        command += " --project ";
        command += &shell::quoted(&folder.to_string_lossy());
    }
    if let Some(way) = asked.way {
        command += " --way ";
        command += typed(way.into());
    }
    command + " --write"
}

fn command(way: Way, project: &EspIdf) -> String {
    let program = shell::program();
    match way {
        Way::Jtag => format!("{program} record --start-openocd -o heap.svdat"),
        Way::Uart => {
            let baud = project.uart().baud;
            format!("{program} record --serial /dev/ttyUSB0@{baud} -o heap.svdat")
        }
        // USB has no speed of its own.
        Way::UsbSerialJtag => {
            format!("{program} record --serial /dev/ttyACM0@115200 -o heap.svdat")
        }
        Way::Component => component(project.link()),
        Way::Console => {
            format!("idf.py monitor | tee console.log; then {program} report console.log")
        }
    }
}

/// What is typed for a recording of leakscope's component.
fn component(link: Link) -> String {
    /// Unless another one is named.
    const PORT: u32 = 19111;
    let program = shell::program();
    match link {
        Link::Uart { uart, .. } => {
            format!(
                "{program} record --serial /dev/ttyUSB0@{} -o heap.svdat",
                uart.baud
            )
        }
        // USB has no speed of its own.
        Link::UsbSerialJtag => {
            format!("{program} record --serial /dev/ttyACM0@115200 -o heap.svdat")
        }
        Link::Tcp(PORT) => format!("{program} record --tcp ADDRESS -o heap.svdat"),
        Link::Tcp(port) => format!("{program} record --tcp ADDRESS:{port} -o heap.svdat"),
        Link::Apptrace => format!(
            "`esp apptrace start file://heap.svdat 1 -1 -1 0 0` in OpenOCD; then {program} report heap.svdat"
        ),
    }
}

fn text(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", sanitise(line).trim_end());
        text
    })
}
