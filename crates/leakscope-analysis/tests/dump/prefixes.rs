//! What terminals, loggers, mail programs and containers put around the lines of a dump.

use leakscope_analysis::dump::{Dump, Log, Record};
use proptest::prelude::*;

use crate::forms::NEW;

/// A record that was cut in two, among whole ones.
const CUT: &str = "\
====== Heap Trace: 2 records (8 capacity) ======
     6 bytes (@ 0x3fc9f6b4) alloc
ated CPU 0 ccount 0x1a320698 caller 0x40376321:0x4037
6379
   700 bytes (@ 0x3fc9f6c4) allocated CPU 0 ccount 0x1a320699
 caller 0x40000123:
====== Heap Trace Summary ======
================================
";

/// ESP-IDF up to 5.0: nothing pads its numbers.
const OLD: &str = "\
2 allocations trace (100 entry buffer)
32 bytes (@ 0x3ffaf214) allocated CPU 0 ccount 0x2e9b7384 caller 0x400d276d:0x400d27c1
8 bytes (@ 0x3ffaf804) allocated CPU 1 ccount 0x2e9b79c0 caller 0x400d2776:0x0
freed by 0x400d2776:0x0
32 bytes alive in trace (1/2 allocations)
total allocations 20 total frees 19
";

/// What stands before each line; `{n}` is another number in each. And what stands behind.
const AROUND: &[(&str, &str)] = &[
    // terminals and monitors
    ("2026-11-22 10:00:{n} ", ""),
    ("[10:00:00.{n}] ", ""),
    ("10:00:00.{n} -> ", ""),
    ("10:00:00.{n} > ", ""),
    ("2026-11-22T10:00:00.{n}Z ", ""),
    ("[2026-11-22 10:00:00,{n}] ", ""),
    ("(10:00:{n}) ", ""),
    ("10:00:{n}\t", ""),
    ("{n}: ", ""),
    ("   {n} | ", ""),
    ("[   {n}.5] ", ""),
    ("/dev/ttyUSB0: ", ""),
    ("COM7 {n} RX ", ""),
    // loggers
    ("Nov {n} 10:00:00 host ser2net[{n}]: ", ""),
    (
        "<14>1 2026-11-22T10:00:00.{n}Z gateway console {n} - - ",
        "",
    ),
    ("board-7  | ", ""),
    ("I ({n}) heap: ", ""),
    ("D/uart({n}): ", ""),
    ("console.log:{n}:", ""),
    (
        "{\"log\":\"",
        "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T10:00:00Z\"}",
    ),
    ("\"", "\","),
    // mail, documents, shells
    ("> ", ""),
    ("> > ", ""),
    ("    ", ""),
    ("\t", ""),
    ("| ", " |"),
    ("+", ""),
    ("// ", ""),
];

/// A text with that around each of its lines.
fn surrounded(text: &str, before: &str, behind: &str) -> String {
    let mut surrounded = String::new();
    for (number, line) in text.lines().enumerate() {
        let before = before.replace("{n}", &(number * 37 % 60).to_string());
        surrounded = surrounded + &before + line + behind + "\n";
    }
    surrounded
}

fn only(text: &str) -> Dump {
    let log = Log::read(text.as_bytes());
    assert_eq!(log.dumps.len(), 1, "{text}");
    log.dumps[0].clone()
}

#[test]
fn whatever_stands_around_the_lines() {
    for &(before, behind) in AROUND {
        for form in [NEW, OLD] {
            let text = surrounded(form, before, behind);
            let (plain, dump) = (only(form), only(&text));
            let at_zero = |dump: Dump| Dump { offset: 0, ..dump };
            assert_eq!(at_zero(dump), at_zero(plain), "{text}");
        }
    }
}

#[test]
fn lines_that_were_cut_have_it_around_both_parts() {
    for &(before, behind) in AROUND.iter().filter(|(_, behind)| behind.is_empty()) {
        let text = surrounded(CUT, before, behind);
        assert_eq!(only(&text).records, only(CUT).records, "{text}");
        assert_eq!(only(&text).broken_lines, 0, "{text}");
    }
}

#[test]
fn lines_without_it_stand_between() {
    for (line, _) in NEW.lines().enumerate() {
        let lines = NEW.lines().enumerate();
        let some = |(index, text): (usize, &str)| match index {
            _ if index == line => format!("{text}\n"),
            _ => format!("10:00:{index} host console: {text}\n"),
        };
        let text: String = lines.map(some).collect();
        assert_eq!(only(&text).records, only(NEW).records, "{text}");
    }
}

/// A part of a word that a logger or a terminal may write: no digits that run into a number, and nothing that a dump
/// says itself.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z]{1,8}",
        "[0-9]{1,6}",
        "[\\[\\](){}<>|:;,./_+*#@!?-]{1,3}",
        Just(" ".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_prefix(parts in prop::collection::vec(part(), 0..8), end in "[\\]>:| )]") {
        let before = parts.concat() + &end;
        let records = |text: &str| -> Vec<Record> { only(text).records };
        prop_assert_eq!(records(&surrounded(NEW, &before, "")), records(NEW), "{}", before);
        prop_assert_eq!(records(&surrounded(OLD, &before, "")), records(OLD), "{}", before);
    }
}
