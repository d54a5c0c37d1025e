//! What `idf.py monitor` writes among the lines.

use leakscope_analysis::dump::{Decoration, Log};

use crate::forms::record;

fn decoration(function: &str, file: &str, line: u32) -> Decoration {
    Decoration {
        function: function.to_owned(),
        file: Some(file.to_owned()),
        line: Some(line),
    }
}

/// One record, and what stands around it in the ways that follow.
fn check(text: &str) {
    let log = Log::read(text.as_bytes());
    let dump = &log.dumps[0];
    assert_eq!(
        dump.records,
        [
            record(0x3fc9_f6b4, 6, 0x1a32_0698, &[0x4037_6321, 0x4037_6379]),
            record(0x3fc9_f6c4, 7, 0x1a32_0699, &[0x4000_0123]),
        ],
        "{text}"
    );
    assert_eq!(dump.other_lines + dump.broken_lines, 0, "{text}");
    assert!(dump.is_whole);
    let decorations: Vec<_> = log.decorations.into_iter().collect();
    let expected = [
        (
            0x4000_0123,
            vec![Decoration {
                function: "memset".to_owned(),
                file: None,
                line: None,
            }],
        ),
        (
            0x4037_6321,
            vec![decoration("heap_caps_malloc", "C:/idf/heap caps.c", 84)],
        ),
        (
            0x4037_6379,
            vec![
                decoration("leak_one", "/p/main.c", 12),
                decoration("app_main", "/p/main.c", 30),
            ],
        ),
    ];
    assert_eq!(decorations, expected, "{text}");
}

#[test]
fn by_a_monitor_on_its_own_lines() {
    check(
        "\
====== Heap Trace: 2 records (8 capacity) ======
     6 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379
--- 0x40376321: heap_caps_malloc at C:/idf/heap caps.c:84
--- 0x40376379: leak_one at /p/main.c:12 (discriminator 3)
--- (inlined by) app_main at /p/main.c:30
     7 bytes (@ 0x3fc9f6c4) allocated CPU 0 ccount 0x1a320699 caller 0x40000123:
--- 0x40000123: memset in ROM
====== Heap Trace Summary ======
================================
",
    );
}

#[test]
fn in_colours() {
    check("\
====== Heap Trace: 2 records (8 capacity) ======\r
     6 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379\r
\u{1b}[0m--- 0x40376321: \u{1b}[0;33mheap_caps_malloc\u{1b}[0m at \u{1b}[0;32mC:/idf/heap caps.c\u{1b}[0m:\u{1b}[1;31m84\u{1b}[0m
\u{1b}[0m--- 0x40376379: \u{1b}[0;33mleak_one\u{1b}[0m at \u{1b}[0;32m/p/main.c\u{1b}[0m:\u{1b}[1;31m12\u{1b}[0m
--- (inlined by) \u{1b}[0;33mapp_main\u{1b}[0m at \u{1b}[0;32m/p/main.c\u{1b}[0m:\u{1b}[1;31m30\u{1b}[0m
     7 bytes (@ 0x3fc9f6c4) allocated CPU 0 ccount 0x1a320699 caller 0x40000123:\r
\u{1b}[0m--- 0x40000123: \u{1b}[0;33mmemset\u{1b}[0m in ROM\u{1b}[0m
================================\r
");
}

/// Before 1.7: no dashes, and a blank line.
#[test]
fn by_an_old_monitor() {
    check(
        "\
====== Heap Trace: 2 records (8 capacity) ======
     6 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379
0x40376321: heap_caps_malloc at C:/idf/heap caps.c:84
0x40376379: leak_one at /p/main.c:12
 (inlined by) app_main at /p/main.c:30

     7 bytes (@ 0x3fc9f6c4) allocated CPU 0 ccount 0x1a320699 caller 0x40000123:
0x40000123: memset in ROM

================================
",
    );
}

/// The monitor's log file has no line breaks behind decorations.
#[test]
fn run_together() {
    check("\
====== Heap Trace: 2 records (8 capacity) ======
     6 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379
--- 0x40376321: heap_caps_malloc at C:/idf/heap caps.c:84--- 0x40376379: leak_one at /p/main.c:12\
--- (inlined by) app_main at /p/main.c:30     7 bytes (@ 0x3fc9f6c4) allocated CPU 0 ccount 0x1a320699 \
caller 0x40000123:
--- 0x40000123: memset in ROM====== Heap Trace Summary ======
================================
");
}

/// A size of six digits leaves no space to the line number before it.
#[test]
fn run_together_with_a_wide_size() {
    let log = Log::read(
        b"====== Heap Trace: 1 records (8 capacity) ======
--- 0x40376321: f at a.c:84123456 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x00000000
",
    );
    assert_eq!(log.dumps[0].records[0].size, 123_456);
    assert_eq!(log.decorations[&0x4037_6321], [decoration("f", "a.c", 84)]);
}

/// A line that rests for a tenth of a second is printed as far as it came, and decorated.
#[test]
fn cut_in_the_middle() {
    check(
        "\
====== Heap Trace: 2 rec
ords (8 capacity) ======
     6 bytes (@ 0x3fc9f6b4) alloc
ated CPU 0 ccount 0x1a320698 caller 0x40376321:0x4037
--- 0x40376321: heap_caps_malloc at C:/idf/heap caps.c:84
6379
--- 0x40376379: leak_one at /p/main.c:12
--- (inlined by) app_main at /p/main.c:30
     7 bytes (@ 0x3fc9f6c4) allocated CPU 0 ccount 0x1a320699
 caller 0x40000123:
--- 0x40000123: memset in ROM
===========
=====================
",
    );
}

#[test]
fn lines_of_the_other_core_are_counted() {
    let log = Log::read(
        b"====== Heap Trace: 1 records (8 capacity) ======
I (77) wifi: connected at 0x3fc9f6b4
     7 bytes (@ 0x3fc9f6c4) allocated CPU 0 ccou
E (78) wifi: lost
================================
",
    );
    let dump = &log.dumps[0];
    assert_eq!(
        (dump.records.len(), dump.other_lines, dump.broken_lines),
        (0, 2, 1)
    );
}
