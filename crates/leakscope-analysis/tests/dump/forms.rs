//! The forms of a dump, as devices print them.

use leakscope_analysis::dump::{Dump, Log, Memory, Mode, Record, Sums, is_text};

pub(crate) fn only(text: &str) -> Dump {
    let mut log = Log::read(text.as_bytes());
    assert_eq!(log.dumps.len(), 1);
    log.dumps.remove(0)
}

/// A record that is alive, on core 0.
pub(crate) fn record(address: u64, size: u64, cycles: u32, allocated_by: &[u64]) -> Record {
    Record {
        address,
        size,
        cycles,
        allocated_by: allocated_by.to_vec(),
        ..Record::default()
    }
}

/// ESP-IDF 5.5 and later.
pub(crate) const NEW: &str = "\
I (512) main: all done
====== Heap Trace: 5 records (8 capacity) ======
     6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379
  1000 bytes (@ 0x3fc9f700, Internal) allocated CPU 1 ccount 0x1a32069c caller 0x40376321:
1234567 bytes (@ 0x3c0b0010,    PSRAM) allocated CPU 0 ccount 0x1a3206a0
     3 bytes (@ 0x3fcb26f8, Internal) allocated CPU 0 ccount 0x1e7af728 freed
     4 bytes (@ 0x3fcb2700) allocated CPU 0 ccount 0x1e7af730 caller 0x40376321:0x40376379
freed by 0x40377777:0x00000000
====== Heap Trace Summary ======
Mode: Heap Trace All
1235573 bytes alive in trace (3/5 allocations)
records: 5 (8 capacity, 5 high water mark)
hashmap: 512 capacity (3 hits, 1 misses)
total allocations: 9
total frees: 6
================================
I (513) main: bye
";

fn records_of_new() -> Vec<Record> {
    vec![
        Record {
            memory: Some(Memory::Internal),
            ..record(0x3fc9_f6b4, 6, 0x1a32_0698, &[0x4037_6321, 0x4037_6379])
        },
        Record {
            memory: Some(Memory::Internal),
            core: 1,
            ..record(0x3fc9_f700, 1000, 0x1a32_069c, &[0x4037_6321])
        },
        Record {
            memory: Some(Memory::Psram),
            ..record(0x3c0b_0010, 1_234_567, 0x1a32_06a0, &[])
        },
        Record {
            memory: Some(Memory::Internal),
            is_freed: true,
            ..record(0x3fcb_26f8, 3, 0x1e7a_f728, &[])
        },
        Record {
            is_freed: true,
            freed_by: vec![0x4037_7777],
            ..record(0x3fcb_2700, 4, 0x1e7a_f730, &[0x4037_6321, 0x4037_6379])
        },
    ]
}

#[test]
fn of_idf_5_5() {
    let dump = only(NEW);
    assert_eq!(dump.records, records_of_new());
    let whole = Dump {
        offset: 23,
        announced: Some(5),
        capacity: Some(8),
        records: records_of_new(),
        mode: Some(Mode::All),
        sums: Some(Sums {
            blocks: 3,
            bytes: 1_235_573,
        }),
        total_allocations: Some(9),
        total_frees: Some(6),
        has_hash_map: true,
        is_whole: true,
        ..Dump::default()
    };
    assert_eq!(dump, whole);
}

/// Every record ends with `caller`, also without any, and a free without a stack shows zeros.
#[test]
fn of_idf_5_1() {
    let dump = only(
        "\
====== Heap Trace: 2 records (100 capacity) ======
     6 bytes (@ 0x3ffb4c4c, Internal) allocated CPU 0 ccount 0x1a320698 caller \n\
     7 bytes (@ 0x3ffb4c5c, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x400d2a9c:0x400d2b00
freed by 0x00000000:0x00000000
====== Heap Trace Summary ======
Mode: Heap Trace Leaks
6 bytes 'leaked' in trace (1 allocations)
records: 2 (100 capacity, 2 high water mark)
total allocations: 2
total frees: 1
(NB: New entries were traced while dumping, so trace dump may have duplicate entries.)
(NB: Internal Buffer has overflowed, so trace data is incomplete.)
================================
",
    );
    assert_eq!(dump.mode, Some(Mode::Leaks));
    assert!(dump.has_overflowed && dump.changed_meanwhile && dump.is_whole);
    assert_eq!(dump.other_lines + dump.broken_lines, 0);
    assert_eq!(dump.records[0].allocated_by, []);
    assert_eq!(dump.records[1].allocated_by, [0x400d_2a9c, 0x400d_2b00]);
    assert!(dump.records[1].is_freed);
    assert_eq!(dump.records[1].freed_by, []);
}

/// Without rules and padding; the note on an overflow comes last.
/// leakscope's recorder says what has no place in Espressif's grammar in a note.
#[test]
fn failed_allocations_of_leakscopes_recorder() {
    let dump = only(
        "====== Heap Trace: 0 records (16 capacity) ======\n\
         ====== Heap Trace Summary ======\n\
         Mode: Heap Trace Leaks\n\
         0 bytes 'leaked' in trace (0 allocations)\n\
         total allocations: 3\n\
         total frees: 3\n\
         (NB: 1 frees of blocks that have no record, 2 failed allocations.)\n\
         ================================\n",
    );
    assert!(dump.is_whole);
    assert_eq!(dump.failed_allocations, 2);
}

#[test]
fn of_idf_3_3() {
    let dump = only(
        "\
2 allocations trace (100 entry buffer)
32 bytes (@ 0x3ffaf214) allocated CPU 0 ccount 0x2e9b7384 caller 0x400d276d:0x400d27c1
8 bytes (@ 0x3ffaf804) allocated CPU 1 ccount 0x2e9b79c0 caller 0x400d2776:0x0
freed by 0x400d2776:0x0
32 bytes alive in trace (1/2 allocations)
total allocations 20 total frees 19
(NB: Buffer has overflowed, so trace data is incomplete.)
",
    );
    let expected = Dump {
        announced: Some(2),
        capacity: Some(100),
        records: vec![
            record(0x3ffa_f214, 32, 0x2e9b_7384, &[0x400d_276d, 0x400d_27c1]),
            Record {
                core: 1,
                is_freed: true,
                freed_by: vec![0x400d_2776],
                ..record(0x3ffa_f804, 8, 0x2e9b_79c0, &[0x400d_2776])
            },
        ],
        mode: Some(Mode::All),
        sums: Some(Sums {
            blocks: 1,
            bytes: 32,
        }),
        total_allocations: Some(20),
        total_frees: Some(19),
        has_overflowed: true,
        is_whole: true,
        ..Dump::default()
    };
    assert_eq!(dump, expected);
}

#[test]
fn with_a_damaged_list() {
    let dump = only(
        "\
====== Heap Trace: 9 records (9 capacity) ======

Error: heap trace linked list is corrupt. expected more records.
====== Heap Trace Summary ======
================================
",
    );
    assert!(dump.is_corrupt && dump.is_whole);
    assert_eq!(dump.announced, Some(9));
}

#[test]
fn with_addresses_of_64_bits() {
    let dump = only(
        "\
====== Heap Trace: 1 records (9 capacity) ======
     6 bytes (@ 0x7f2ec4004ac0) allocated CPU 0 ccount 0x00870ad0 caller 0x00286445:0x7f0000286719:
================================
",
    );
    let expected = record(
        0x7f2e_c400_4ac0,
        6,
        0x0087_0ad0,
        &[0x0028_6445, 0x7f00_0028_6719],
    );
    assert_eq!(dump.records, [expected]);
}

/// What shells and terminals do to line ends, encodings and margins.
#[test]
fn however_it_was_saved() {
    let crlf = NEW.replace('\n', "\r\n");
    let doubled = NEW.replace('\n', "\r\r\n");
    let with = |margin: &str| {
        format!(
            "{margin}{}",
            NEW.trim_end().replace('\n', &format!("\n{margin}"))
        )
    };
    let dated = with("2026-11-22 10:00:00 ");
    let bracketed = with("[10:00:00.123] ");
    let arrows = with("10:00:00.123 -> ");
    let both = with("[2026-11-22 10:00:00,5] ");
    let iso = with("2026-11-22T10:00:00.1Z ");
    let coloured = NEW
        .replace("I (", "\u{1b}[0;32mI (")
        .replace("done", "done\u{1b}[0m");
    for text in [crlf, doubled, dated, bracketed, arrows, both, iso, coloured] {
        let dump = only(&text);
        assert_eq!(dump.records, records_of_new(), "{text}");
        assert_eq!(dump.other_lines + dump.broken_lines, 0, "{text}");
        assert!(dump.is_whole);
    }
    let mut utf_16 = vec![0xff, 0xfe];
    utf_16.extend(NEW.encode_utf16().flat_map(u16::to_le_bytes));
    assert!(is_text(&utf_16));
    let log = Log::read(&utf_16);
    assert_eq!(log.dumps[0].records, records_of_new());
    assert_eq!(log.dumps[0].offset, 46);
}

#[test]
fn recordings_are_no_text() {
    assert!(is_text(NEW.as_bytes()));
    assert!(!is_text(b""));
    assert!(!is_text(&[0; 10]));
    assert!(!is_text(b"; Version 3.60\n\n\0\0\0\0\0\0\0\0\0\0\x0a\x00"));
    assert!(!is_text(&[0x05, 0x01, 0x02, 0x11, 0x03, 0x85, 0x04]));
}

/// As some editors and redirections write it: without a mark, in either order.
#[test]
fn utf_16_without_a_mark() {
    let plain = only(NEW);
    for word in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<u8> = NEW.encode_utf16().flat_map(word).collect();
        assert!(is_text(&wide));
        let log = Log::read(&wide);
        assert_eq!(log.dumps.len(), 1);
        assert_eq!(log.dumps[0].records, plain.records);
        assert!(log.dumps[0].is_whole);
    }
    let noise: Vec<u8> = (0..=255).cycle().take(4096).collect();
    assert!(!is_text(&noise));
}

/// A printf with `%X`.
#[test]
fn addresses_in_capitals() {
    let capitals = NEW
        .replace("0x3fc9f6b4", "0x3FC9F6B4")
        .replace("0x3fcb26f8", "0x3FCB26F8");
    assert_eq!(only(&capitals).records, only(NEW).records);
}

/// Between two dumps the device began anew.
#[test]
fn restarts_between_dumps() {
    for line in [
        "Rebooting...",
        "ESP-ROM:esp32c3-api1-20210207",
        "rst:0xc (RTC_SW_CPU_RST)",
    ] {
        let log = Log::read(format!("{NEW}{NEW}{line}\n{NEW}{line}\n").as_bytes());
        assert_eq!(log.dumps.len(), 3);
        assert_eq!(log.restarted_before(), [3], "{line}");
    }
    assert_eq!(
        Log::read(format!("{NEW}{NEW}").as_bytes()).restarted_before(),
        [0; 0]
    );
}
