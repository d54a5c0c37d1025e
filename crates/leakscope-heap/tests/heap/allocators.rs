//! The models against the allocators' own code: 100,000 operations each, address for address.
//!
//! `golden/` has a fingerprint of each 1,000 addresses that the allocators' own code has given, built for 32 bits. They were made
//! with `LEAKSCOPE_ALLOCATORS=/folder LEAKSCOPE_BLESS=1`: the folder holds programs, each called as an allocator's golden file,
//! which reads operations (three words each: what, which block, size) and writes for each the size that the allocator's
//! hook tells and the address, or 0. The heap has 64 KiB at 0x20000000.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use leakscope_testing::project;

use crate::workload::{BASE, Heap, Operation, PLACES, operations};

/// What is called how: the golden file, the model, and whether it reallocates.
const MODELS: &[(&str, &str, bool)] = &[
    ("heap_1", "FreeRTOS' heap_1", false),
    ("heap_2", "FreeRTOS' heap_2", false),
    ("heap_4", "FreeRTOS' heap_4 or heap_5", false),
    ("tlsf", "ESP-IDF's TLSF", true),
    ("tlsf-light", "ESP-IDF's TLSF with light poisoning", true),
    (
        "tlsf-comprehensive",
        "ESP-IDF's TLSF with comprehensive poisoning",
        true,
    ),
    ("sys_heap", "Zephyr's sys_heap", true),
    ("newlib-nano-4", "newlib-nano's malloc", true),
    ("newlib-nano-3", "newlib-nano's malloc, up to 4.1", true),
    ("tlsf-owner", "ESP-IDF's TLSF with task tracking", true),
    (
        "tlsf-light-owner",
        "ESP-IDF's TLSF with light poisoning and task tracking",
        true,
    ),
    (
        "tlsf-comprehensive-owner",
        "ESP-IDF's TLSF with comprehensive poisoning and task tracking",
        true,
    ),
];

/// The addresses that a model gives.
pub(crate) fn predicted(name: &str, operations: &[Operation]) -> Vec<u64> {
    let mut heap = Heap::new(name);
    let mut places = [0; PLACES];
    let never_frees = name.ends_with("heap_1");
    let addresses = operations.iter().map(|operation| {
        let place = &mut places[operation.place];
        let size = operation.size;
        match *place {
            0 => {
                *place = heap.request(1, size).unwrap_or(0);
                *place
            }
            old if operation.is_reallocation => {
                heap.map();
                let moved = heap.pool().place_of_resized(old, size);
                match moved {
                    Some(address) => {
                        heap.reallocate(1, old, address, size);
                        *place = address;
                    }
                    None => heap.fail(1, size),
                }
                moved.unwrap_or(0)
            }
            old => {
                if !never_frees {
                    heap.free(old);
                }
                *place = 0;
                0
            }
        }
    });
    let addresses = addresses.collect();
    let addresses_seen = heap.map().addresses();
    assert_eq!(heap.candidate().predicted(), addresses_seen, "{name}");
    addresses
}

/// What the allocator's own code says: of each operation, the size that its hook tells, and the address.
pub(crate) fn run(program: &Path, operations: &[Operation]) -> Vec<(u64, u64)> {
    let output = output(program, operations, &[]);
    let words = output.chunks_exact(4);
    let words: Vec<u64> = words
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]).into())
        .collect();
    let answers: Vec<_> = words
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    assert_eq!(answers.len(), operations.len());
    answers
}

/// What its program writes, which is told some words more.
pub(crate) fn output(program: &Path, operations: &[Operation], more: &[u32]) -> Vec<u8> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the allocator's program starts");
    let mut input = child.stdin.take().expect("it reads");
    let words = operations.iter().flat_map(|operation| {
        let what = if operation.is_reallocation { 2 } else { 1 };
        [what, operation.place as u32, operation.size as u32].map(u32::to_le_bytes)
    });
    let more = more.iter().map(|word| word.to_le_bytes());
    let bytes: Vec<u8> = words.chain(more).flatten().collect();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it has read all");
    output.stdout
}

/// A line for each 1,000 addresses (FNV-1a).
fn fingerprints(addresses: &[u64]) -> String {
    let lines = addresses.chunks(1000).map(|addresses| {
        let hash = addresses
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, address| {
                (hash ^ address.saturating_sub(BASE)).wrapping_mul(0x100_0000_01b3)
            });
        format!("{hash:016x}\n")
    });
    lines.collect()
}

#[test]
fn as_their_own_code() {
    let golden = project().join("crates/leakscope-heap/tests/heap/golden");
    for &(file, name, reallocates) in MODELS {
        let operations = operations(reallocates);
        let golden = golden.join(file).with_extension("txt");
        let folder = std::env::var_os("LEAKSCOPE_ALLOCATORS").unwrap_or_default();
        let program = Path::new(&folder).join(file);
        if std::env::var_os("LEAKSCOPE_BLESS").is_some()
            && program.is_absolute()
            && program.exists()
        {
            let answers = run(&program, &operations);
            let addresses: Vec<u64> = answers.iter().map(|&(_, address)| address).collect();
            std::fs::write(&golden, fingerprints(&addresses)).expect("golden");
        }
        let expected = std::fs::read_to_string(&golden).expect("a golden file");
        let found = fingerprints(&predicted(name, &operations));
        let same = expected
            .lines()
            .zip(found.lines())
            .take_while(|(a, b)| a == b);
        assert_eq!(
            same.count(),
            100,
            "thousands of addresses of {name} that are right"
        );
    }
}
