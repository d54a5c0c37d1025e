//! What to do about a problem, apart from what it is.

use leakscope_analysis::problem::{ProblemKind, Silence};

/// Advice, where there is any. `inputs` files were read together.
pub(crate) fn hint(kind: &ProblemKind, inputs: usize) -> Option<&'static str> {
    Some(match kind {
        // No two cores hold one address at a time, but two runs do.
        ProblemKind::FreeLost if inputs > 1 => {
            "several files are read as the parts of one run: if they are of several runs, `leakscope diff A B` compares \
             them, and `leakscope check A B` judges each"
        }
        ProblemKind::Overflow { .. } => {
            "a larger trace buffer, a faster link, or fewer kinds of events recorded lose less"
        }
        ProblemKind::NotSystemView => {
            "the input must be a recording of SEGGER SystemView (.svdat), plain or packed (gzip, zstd)"
        }
        ProblemKind::Empty => "start the recording before the target, and stop it after the target",
        ProblemKind::NoStart | ProblemKind::NoInit => {
            "a recording that begins before the target starts tracing holds all there is"
        }
        ProblemKind::NoHeapEvents(Silence::OfRecorder) => {
            "no allocation reaches the recorder: link leakscope_wrap.c with its --wrap options, or call leakscope_on_alloc \
             and its kin (docs/c.md); in Rust, the recorder's allocator has to be the global one (docs/rust.md)"
        }
        ProblemKind::NoHeapEvents(Silence::Unnamed | Silence::Untraced) => {
            "heap events come from the firmware: from heap tracing to host in ESP-IDF, from \
             SEGGER_SYSVIEW_HeapAlloc and its kin, or from leakscope's recorder"
        }
        ProblemKind::HeapModuleGuessed { .. } => {
            "a recording that holds the start of tracing holds the modules' descriptions too"
        }
        ProblemKind::UnnamedModuleEvents { .. } => {
            "a recording that holds the start of tracing holds the modules' descriptions too; with \
             --description FILE, `events` names them without"
        }
        ProblemKind::NoCallStacks => {
            "in ESP-IDF, the depth of recorded call stacks is an option of heap tracing"
        }
        ProblemKind::StacksWithoutElf => {
            "give the ELF file, unstripped (`--elf`): call sites that differ further out are one until then"
        }
        ProblemKind::AllocationsUnseen { .. } => {
            "record from the start; record all functions that allocate: newlib's strdup, for one, calls _malloc_r"
        }
        ProblemKind::SameCoreTwice { .. } => {
            "give one file a core, or the files of one recording only"
        }
        ProblemKind::PackedCut => "fetch or pack the file again",
        ProblemKind::PlaceUnknown { .. } => {
            "link it with -no-pie (Rust: -C relocation-model=static), which fixes its place; or record more of its call sites"
        }
        ProblemKind::NoDebugInfo { .. } => {
            "compile with debug information (-g; Rust: debug = true in the profile), and give the file as the linker wrote \
             it: what goes onto the device may be stripped"
        }
        ProblemKind::ElfDiffers
        | ProblemKind::AddressesOutsideElf { .. }
        | ProblemKind::NotBehindCalls { .. } => {
            "give the ELF file of the very build that was traced: functions and lines are wrong otherwise"
        }
        ProblemKind::ElfUnchecked => {
            "give the file as the linker wrote it, with its code: `objcopy --only-keep-debug` leaves that out"
        }
        ProblemKind::TooShort { .. } => "record until the program has done its work several times",
        ProblemKind::NoHistory => {
            "a recording over time (host-based mode) tells leaks from caches, and how fast they grow"
        }
        ProblemKind::RecordsEvicted => {
            "use a larger record buffer, or start just before what is suspected: then all records are kept"
        }
        ProblemKind::DumpCut { has_end: true, .. } => {
            "lines got lost on the way: print the records again, and slower if the link has no flow control"
        }
        ProblemKind::DumpCut {
            is_interrupted: false,
            ..
        } => "save the log up to the line of `=` signs at the dump's end",
        ProblemKind::DumpInterrupted(_) => {
            "`heap_trace_dump` blocks interrupts: a smaller buffer, or a program that prints the records itself, is \
             not interrupted (docs/heap-dumps.md)"
        }
        ProblemKind::AddressesReused {
            is_of_leaks: true,
            has_hash_map: false,
        } => "in ESP-IDF 6.1, the option CONFIG_HEAP_TRACE_HASH_MAP avoids this doubt",
        ProblemKind::AddressesReused {
            is_of_leaks: false,
            has_hash_map: false,
        } => {
            "mode HEAP_TRACE_LEAKS avoids this doubt; in ESP-IDF 6.1, the option CONFIG_HEAP_TRACE_HASH_MAP does, too"
        }
        ProblemKind::AddressesReused {
            is_of_leaks: false,
            has_hash_map: true,
        } => "mode HEAP_TRACE_LEAKS avoids this doubt",
        ProblemKind::CallersAreData => {
            "CONFIG_ESP_SYSTEM_USE_FRAME_POINTER lets ESP-IDF record callers on RISC-V"
        }
        ProblemKind::SeveralDumps { .. } => "`leakscope diff FILE` compares them",
        ProblemKind::OneCoreOnly => "a debug probe (JTAG) records both cores",
        _ => return None,
    })
}
