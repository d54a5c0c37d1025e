//! Names that would be something else in a format stay names.

use leakscope_export::{Format, Selection, Table, Value};
use leakscope_testing::scenario::{RAM, Scenario};

use crate::made::{Made, Program, STACKS};

/// Names that hold what separates fields and lines, what begins formulas and comments, and what steers terminals.
const PROGRAM: Program = Program(&[
    (0x400D_1234, "=cmd|' /C calc'!A0;evil 42\n"),
    (0x400D_2345, "#comment \u{1b}[31m\u{202e}"),
    (0x4008_80DC, "\"quoted\",\r\nand, more"),
]);

fn made() -> Made {
    let mut recording = Scenario::begun();
    recording.task(RAM + 0x3000, "=1+1;\n\u{1b}]0;title\u{7}");
    recording.run(RAM + 0x3000);
    recording.allocate(0x3FFB_0000, 24, STACKS[0]);
    recording.print("line\n\"},{\"a\":1 \u{202e}\u{0}");
    Made::new(&recording, PROGRAM)
}

#[test]
fn a_stack_is_one_line_and_has_as_many_frames() {
    let folded = made().folded(Value::Outstanding, Selection::default());
    let [line] = folded.lines().collect::<Vec<_>>()[..] else {
        panic!("{folded}");
    };
    let (stack, number) = line.rsplit_once(' ').unwrap();
    assert_eq!(number, "24");
    let frames: Vec<&str> = stack.split(';').collect();
    let expected = [
        "\"quoted\",  and, more",
        "_comment ",
        "=cmd|' /C calc'!A0:evil 42 ",
    ];
    assert_eq!(frames[1..], expected[1..]);
}

#[test]
fn a_heaptrack_string_is_one_line_as_long_as_it_says() {
    let text = String::from_utf8(made().export(Format::Heaptrack)).unwrap();
    for line in text.lines() {
        if let Some(string) = line.strip_prefix("s ") {
            let (length, string) = string.split_once(' ').unwrap();
            assert_eq!(
                usize::from_str_radix(length, 16),
                Ok(string.len()),
                "{line}"
            );
        }
        assert!("vXsita+-c".contains(&line[..1]), "{line}");
    }
}

#[test]
fn no_cell_is_a_formula_and_no_row_has_other_columns() {
    for &table in Table::ALL {
        let text = String::from_utf8(made().table(Format::Csv, table)).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{0}']), "{text}");
        let rows: Vec<&str> = text.split_terminator("\r\n").collect();
        assert!(rows.iter().all(|row| !row.contains(['\r', '\n'])));
        let quotes = |text: &str| text.matches('"').count();
        assert!(
            rows.iter().all(|row| quotes(row).is_multiple_of(2)),
            "{text}"
        );
        assert!(!text.contains(",=") && !text.contains(",\"="), "{text}");
    }
}

#[test]
fn a_row_of_json_is_one_object() {
    for &table in Table::ALL {
        let text = String::from_utf8(made().table(Format::JsonLines, table)).unwrap();
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let columns = row.as_object().unwrap();
            assert!(!columns.contains_key("a"), "{line}");
        }
    }
}

#[test]
fn no_format_has_control_characters_in_its_names() {
    // Rows of a table hold what the device said, and are texts to who reads them.
    let rows = [Format::Csv, Format::JsonLines];
    for &format in Format::ALL.iter().filter(|format| !rows.contains(format)) {
        let bytes = made().export(format);
        let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
        assert!(
            !has(b"\x1b[31m") && !has(b"\x1b]0") && !has("\u{202e}".as_bytes()),
            "{format:?}"
        );
    }
}
