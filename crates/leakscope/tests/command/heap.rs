//! `leakscope heap` on recordings of real firmware: where the heap is, which moment, and what fits.

use std::fs;
use std::process::Command;

use leakscope_testing::scenario::Scenario;
use leakscope_testing::{needs, project};
use serde_json::Value;
use tempfile::TempDir;

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

/// Where no name tells, newlib's own `_sbrk` takes what lies between the variables and the stack.
#[test]
fn a_heap_behind_the_variables() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("program.c"), "void _start(void) {}").expect("a source");
    let built = Command::new("cc")
        .args(["-nostdlib", "-static", "-Wl,--defsym,__end__=0x3ffb0000"])
        .args([
            "-Wl,--defsym,_estack=0x3fff0000",
            "program.c",
            "-o",
            "program.elf",
        ])
        .current_dir(folder.path())
        .status();
    assert!(built.expect("a C compiler").success());
    let elf = path("program.elf");
    let elf = elf.to_str().expect("a path");
    let map = heap("testdata/steady-leak", "input.svdat", &["--elf", elf]);
    assert_eq!(map["regions"][0]["name"], "__end__");
    assert_eq!(map["regions"][0]["length_bytes"], 0x40000);
    assert_eq!(map["outside"], 0);
    // A guess that is beside it says where nothing was found.
    let steady = project().join("testdata/steady-leak/input.svdat");
    let ran = leakscope(["heap", "--heap-region", "0x20000000+4KiB"])
        .on(&[&steady])
        .end();
    assert!(ran.stdout.contains("; 53 blocks were"), "{}", ran.stdout);
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

/// Without one predicted address, what is free is not known: there is no number of it, and no failure is explained by it.
#[test]
fn where_no_address_is_predicted_nothing_is_known() {
    let mut recording = Scenario::begun();
    for block in 0..60_u32 {
        // No allocator gives these in turn.
        let address = 0x3FFB_0004 + block * 7_919 % 997 * 64;
        recording.allocate(address, 24, &[0x400D_1234]);
        recording.free(address, &[0x400D_5678]);
    }
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("odd.svdat");
    fs::write(&file, recording.plain()).expect("room");
    let asked = ["--heap-region", "0x3ffb0000+320KiB", "--fits", "60000"];
    let map = leakscope(["heap", "--format", "json"])
        .on(&asked)
        .on(&[&file])
        .json();
    assert_eq!(
        (&map["predicted"], &map["addresses"]),
        (&0.into(), &60.into())
    );
    assert_eq!(map["failures"], serde_json::json!([]));
    assert_eq!(map["fits"]["addresses"], serde_json::json!([null]));
    assert_eq!(map["fits"]["unknown"], serde_json::json!([true]));
    let ran = leakscope(["heap"]).on(&asked).on(&[&file]).end();
    assert_eq!(ran.code, 0);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["nobody knows", "whether 60,000 B fit cannot be told"] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains("largest"), "{said}");
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
    assert!(
        ran.stderr.contains("it is a saved report"),
        "{}",
        ran.stderr
    );
}

/// ESP-IDF's list of its heaps is in an image of memory, and so is TLSF's own map of each.
#[test]
fn heaps_of_an_image() {
    if !needs::has_tool("arm-none-eabi-gcc") {
        return needs::skip("arm-none-eabi-gcc");
    }
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(
        path("program.c"),
        "void *registered_heaps; void _start(void) {}",
    )
    .expect("a source");
    let built = Command::new("arm-none-eabi-gcc")
        .args([
            "-nostdlib",
            "-Wl,-Tbss=0x3fc90000",
            "program.c",
            "-o",
            "program.elf",
        ])
        .current_dir(folder.path())
        .status();
    assert!(built.expect("a compiler").success());
    // The list's head, a heap that is not in use yet, and one that is. Without task tracking they have no names.
    let (list, heap) = (0x3fc9_0000_u32, 0x2000_0000_u32);
    let (unused, used) = (list + 16, list + 16 + 36);
    let words = [
        vec![unused, 0, 0, 0],
        vec![1, 2, 4, 0x3fce_0000, 0x3fcf_0000, 0, 0, 0, used],
        vec![1, 2, 4, heap, heap + 0x1_0000, 0, 0, heap, 0],
    ];
    let bytes = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    fs::write(path("list.bin"), bytes(&words.concat())).expect("a file");
    let golden = project().join("crates/leakscope-heap/tests/heap/golden/tlsf-memory.txt");
    let golden = fs::read_to_string(golden).expect("a golden file");
    let mut memory = vec![0_u32; 0x4000];
    let mut free = 0;
    for line in golden.lines() {
        let (offset, word) = line.split_once(' ').expect("two numbers");
        let number = |digits| u32::from_str_radix(digits, 16).expect("a number");
        memory[number(offset) as usize / 4] = number(word);
        free += (number(word) & 1) * (4 + (number(word) & !3));
    }
    fs::write(path("heap.bin"), bytes(&memory)).expect("a file");
    let recording = project().join("testdata/steady-leak/input.svdat");
    let ran = leakscope(["heap", "--format", "json", "--elf", "program.elf"])
        .on(&[
            "--image",
            "list.bin@0x3fc90000",
            "--image",
            "heap.bin@0x20000000",
        ])
        .on(&[&recording])
        .in_folder(folder.path());
    let map = ran.json();
    let region = &map["regions"][0];
    assert_eq!(
        (&region["start"], &region["length_bytes"]),
        (&"0x20000000".into(), &0x1_0000.into())
    );
    assert_eq!(
        (&region["is_exact"], &region["free_bytes"]),
        (&true.into(), &free.into())
    );
    assert_eq!(map["image"]["told_free_bytes"], free);
    assert_eq!(
        (&map["allocator"], &map["is_estimate"]),
        (&"ESP-IDF's TLSF".into(), &false.into())
    );
}

/// What happens at a moment itself belongs to what lives then, whoever is asked.
#[test]
fn a_moment_is_the_same_to_all() {
    let file = project().join(EMBASSY).join("out-of-memory.svdat");
    let ask = |arguments: &[&str]| leakscope(arguments).on(&[&file]).json();
    let listed = leakscope(["events", "--heap", "--format", "json"]).on(&[&file]);
    // The recording's own units of its heap, and three blocks.
    let moment = &listed.json_lines()[3]["time_s"].to_string();

    let map = ask(&["heap", "--format", "json", "--at", moment]);
    assert_eq!(map["regions"][0]["asked_bytes"], 688);
    let report = ask(&["report", "--format", "json", "--to", moment]);
    assert_eq!(report["totals"]["outstanding_bytes"], 688);
    let diff = ask(&["diff", "--format", "json", "--at", moment, "--at", "1"]);
    assert_eq!(diff["before"]["outstanding_bytes"], 688.0);
    let folded = leakscope(["export", "--as", "folded", "--to", moment])
        .on(&[&file])
        .stdout();
    let bytes = folded.lines().filter_map(|line| {
        let (_, number) = line.rsplit_once(' ')?;
        number.parse::<u64>().ok()
    });
    assert_eq!(bytes.sum::<u64>(), 688);
}
