//! Bytes and packets: ids, headers, modules, cut files, files of two cores.

use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::trace::HeapEvent;
use leakscope_systemview::{Arguments, Init, Packet, Print, id};
use leakscope_testing::scenario::{HZ, IDF_HEAP, MAIN, RAM, Scenario, WORKER, encoded};

use super::{BLOCK, OTHER, SITE};
use crate::reading::{Kind, read, read_in_pieces, read_one};

/// Ids that are new are skipped by their length.
#[test]
fn row_01_unknown_ids_are_skipped() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE);
    for id in [28, 29, 30, 31, 511, 600, 4000] {
        recording.after(5).event(id, &[77, 3]);
    }
    recording.event(id::EX, &[200, 1, 2]);
    recording.free(BLOCK, OTHER).idle();
    let reading = read_one(recording.openocd());
    reading.check();
    assert_eq!(reading.outcome.totals.events, recording.packets() as u64);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
    assert_eq!(reading.problem("skipped-bytes"), None);
}

/// `DATA_SAMPLE` has two fields and no length.
#[test]
fn row_02_data_samples_keep_the_stream_in_step() {
    let mut recording = Scenario::begun();
    for value in [0, 1, 300, 0x3F80_0000] {
        recording.packet(&Packet::DataSample { data: 2, value });
        recording.allocate(BLOCK + value, 16, SITE);
    }
    let reading = read_one(recording.openocd());
    assert_eq!(reading.count(id::DATA_SAMPLE), 4);
    assert_eq!(reading.outcome.totals.allocations, 4);
    assert!(reading.codes().is_empty(), "{:?}", reading.codes());
}

/// Messages with arguments are formatted here.
#[test]
fn row_03_log_arguments_are_formatted() {
    let mut recording = Scenario::begun();
    let numbers = encoded(&[5, 0xBEEF]);
    recording.packet(&Packet::PrintFormatted(Print {
        text: "queue %d holds 0x%04x".into(),
        options: 1,
        arguments: Arguments {
            count: 2,
            encoded: &numbers,
        },
    }));
    let reading = read_one(recording.openocd());
    assert_eq!(reading.logs(), ["queue 5 holds 0xbeef"]);
}

/// Text that was cut inside a character is shown as far as it goes.
#[test]
fn row_04_text_cut_inside_a_character() {
    let mut recording = Scenario::begun();
    recording.print_bytes(b"na\xC3").allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.logs(), ["na\u{FFFD}"]);
    assert_eq!(reading.outcome.totals.allocations, 1);
}

/// `INIT` says the units once more, and its delta counts once.
#[test]
fn row_19_init_again_changes_nothing() {
    let mut recording = Scenario::begun();
    recording.after(100).init().allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap()[0].time, 101);
    assert_eq!(reading.outcome.target.timestamp_hz, HZ);
    assert!(reading.codes().is_empty(), "{:?}", reading.codes());
}

/// The heap module may move; its old ids keep their meaning.
#[test]
fn row_20_modules_move() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE);
    recording.module(514, IDF_HEAP);
    recording.heap = 514;
    recording.allocate(BLOCK + 16, 16, SITE).free(BLOCK, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.heap_events, 3);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 1);
    recording.heap = 512;
    recording.free(BLOCK + 16, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
}

/// The heap module is known by its name, with and without `M=`, or by the shape of its events.
#[test]
fn row_21_the_heap_module_is_found_or_its_absence_said() {
    for description in [Some(IDF_HEAP), IDF_HEAP.strip_prefix("M="), None] {
        let mut recording = Scenario::empty();
        recording.start().task(MAIN, "main").run(MAIN);
        if let Some(description) = description {
            recording.module(512, description);
        }
        recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.heap_events, 2, "{description:?}");
        let is_guessed = reading.problem("heap-module-guessed").is_some();
        assert_eq!(is_guessed, description.is_none());
    }
    let mut silent = Scenario::empty();
    silent.start().task(MAIN, "main").run(MAIN).print("boot\n");
    assert!(
        read_one(silent.openocd())
            .problem("no-heap-events")
            .is_some()
    );
}

/// A file that ends inside a packet is reported as far as it goes.
#[test]
fn row_22_a_cut_file_reports_what_it_holds() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
    let mut bytes = recording.openocd();
    bytes.truncate(bytes.len() - 3);
    let length = bytes.len() as u64;
    let reading = read_one(bytes);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 1);
    let cut = reading.problem("cut-off").expect("a cut");
    let ProblemKind::Cut { bytes } = cut.kind else {
        panic!("{cut:?}");
    };
    assert_eq!(cut.offset, Some(length - bytes));
}

/// Any header will do, or none.
#[test]
fn row_32_headers_of_all_kinds() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE);
    let data = recording.plain();
    for header in [
        "",
        ";\n; Version\t\tSEGGER SystemViewer V2.42\n; Author\t\tEspressif Inc\n;\n",
        ";\r\n; Version     SEGGER SystemViewer V2.42\r\n; Author      Espressif Inc\r\n;\r\n",
        "; Version  SEGGER SystemViewer V3.50\n; RecordTime 1\n; Author me\n; Title A; B\n;\n\n",
        "; Title\tonly one line\n",
        ";\n; RecordTime   01 Jan 2026 00:00:00\n; Author       pyOCD\n; Offset Core0 0\n;\n",
    ] {
        let reading = read_one([header.as_bytes(), &data].concat());
        assert_eq!(reading.outcome.totals.allocations, 1, "{header:?}");
        assert!(
            reading.codes().is_empty(),
            "{header:?}: {:?}",
            reading.codes()
        );
    }
}

/// Without `INIT` times are ticks, and that is said; what came before it is read all the same.
#[test]
fn row_38_events_without_init() {
    let mut recording = Scenario::empty();
    recording.sync().packet(&Packet::TraceStart);
    recording.module(512, IDF_HEAP).run(MAIN);
    for block in 0..12 {
        recording.after(10).allocate(BLOCK + 16 * block, 16, SITE);
    }
    let reading = read_one(recording.openocd());
    assert!(reading.problem("no-init").is_some());
    assert_eq!(reading.outcome.totals.allocations, 12);
    let begin = reading.heap()[0].time;
    recording.init().allocate(BLOCK + 0x1000, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.problem("no-init"), None);
    assert_eq!(
        reading.heap()[0].time,
        begin,
        "the clock does not jump at INIT"
    );
    assert_eq!(reading.outcome.target.timestamp_hz, HZ);
}

/// Old and new files of two cores say the same.
#[test]
fn row_42_old_and_new_files_of_two_cores() {
    let mut recording = Scenario::begun();
    recording.on(1).after(3).run(WORKER);
    for block in 0..10 {
        recording.on(block as u8 % 2).after(7);
        recording.allocate(BLOCK + 16 * block, 16, SITE);
    }
    let seen = |files: &[Vec<u8>]| -> Vec<(u64, u8, String, Kind)> {
        let reading = read(files);
        assert_eq!(reading.outcome.target.cores, [0, 1]);
        let event = |event: &crate::reading::Seen| {
            (
                event.time,
                event.core,
                event.context.clone(),
                event.kind.clone(),
            )
        };
        reading.heap().into_iter().map(event).collect()
    };
    let old = seen(&[recording.with_core_bit()]);
    assert_eq!(old.len(), 10);
    assert_eq!(old[1].1, 1);
    assert_eq!(old[1].2, "worker");
    assert_eq!(seen(&[recording.joined()]), old);
    assert_eq!(seen(&recording.openocd_by_core()), old);
}

/// A long header, and data without a sync, are no obstacle.
#[test]
fn row_43_long_headers_and_no_sync() {
    let mut recording = Scenario::begun();
    for block in 0..20 {
        recording.allocate(BLOCK + 16 * block, 16, SITE);
    }
    let joined = recording.joined();
    let comment = format!("; Description {}\n", "long ".repeat(2000));
    let reading = read_one([comment.as_bytes(), &joined].concat());
    assert_eq!(reading.outcome.totals.allocations, 20);
    let reading = read_one(recording.plain()[10..].to_vec());
    assert_eq!(reading.outcome.totals.allocations, 20);
    assert!(reading.problem("no-start").is_some());
}

/// A core is what its file says it is, in whatever order the files are given.
#[test]
fn row_44_cores_are_known_by_name() {
    let mut recording = Scenario::begun();
    recording
        .on(1)
        .after(1)
        .run(WORKER)
        .allocate(BLOCK, 16, SITE);
    recording.on(0).after(1).free(BLOCK, OTHER);
    let [zero, one] = recording.openocd_by_core();
    let reading = read(&[one.clone(), zero.clone()]);
    let cores: Vec<u8> = reading.heap().iter().map(|event| event.core).collect();
    assert_eq!(cores, [1, 0]);
    assert_eq!(reading.heap_contexts(), ["worker", "main"]);
    assert_eq!(reading.heap()[0].input, 0);
    let alone = read(&[one]);
    assert_eq!(alone.heap()[0].core, 1);
    assert_eq!(alone.outcome.target.cores, [1]);
    let twice = read(&[zero.clone(), zero]);
    assert_eq!(
        twice
            .problem("same-core-twice")
            .map(|problem| &problem.kind),
        Some(&ProblemKind::SameCoreTwice { core: 0 })
    );
}

/// Ids are shrunk by what `INIT` says, so that tasks are called by their real addresses.
#[test]
fn ids_are_expanded() {
    let mut recording = Scenario::empty();
    recording.shift(2).start().module(512, IDF_HEAP);
    recording.run(RAM + 0x40).allocate(BLOCK, 16, SITE);
    let reading = read_in_pieces(&[recording.plain()], || 1);
    assert_eq!(reading.heap_contexts(), ["task@0x3fc00040"]);
    let Kind::Heap(HeapEvent::Allocation { address, .. }, _) = reading.heap()[0].kind else {
        panic!("an allocation");
    };
    assert_eq!(
        address,
        u64::from(BLOCK),
        "blocks are not shrunk by this module"
    );
    let init = Init {
        timestamp_hz: HZ,
        cpu_hz: 160 * HZ,
        ram_base: RAM,
        id_shift: 2,
    };
    assert_eq!(init.expand(0x10), RAM + 0x40);
}
