//! The guide's pages for C: what stands there is compiled as it stands there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;
use leakscope_testing::needs::has_tool;

use crate::compile::{INTEGRATIONS, compiler, run};

/// What the programs want of other systems, in our words.
const HEADERS: [(&str, &str); 5] = [
    (
        "mbed_mem_trace.h",
        "#include <stdint.h>\n\
        enum { MBED_MEM_TRACE_MALLOC, MBED_MEM_TRACE_REALLOC, MBED_MEM_TRACE_CALLOC, MBED_MEM_TRACE_FREE };\n\
        void mbed_mem_trace_set_callback(void (*callback)(uint8_t operation, void *block, void *caller, ...));\n",
    ),
    (
        "tx_api.h",
        "typedef unsigned UINT;\ntypedef unsigned long ULONG;\ntypedef void VOID;\n#define TX_SUCCESS 0u\n\
        typedef struct { int unused; } TX_BYTE_POOL;\n\
        UINT __wrap__tx_byte_allocate(TX_BYTE_POOL *pool, VOID **block, ULONG size, ULONG wait);\n\
        UINT __wrap__tx_byte_release(VOID *block);\n",
    ),
    ("FreeRTOS.h", "#include <stdint.h>\n"),
    ("task.h", "void vApplicationIdleHook(void);\n"),
    ("zephyr/kernel.h", "#include <stddef.h>\n"),
];

fn page(name: &str) -> String {
    let path = Path::new(INTEGRATIONS).join("../docs").join(name);
    fs::read_to_string(path).expect("a page")
}

/// The blocks of a page in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("\n```{language}\n");
    let parts = page.split(&begin).skip(1);
    let blocks = parts.map(|part| part.split("```").next().unwrap_or_default().to_owned());
    blocks.collect()
}

/// A folder with headers, and the recorder's files.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(folder.join("zephyr")).expect("the target folder can be written");
    for (header, text) in HEADERS {
        fs::write(folder.join(header), text).expect("the target folder can be written");
    }
    for file in [
        "leakscope.c",
        "leakscope.h",
        "leakscope_wrap.c",
        "leakscope_new.cpp",
        "config/leakscope_config.h",
    ] {
        let from = Path::new(INTEGRATIONS).join("c").join(file);
        let to = folder.join(Path::new(file).file_name().expect("a file"));
        fs::copy(from, to).expect("the target folder can be written");
    }
    folder
}

/// Each block compiles, by itself.
#[test]
fn their_programs_compile() {
    if !has_tool("gcc") {
        return;
    }
    let folder = folder("pages");
    let zephyr = Path::new(INTEGRATIONS).join("zephyr/include");
    let counts = [("c.md", 4), ("freertos.md", 3), ("zephyr.md", 1)];
    for (name, count) in counts {
        let programs = blocks(&page(name), "c");
        assert_eq!(programs.len(), count, "{name}");
        for program in programs {
            let source = folder.join("program.c");
            fs::write(&source, &program).expect("the target folder can be written");
            let mut command = compiler("gcc", &[&folder, &zephyr]);
            // Addresses of chips have 32 bits.
            command.args(["-fsyntax-only", "-Wno-int-to-pointer-cast"]);
            // A program says what it leaves out.
            command.args(["-Wno-missing-field-initializers", "-Wno-unused-function"]);
            run(command.arg(&source));
        }
    }
}

/// The program for a computer is built by the page's commands, runs, and writes what the page says.
#[test]
fn the_computers_program_records_itself() {
    if !has_tool("gcc") || !cfg!(target_os = "linux") {
        return;
    }
    let folder = folder("page-c-computer");
    let page = page("c.md");
    let program = &blocks(&page, "c")[1];
    fs::write(folder.join("doorbell.c"), program).expect("the target folder can be written");
    let commands = blocks(&page, "sh");
    let commands = commands
        .iter()
        .find(|commands| commands.contains("./doorbell\n"));
    let (commands, report) = commands
        .and_then(|commands| commands.trim_end().rsplit_once('\n'))
        .expect("commands");
    assert!(
        report.starts_with("leakscope report heap.svdat "),
        "{report}"
    );
    let mut shell = Command::new("sh");
    run(shell.args(["-e", "-c", commands]).current_dir(&folder));
    let outcome = outcome(&folder);
    let totals = &outcome.totals;
    assert_eq!((totals.allocations, totals.frees), (200, 100));
    assert_eq!(
        (totals.outstanding_blocks, totals.dropped_packets),
        (100, 0)
    );
    let sites = &outcome.call_sites;
    assert!(sites.iter().all(|site| site.stack.len() > 1), "{sites:?}");
}

/// What the program in a folder has recorded.
fn outcome(folder: &Path) -> Outcome {
    let recording = fs::read(folder.join("heap.svdat")).expect("a recording");
    let inputs: &[&[u8]] = &[&recording];
    let mut analysis = Analysis::new(&Layout::of(inputs), KeepAll);
    let Ok(_) = analysis.run(inputs);
    analysis.outcome()
}

/// A program in C++ that allocates in two places.
const NEW: &str = r#"
    #include <cstdio>
    #include "leakscope.h"
    extern "C" char __executable_start[], etext[];
    static FILE *recording;
    static uint32_t time_passes() { static uint32_t now; return now += 10; }
    static size_t to_file(const uint8_t *bytes, size_t length) { return fwrite(bytes, 1, length, recording); }
    static char *volatile last;
    __attribute__((noinline)) static void ring() { last = new char[32]; last = nullptr; }
    __attribute__((noinline)) static void knock() { last = new char; delete last; }
    int main(int, char **words) {
        struct leakscope_config config = {};
        config.clock = time_passes;
        config.clock_hz = 1000000;
        config.code_start = (uintptr_t)__executable_start;
        config.code_end = (uintptr_t)etext;
        config.stacks_start = (uintptr_t)words - (1 << 20);
        config.stacks_end = (uintptr_t)words;
        recording = fopen("heap.svdat", "wb");
        leakscope_init(&config);
        leakscope_start();
        for (int visitor = 0; visitor < 100; visitor++) {
            ring();
            knock();
            leakscope_drain(0, to_file);
        }
        leakscope_stop();
        leakscope_drain(0, to_file);
        return fclose(recording);
    }
"#;

/// A folder with a program that needs no lock.
fn program_of_one_thread(name: &str, file: &str, program: &str) -> PathBuf {
    let folder = folder(name);
    let lock = "#include <stdint.h>\n\
        #define LEAKSCOPE_LOCK() ((uintptr_t)0)\n#define LEAKSCOPE_UNLOCK(state) ((void)(state))\n";
    fs::write(folder.join(file), program)
        .and_then(|()| fs::write(folder.join("leakscope_config.h"), lock))
        .expect("the target folder can be written");
    folder
}

/// They are two call sites.
#[test]
fn callers_of_new_are_found() {
    if !has_tool("g++") || !cfg!(target_os = "linux") {
        return;
    }
    let folder = program_of_one_thread("page-c-new", "doorbell.cpp", NEW);
    let commands = "gcc -g -O1 -fno-omit-frame-pointer -c leakscope.c leakscope_wrap.c\n\
        g++ -std=c++17 -g -O1 -fno-omit-frame-pointer -no-pie doorbell.cpp leakscope_new.cpp leakscope.o leakscope_wrap.o \
        -static-libstdc++ -o doorbell -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free \
        -Wl,--wrap=memalign,--wrap=aligned_alloc,--wrap=posix_memalign\n\
        ./doorbell";
    let mut shell = Command::new("sh");
    run(shell.args(["-e", "-c", commands]).current_dir(&folder));
    let outcome = outcome(&folder);
    let mut blocks: Vec<(u64, usize)> = outcome
        .call_sites
        .iter()
        .map(|site| (site.allocations, site.stack.len()))
        .collect();
    blocks.sort_unstable();
    // operator new, who calls it, and main.
    assert_eq!(blocks, [(100, 3), (100, 3)]);
    assert_eq!(outcome.totals.frees, 100);
}

/// A program that grows each of its blocks once, by count and size.
const GROW: &str = r#"
    #define _GNU_SOURCE
    #include <stdio.h>
    #include <stdlib.h>
    #include "leakscope.h"

    static FILE *recording;
    static size_t to_file(const uint8_t *bytes, size_t length) { return fwrite(bytes, 1, length, recording); }
    static uint32_t time_passes(void) { static uint32_t now; return now += 100; }

    int main(void) {
        static const struct leakscope_config config = {.clock = time_passes, .clock_hz = 1000000};
        recording = fopen("heap.svdat", "wb");
        leakscope_init(&config);
        leakscope_start();
        for (int visitor = 0; visitor < 100; visitor++) {
            char *block = malloc(10);
            if (reallocarray(block, SIZE_MAX / 2, 4) != NULL) {
                return 1;
            }
            block = reallocarray(block, 50, 40);
            free(block);
            leakscope_drain(0, to_file);
        }
        leakscope_stop();
        leakscope_drain(0, to_file);
        return fclose(recording);
    }
"#;

/// It is the C library's, whose own calls go past the wraps.
#[test]
fn a_reallocarray_is_a_reallocation() {
    if !has_tool("gcc") || !cfg!(target_os = "linux") {
        return;
    }
    let folder = program_of_one_thread("page-c-grow", "doorbell.c", GROW);
    let page = page("c.md");
    let build = blocks(&page, "sh").into_iter().find_map(|block| {
        let start = block.find("gcc -g -fno-omit-frame-pointer")?;
        Some(block[start..].to_owned())
    });
    let commands = build
        .expect("the page's command")
        .replace("leakscope report", "true");
    let mut shell = Command::new("sh");
    run(shell.args(["-e", "-c", &commands]).current_dir(&folder));
    let totals = outcome(&folder).totals;
    assert_eq!(
        (totals.reallocations, totals.failed_allocations),
        (100, 100)
    );
    assert_eq!((totals.outstanding_blocks, totals.frees), (0, 200));
}

/// The first command of the page, in a folder with what the page says.
#[test]
fn the_emulators_program_is_built_by_its_command() {
    if !has_tool("arm-none-eabi-gcc") || !Path::new("/usr/include/newlib/stdlib.h").exists() {
        return;
    }
    let folder = folder("page-c");
    let page = page("c.md");
    let program = &blocks(&page, "c")[0];
    fs::write(folder.join("doorbell.c"), program).expect("the target folder can be written");
    let command = &blocks(&page, "sh")[0];
    assert!(command.starts_with("arm-none-eabi-gcc "), "{command}");
    let mut shell = Command::new("sh");
    run(shell.args(["-e", "-c", command]).current_dir(&folder));
    assert!(folder.join("doorbell.elf").exists());
}
