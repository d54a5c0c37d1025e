//! Headers of every writer that was seen, and of none.

use leakscope_systemview::{Header, Text};

const DATA: &[u8] = b"\0\0\0\0\0\0\0\0\0\0\x0A\x00";

#[track_caller]
fn check(header: &str) -> Header<'static> {
    let file = [header.as_bytes(), DATA].concat().leak();
    let header = Header::parse(file);
    assert_eq!(&file[header.data..], DATA);
    header
}

fn keys(header: &Header<'_>) -> Vec<String> {
    header.lines().map(|line| line.key.to_string()).collect()
}

#[test]
fn of_openocd_with_tabs() {
    let header = check(";\n; Version\t\tSEGGER SystemViewer V2.42\n; Author\t\tEspressif Inc\n;\n");
    let version = header.value("Version").map(|value| value.to_string());
    assert_eq!(version.as_deref(), Some("SEGGER SystemViewer V2.42"));
    assert!(header.is_espressif());
    assert!(!header.has_core_bit());
}

#[test]
fn of_openocd_with_spaces() {
    let header =
        check(";\n; Version     SEGGER SystemViewer V2.42\n; Author      Espressif Inc\n;\n");
    assert_eq!(keys(&header), ["Version", "Author"]);
    assert_eq!(header.value("Author"), Some("Espressif Inc".into()));
    assert!(header.is_espressif());
}

#[test]
fn of_openocd_with_both_cores_in_one_stream() {
    let header = check(
        ";\n; Version     SEGGER SystemViewer V2.42\n; Author      Espressif Inc\n; ESP_Extension\n;\n",
    );
    assert!(header.has_core_bit());
    assert!(header.is_espressif());
}

#[test]
fn of_openocd_with_one_part_a_core() {
    let header = check(
        ";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n\
         ; Offset Core0 0\n; Offset Core1 12262\n;\n",
    );
    let offsets: Vec<_> = header.core_offsets().collect();
    assert_eq!(offsets, [(0, 0), (1, 12262)]);
    assert!(!header.has_core_bit());
}

#[test]
fn of_pyocd() {
    let header = check(
        ";\n; RecordTime   12 Mar 2024 09:15:02\n; Author       pyOCD\n; Offset Core0 0\n;\n",
    );
    assert_eq!(header.core_offsets().collect::<Vec<_>>(), [(0, 0)]);
    assert_eq!(header.value("Version"), None);
    assert!(!header.is_espressif());
}

#[test]
fn with_an_empty_line_behind_it() {
    let lines = "; Version     SEGGER SystemViewer V3.60\n; Title \n; Description \n;\n";
    let header = check(&format!("{lines}\n"));
    assert_eq!(header.text, lines.into());
    assert_eq!(keys(&header), ["Version", "Title", "Description"]);
}

#[test]
fn with_carriage_returns() {
    let lines = ";\r\n; Version     SEGGER SystemViewer V3.60\r\n; Offset Core1\t77\r\n;\r\n\r\n";
    let header = check(lines);
    let version = header.value("Version");
    assert_eq!(version, Some("SEGGER SystemViewer V3.60".into()));
    assert_eq!(header.core_offsets().collect::<Vec<_>>(), [(1, 77)]);
}

/// The ids 10 and 13 are the bytes of line ends.
#[test]
fn packets_that_begin_like_an_empty_line() {
    for packet in [&b"\n\x00\x18"[..], b"\r\x05\x0B", b"\n\x00\r\x01", b"\n"] {
        let file = [&b"; Version 1\n"[..], packet].concat();
        assert_eq!(Header::parse(&file).data, 12, "{packet:x?}");
    }
}

#[test]
fn that_is_not_there() {
    let header = check("");
    assert_eq!(header.text, Text::default());
    assert_eq!(header.lines().count(), 0);
}

#[test]
fn that_is_all_of_the_file() {
    let file = b"; Version 1\n;\n";
    assert_eq!(Header::parse(file).data, file.len());
}

#[test]
fn a_semicolon_in_a_recording_without_header_begins_none() {
    let file = b";\x05\x04\x60\x0A\x02;\n";
    assert_eq!(Header::parse(file).data, 0);
}

#[test]
fn a_line_feed_in_a_recording_without_header_is_no_empty_line() {
    assert_eq!(Header::parse(b"\n\x00\x18").data, 0);
}

#[test]
fn a_line_without_end_is_no_header() {
    assert_eq!(Header::parse(b"; Version 1").data, 0);
}

#[test]
fn offsets_that_are_none_are_left_out() {
    let file = b"; Offset Core0 0\n; Offset Core1 -5\n; Offset CoreX 7\n; Offset Core2\n\
        ; Offset Core3 99999999999999999999\n; Offset \xFF\n; Offset Core4 12\n";
    let header = Header::parse(file);
    let offsets: Vec<_> = header.core_offsets().collect();
    assert_eq!(offsets, [(0, 0), (4, 12)]);
}
