//! FreeRTOS' heaps as the firmware in `firmware/freertos` is built with them, from the crate `freertos-next`: each address, and the
//! sizes with headers that the kernel's macro tells.

use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_testing::{needs, project};

use crate::allocators::{output, predicted, run};
use crate::image::{self, Image};
use crate::workload::{BASE, Heap, LENGTH, Operation, PLACES, operations};

/// Where cargo keeps the kernel's heaps.
fn sources() -> Option<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .arg("--manifest-path")
        .arg(project().join("firmware/freertos/kernel/Cargo.toml"))
        .output()
        .ok()?;
    let metadata = String::from_utf8(output.stdout).ok()?;
    let paths = metadata.split('"');
    let mut kernels = paths.filter_map(|path| path.strip_suffix("/Cargo.toml"));
    let kernel = kernels.find(|path| path.contains("/freertos-next-"))?;
    Some(Path::new(kernel).join("FreeRTOS-Kernel/portable/MemMang"))
}

/// Builds one of them as a program, or says why not.
fn build(sources: &Path, heap: &str, defined: &str, folder: &Path) -> Option<PathBuf> {
    let own_code = project().join("crates/leakscope-heap/tests/heap/own_code");
    let program = folder.join(format!("{heap}{defined}"));
    let headers = Command::new("gcc")
        .arg("-print-file-name=include")
        .output()
        .ok()?;
    let headers = String::from_utf8(headers.stdout).ok()?;
    let built = Command::new("gcc")
        .args([
            "-m32",
            "-O1",
            "-w",
            "-nostdlib",
            "-static",
            "-nostdinc",
            "-ffreestanding",
            "-fno-builtin",
        ])
        .args([
            "-fno-pic",
            "-no-pie",
            "-fno-stack-protector",
            "-isystem",
            headers.trim(),
        ])
        .arg("-I")
        .arg(own_code.join("include"))
        .arg(format!("-DUCHEAP={BASE}"))
        .arg(format!("-D{defined}"))
        .arg(format!("-DconfigTOTAL_HEAP_SIZE=((size_t){LENGTH})"))
        .arg(format!("-Wl,--defsym,ucHeap={BASE}"))
        .arg(own_code.join("driver.c"))
        .arg(sources.join(heap).with_extension("c"))
        .arg("-o")
        .arg(&program)
        .status();
    built
        .is_ok_and(|status| status.success())
        .then_some(program)
}

#[test]
fn as_the_kernel_that_firmware_is_built_with() {
    if !needs::has_tool("gcc") || !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return needs::skip("gcc for x86 under Linux");
    }
    let Some(sources) = sources() else {
        return needs::skip("the crate freertos-next");
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let operations = operations(false);
    for (heap, defined, name) in [
        ("heap_1", "portBYTE_ALIGNMENT=8", "FreeRTOS' heap_1"),
        ("heap_2", "portBYTE_ALIGNMENT=8", "FreeRTOS' heap_2"),
        (
            "heap_4",
            "portBYTE_ALIGNMENT=8",
            "FreeRTOS' heap_4 or heap_5",
        ),
        (
            "heap_4",
            "portBYTE_ALIGNMENT=16",
            "FreeRTOS' heap_4, aligned to 16",
        ),
        (
            "heap_4",
            "portBYTE_ALIGNMENT=4",
            "FreeRTOS' heap_4, aligned to 4",
        ),
    ] {
        let program = build(&sources, heap, defined, &folder).expect("it is built");
        let answers = run(&program, &operations);
        let addresses: Vec<u64> = answers.iter().map(|&(_, address)| address).collect();
        assert!(addresses == predicted(name, &operations), "{name}");
        if heap != "heap_1" {
            // The same by the sizes that the kernel tells: of each block, with what it got more than it needed.
            let told = Heap::new(&format!("{name}, sizes with headers"));
            let sizes = answers.iter().map(|answer| answer.0);
            follows(told, &operations, sizes, &addresses);
        }
    }
    let program = build(&sources, "heap_4", "portBYTE_ALIGNMENT=8", &folder).expect("it is built");
    let operations_first = &operations[..5000];
    image::check(
        "FreeRTOS' heap_4 or heap_5",
        operations_first,
        &predicted("FreeRTOS' heap_4 or heap_5", operations_first),
        &in_memory(&program, operations_first),
    );
    // Two regions: a block lies in the second only if the first has no room.
    let program = build(&sources, "heap_5", &format!("GAP={GAP}"), &folder).expect("it is built");
    let answers = run(&program, &operations);
    let addresses: Vec<u64> = answers.iter().map(|&(_, address)| address).collect();
    let regions = [BASE..BASE + GAP, BASE + GAP + 0x1000..BASE + LENGTH];
    assert!(addresses.iter().any(|address| regions[1].contains(address)));
    let asked = Heap::of_regions(&regions, "FreeRTOS' heap_5");
    let sizes = operations.iter().map(|operation| operation.size);
    follows(asked, &operations, sizes, &addresses);
    let told = Heap::of_regions(&regions, "FreeRTOS' heap_5, sizes with headers");
    let sizes = answers.iter().map(|answer| answer.0);
    follows(told, &operations, sizes, &addresses);
}

/// What lies in the heap's memory after these operations.
fn in_memory(program: &Path, operations: &[Operation]) -> Image {
    let written = output(program, operations, &[3, 0, 0]);
    let memory = written[8 * operations.len()..].chunks_exact(4);
    let words = memory.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let mut image = Image::default();
    image.words.extend((BASE..).step_by(4).zip(words));
    image
}

/// The length of heap_5's first region.
const GAP: u64 = 0x5000;

/// A map that is told what the kernel did, in sizes of some kind, has predicted all of it.
fn follows(
    mut heap: Heap,
    operations: &[Operation],
    sizes: impl Iterator<Item = u64>,
    addresses: &[u64],
) {
    let mut places = [0; PLACES];
    for ((operation, size), &address) in operations.iter().zip(sizes).zip(addresses) {
        let place = &mut places[operation.place];
        match *place {
            0 if address == 0 => {}
            0 => heap.allocate(1, address, size),
            old => heap.free(old),
        }
        *place = address;
    }
    let addresses = heap.map().addresses();
    let name = heap.candidate().allocator().name;
    assert_eq!(heap.candidate().predicted(), addresses, "{name}");
}
