//! Core dumps that a device has printed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use leakscope_memory::image::Problem;

use crate::containers::container;
use crate::make;

/// The lines of a dump, as `esp_core_dump_to_uart` prints them: the header for itself, then pieces.
fn lines(minor: u8) -> Vec<String> {
    let file = container(1, minor);
    let header = [20, 20, 24, 24, 12][usize::from(minor)];
    let (first, rest) = file.split_at(header);
    std::iter::once(first)
        .chain(rest.chunks(48))
        .map(|piece| STANDARD.encode(piece))
        .collect()
}

fn log(prefix: &str, lines: &[String], has_end: bool) -> Vec<u8> {
    let rule = |word| format!("================= CORE DUMP {word} =================");
    let mut printed = vec![rule("START")];
    printed.extend_from_slice(lines);
    printed.extend(has_end.then(|| rule("END")));
    let printed: Vec<String> = printed
        .iter()
        .map(|line| format!("{prefix}{line}\r\n"))
        .collect();
    format!(
        "I (31) boot: ESP-IDF\r\n{}Rebooting...\r\n",
        printed.concat()
    )
    .into_bytes()
}

#[test]
fn a_dump_is_read_whatever_stands_before_its_lines() {
    for minor in 0..=4 {
        for prefix in [
            "",
            "12:00:01.123 -> ",
            "[2026-11-28 12:00:00] host app[7]: ",
        ] {
            let image = make::image(log(prefix, &lines(minor), true));
            assert_eq!(image.problems, [], "{prefix}");
            assert_eq!(image.threads, [make::thread()]);
        }
    }
}

#[test]
fn lines_alone_are_read() {
    let text = lines(2).join("\n");
    assert_eq!(make::image(text.into_bytes()).problems, []);
}

#[test]
fn what_is_missing_is_named() {
    let mut torn = lines(3);
    torn[5].truncate(61);
    let problems = make::image(log("", &torn, true)).problems;
    assert!(
        problems.contains(&Problem::Lines { lines: 1 }),
        "{problems:?}"
    );
    assert!(
        problems.contains(&Problem::Checksum { kind: "SHA-256" }),
        "{problems:?}"
    );

    let whole = lines(3);
    let problems = make::image(log("", &whole[..whole.len() - 2], false)).problems;
    assert!(problems.contains(&Problem::NoEnd), "{problems:?}");
}

#[test]
fn the_last_dump_of_a_log_counts() {
    let both = [log("", &lines(0)[..3], true), log("", &lines(2), true)].concat();
    assert_eq!(make::image(both).threads, [make::thread()]);
}
