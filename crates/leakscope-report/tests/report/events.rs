//! Lists of events.

use leakscope_analysis::describe::DescriptionFile;
use leakscope_report::FrameSource;
use leakscope_report::Symbolizer;
use leakscope_report::events::{EventRow, Format, Writer};
use leakscope_report::filter::Filter;
use leakscope_report::naming::Naming;
use serde_json::Value;

use crate::golden::assert_golden;
use crate::program::Program;
use crate::recording::{small, walk};

fn listed(
    filter: &Filter,
    format: Format,
    naming: &mut Naming,
    source: Option<&dyn FrameSource>,
) -> String {
    let mut symbolizer = Symbolizer::new(source);
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, format);
    let mut index = 0;
    walk(&small(), |event, trace| {
        naming.learn(event);
        if filter.matches(event, trace) {
            let row = EventRow::new(index, event, trace, naming, &mut symbolizer);
            if filter.matches_row(&row) {
                writer.write(&row).unwrap();
            }
        }
        index += 1;
    });
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn all(format: Format) -> String {
    listed(
        &Filter::default(),
        format,
        &mut Naming::default(),
        Some(&Program),
    )
}

/// The names of the events that pass.
fn names(filter: &Filter) -> Vec<String> {
    let lines = listed(
        filter,
        Format::JsonLines,
        &mut Naming::default(),
        Some(&Program),
    );
    let rows = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn golden_outputs() {
    assert_golden("events.txt", &all(Format::Text));
    assert_golden("events.jsonl", &all(Format::JsonLines));
    assert_golden("events.csv", &all(Format::Csv));
    let without_symbols = listed(
        &Filter::default(),
        Format::Text,
        &mut Naming::default(),
        None,
    );
    assert_golden("events-no-elf.txt", &without_symbols);
    let filter = Filter {
        heap: true,
        logs: true,
        ..Filter::default()
    };
    let print = listed(
        &filter,
        Format::TextWithStacks,
        &mut Naming::default(),
        Some(&Program),
    );
    assert_golden("events-print.txt", &print);
}

#[test]
fn text_is_harmless() {
    for format in [
        Format::Text,
        Format::TextWithStacks,
        Format::JsonLines,
        Format::Csv,
    ] {
        let text = all(format);
        let line_ends = |character| matches!(character, '\n' | '\r');
        assert!(!text.contains(|character: char| character.is_control() && !line_ends(character)));
        assert!(!text.contains('\u{202e}'));
    }
}

#[test]
fn programs_get_numbers_and_stacks() {
    let filter = Filter {
        heap: true,
        ..Filter::default()
    };
    let lines = listed(
        &filter,
        Format::JsonLines,
        &mut Naming::default(),
        Some(&Program),
    );
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["parameters"]["address"], "0x3ffb1234");
    assert_eq!(first["parameters"]["size"], 10);
    assert_eq!(first["parameters"]["callers"][2]["function"], "leak_one");
    assert_eq!(first["context"], "main");
    let lines = listed(&filter, Format::JsonLines, &mut Naming::default(), None);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["parameters"]["callers"][0], "0x40081eff");
}

#[test]
fn offsets_are_of_the_packets() {
    let bytes = small();
    let lines = all(Format::JsonLines);
    for row in lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
    {
        let (id, offset) = (row["id"].as_u64().unwrap(), row["offset"].as_u64().unwrap());
        if id < 0x80 {
            assert_eq!(u64::from(bytes[offset as usize]), id, "{row}");
        }
    }
}

#[test]
fn kinds_add_up() {
    let only = |apis, heap, logs, isr| {
        names(&Filter {
            apis,
            heap,
            logs,
            isr,
            ..Filter::default()
        })
    };
    assert_eq!(
        only(true, false, false, false),
        ["vTaskDelay", "END_CALL", "event 400"]
    );
    assert_eq!(
        only(false, false, false, true),
        ["ISR_ENTER", "ISR_TO_SCHEDULER"]
    );
    assert_eq!(only(false, true, false, false).len(), 6);
    assert_eq!(only(false, false, true, false).len(), 5);
    assert_eq!(only(true, true, true, true).len(), 3 + 2 + 6 + 5);
}

#[test]
fn everything_else_must_hold_of_each() {
    let grep = |expression: &str| Filter {
        grep: Some(regex::Regex::new(expression).unwrap()),
        ..Filter::default()
    };
    assert_eq!(names(&grep("size=10\\b")), ["HEAP_ALLOC"]);
    assert_eq!(names(&grep("^function_enter$")), ["function_enter"]);
    assert_eq!(
        names(&Filter {
            heap: true,
            ..grep("leak_one")
        })
        .len(),
        3
    );
    let main = Filter {
        task: Some("main".to_owned()),
        ..Filter::default()
    };
    assert_eq!(names(&main), ["TASK_START_EXEC", "HEAP_ALLOC"]);
    assert_eq!(
        names(&Filter {
            core: Some(1),
            ..Filter::default()
        }),
        [""; 0]
    );
    let stretch = Filter {
        from: Some(0.0012),
        to: Some(0.0014),
        ..Filter::default()
    };
    assert_eq!(names(&stretch).len(), 3);
}

#[test]
fn an_empty_list_has_its_heading() {
    let nothing = Filter {
        core: Some(9),
        ..Filter::default()
    };
    let empty = |format| listed(&nothing, format, &mut Naming::default(), None);
    assert_eq!(empty(Format::Text).lines().count(), 1);
    assert_eq!(
        empty(Format::Csv),
        "index,time_s,ticks,core,context,id,name,parameters,input,offset\r\n"
    );
    assert_eq!(empty(Format::JsonLines), "");
}

#[test]
fn description_files_come_before_what_is_built_in() {
    let (file, problems) =
        DescriptionFile::parse("34 my_delay ticks=%u\n400 my_event a=%u, b=%x\n514 not_mine");
    assert!(problems.is_empty());
    let text = listed(
        &Filter::default(),
        Format::Text,
        &mut Naming::new(vec![file]),
        None,
    );
    assert!(text.contains("my_delay"), "{text}");
    assert!(text.contains("my_event"), "{text}");
    // The module's own description comes first.
    assert!(
        text.contains("function_enter") && !text.contains("not_mine"),
        "{text}"
    );
}
