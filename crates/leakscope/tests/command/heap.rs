//! `leakscope heap` on recordings of real firmware: where the heap is, which moment, and what fits.

use leakscope_testing::project;
use serde_json::Value;

use crate::run::leakscope;

/// A recording of FreeRTOS' heap_4, begun when its first task ran, and its program.
const FREERTOS: &str = "testdata/firmware/freertos-mps2-an385";
/// One of Rust's `linked_list_allocator`.
const EMBASSY: &str = "testdata/firmware/embassy-virt";

fn heap(folder: &str, file: &str, arguments: &[&str]) -> Value {
    let recording = project().join(folder).join(file);
    leakscope(["heap", "--format", "json"])
        .on(arguments)
        .on(&[recording])
        .json()
}

#[test]
fn real_allocators_are_recognised() {
    let map = heap(FREERTOS, "steady.svdat", &[]);
    assert_eq!(
        map["allocator"],
        "FreeRTOS' heap_4 or heap_5, sizes with headers"
    );
    let (addresses, predicted) = (map["addresses"].as_u64(), map["predicted"].as_u64());
    // The first one: what lay below it was allocated before the recording.
    assert_eq!(predicted, addresses.map(|all| all - 1));
    assert!(map["regions"][0]["unknown_bytes"].as_u64() > Some(0));
    for file in [
        "double-free.svdat",
        "error-path.svdat",
        "growing-table.svdat",
        "out-of-memory.svdat",
    ] {
        let map = heap(EMBASSY, file, &[]);
        assert_eq!(map["allocator"], "linked_list_allocator", "{file}");
        assert_eq!(map["predicted"], map["addresses"], "{file}");
        assert_eq!(map["regions"][0]["unknown_bytes"], 0, "{file}");
    }
}

/// What the target says of its heap, what its program says, and what a user says are the same region here.
#[test]
fn regions_from_whoever_tells() {
    let told = heap(EMBASSY, "error-path.svdat", &[]);
    let typed = heap(
        EMBASSY,
        "error-path.svdat",
        &["--heap-region", "0x8000f058+96KiB"],
    );
    assert_eq!(typed, told);
    let other = heap(
        EMBASSY,
        "error-path.svdat",
        &["--heap-region", "0x20000000+96KiB"],
    );
    assert_eq!(
        (&other["addresses"], &other["is_estimate"]),
        (&0.into(), &true.into())
    );
    assert_eq!(other["outside"], told["addresses"]);
    let program = project().join(FREERTOS).join("program.elf");
    let elf = program.to_str().expect("a path");
    let old = "testdata/firmware/recorder-2026-11-22";
    let by_program = heap(old, "bounded-cache-esp-idf.svdat", &["--elf", elf]);
    assert_eq!(by_program["regions"][0]["name"], "ucHeap");
    assert_eq!(by_program["regions"][0]["length_bytes"], 96 * 1024);
}

#[test]
fn at_a_moment_and_whether_something_fits() {
    let end = heap(EMBASSY, "out-of-memory.svdat", &["--fits", "2000"]);
    assert_eq!(end["fits"]["addresses"], serde_json::json!([null]));
    let before = heap(
        EMBASSY,
        "out-of-memory.svdat",
        &["--fits", "2000", "--at", "100ms"],
    );
    assert!(before["fits"]["addresses"][0].is_string());
    assert_eq!(before["failures"], serde_json::json!([]));
    assert!(before["time_s"].as_f64() <= Some(0.1) && before["addresses"].as_u64() > Some(0));
    // Each failure of the recording is explained.
    let failures = end["failures"].as_array().expect("a list");
    assert_eq!(failures.len(), 9);
    let explained = |failure: &Value| {
        ["full", "fragmented"].contains(&failure["reason"].as_str().unwrap_or_default())
    };
    assert!(failures.iter().all(explained), "{failures:?}");
}

#[test]
fn what_cannot_be_looked_at() {
    let steady = project().join("testdata/steady-leak/input.svdat");
    let ran = leakscope(["heap"]).on(&[&steady]).end();
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("nobody tells where the heap is")
            && ran.stderr.contains("--heap-region")
    );
    let log = project().join("testdata/README.md");
    let ran = leakscope(["heap", "--boot-log"]).on(&[&log, &steady]).end();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("lists no heaps"), "{}", ran.stderr);
    let saved = project().join("testdata/steady-leak/report.json");
    let ran = leakscope(["heap"]).on(&[&saved]).end();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no recordings"), "{}", ran.stderr);
}
