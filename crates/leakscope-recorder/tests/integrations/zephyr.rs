//! The module for Zephyr.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_testing::needs::has_tool;

use crate::compile::{INTEGRATIONS, compiler, headers, run};

const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integrations/zephyr");

const HEADERS: [&str; 7] = [
    "zephyr/device.h",
    "zephyr/drivers/uart.h",
    "zephyr/init.h",
    "zephyr/kernel.h",
    "zephyr/linker/linker-defs.h",
    "zephyr/spinlock.h",
    "zephyr/sys/sys_heap.h",
];

fn compile(test: &str, name: &str, flags: &[&str]) -> Command {
    let module = Path::new(INTEGRATIONS).join("zephyr");
    let folders = [
        headers(test, &HEADERS),
        STAND_IN.into(),
        module.join("include"),
        module.join("src"),
        Path::new(INTEGRATIONS).join("c"),
    ];
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let mut command = compiler(name, &folders);
    command.args(flags);
    command
}

fn source(name: &str) -> PathBuf {
    Path::new(INTEGRATIONS).join("zephyr/src").join(name)
}

/// With the scheduler's events and without, on one core and on several, by either link.
#[test]
fn compilers_of_chips_take_it() {
    let riscv = ["-march=rv32imc_zicsr", "-mabi=ilp32"];
    let arm = [
        "-mcpu=cortex-m3",
        "-mthumb",
        "-DCONFIG_ARM=1",
        "-DCONFIG_CPU_CORTEX_M=1",
    ];
    let targets: [(&str, &[&str]); 3] = [
        ("arm-none-eabi-gcc", &arm),
        ("riscv64-unknown-elf-gcc", &riscv),
        ("xtensa-lx106-elf-gcc", &["-mlongcalls"]),
    ];
    let kinds: [&[&str]; 4] = [
        &["-DCONFIG_TRACING_USER=1"],
        &["-DCONFIG_TRACING_USER=1", "-DCONFIG_SMP=1"],
        &["-DCONFIG_LEAKSCOPE_UART=1"],
        &[],
    ];
    let strings = headers("zephyr-c-library", &["string.h"]);
    std::fs::write(
        strings.join("string.h"),
        "#include <stddef.h>\n\
        void *memcpy(void *, const void *, size_t);\n\
        void *memmove(void *, const void *, size_t);\n\
        void *memset(void *, int, size_t);\n\
        size_t strlen(const char *);\n",
    )
    .expect("the target folder can be written");
    for (name, machine) in targets {
        if !has_tool(name) {
            continue;
        }
        for kind in kinds {
            let flags = ["-Os", "-ffreestanding", "-fsyntax-only"];
            let mut command = compile("zephyr-chips", name, &[&flags, machine, kind].concat());
            command.args(["heap.c", "start.c", "threads.c", "uart.c"].map(source));
            command.arg("-isystem").arg(&strings);
            run(command.arg(Path::new(INTEGRATIONS).join("c/leakscope.c")));
        }
    }
}

/// Each call is told once, by who has made it: a heap that calls itself is not.
#[test]
fn callers_are_the_programs() {
    if !has_tool("gcc") {
        return;
    }
    let program = headers("zephyr-program", &HEADERS).join("program");
    let mut command = compile("zephyr-program", "gcc", &["-O1"]);
    let functions = [
        "alloc",
        "noalign_alloc",
        "aligned_alloc",
        "realloc",
        "aligned_realloc",
        "free",
    ];
    command.args(functions.map(|name| format!("-Wl,--wrap=sys_heap_{name}")));
    command.args(["program.c", "heap.c"].map(|source| Path::new(STAND_IN).join(source)));
    run(command.arg(source("heap.c")).arg("-o").arg(&program));
    let output = Command::new(&program).output().expect("it was built");
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).expect("it prints text");
    let words: Vec<Vec<&str>> = said.lines().map(|line| line.split(' ').collect()).collect();
    let told: Vec<(&str, &str)> = words.iter().map(|words| (words[0], words[1])).collect();
    assert_eq!(
        told,
        [
            ("alloc", "1"),
            ("alloc", "2"),
            ("begin", "3"),
            ("realloc", "3"),
            ("begin", "4"),
            ("realloc", "4"),
            ("free", "0"),
            ("failed", "10000"),
        ]
    );
    let callers: BTreeSet<&str> = words.iter().map(|words| words[2]).collect();
    assert_eq!(
        callers.len(),
        6,
        "a place for each call of the program: {said}"
    );
}
