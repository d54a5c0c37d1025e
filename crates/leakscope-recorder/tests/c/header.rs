//! What C programs see: the header, and the files that wrap allocators.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_testing::needs::has_tool;

use crate::library::{Library, SOURCES, run};

/// A folder of this test's own, with a file in it.
fn file(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let path = folder.join(name);
    fs::write(&path, text).expect("the target folder can be written");
    path
}

/// The functions that the header declares, one at the beginning of a line.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(Path::new(SOURCES).join("leakscope.h")).expect("it is there");
    let kinds = ["void ", "size_t ", "bool ", "struct leakscope_summary "];
    let declaration = |line: &str| {
        let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
        let (name, _) = rest.split_once('(')?;
        Some(name.to_owned())
    };
    header.lines().filter_map(declaration).collect()
}

/// Each of them exists.
#[test]
fn the_header_declares_what_exists() {
    let Some(library) = Library::build("header", &[]) else {
        return;
    };
    let declared = declared();
    assert!(declared.len() > 30, "{declared:?}");
    for name in &declared {
        assert!(library.has(name), "{name}");
    }
}

/// A C++ list does not narrow numbers; the log must.
#[test]
fn a_message_in_cpp_takes_every_number() {
    let source = file(
        "log.cpp",
        r#"#include "leakscope.h"
        enum color { red };
        void log_all(int number, long big, bool flag, unsigned char byte, color name) {
            leakscope_log(LEAKSCOPE_WARNING, "%d %d %d %d %d", number, big, flag, byte, name);
            leakscope_log(LEAKSCOPE_LOG, "none");
        }"#,
    );
    for compiler in ["g++", "clang++"] {
        if has_tool(compiler) {
            for standard in ["-std=c++11", "-std=c++20"] {
                let mut command = Command::new(compiler);
                let flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", standard];
                run(command.args(flags).arg("-I").arg(SOURCES).arg(&source));
            }
        }
    }
}

/// What the kernel and its heaps say, and what becomes of it: `heap_3` frees before it says so.
const KERNEL: &str = r#"
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #define LEAKSCOPE_FREERTOS
    #define configRECORD_STACK_HIGH_ADDRESS 1
    typedef unsigned StackType_t;
    #include "leakscope.h"

    struct tcb { unsigned uxPriority; StackType_t *pxStack, *pxEndOfStack; char pcTaskName[12]; } *pxCurrentTCB;
    uintptr_t leakscope_stack_end;
    void leakscope_on_alloc_from(const void *b, size_t size, const void *c, const void *f) { (void)c, (void)f; printf(b != NULL ? "alloc %zu\n" : "no block of %zu\n", size); }
    void leakscope_on_failed_from(size_t size, const void *c, const void *f) { (void)c, (void)f; printf("failed %zu\n", size); }
    void leakscope_on_free_from(const void *b, size_t size, const void *c, const void *f) { (void)b, (void)c, (void)f; printf("free %zu\n", size); }
    void leakscope_task(const void *t, uint32_t p, const char *name, const void *s, size_t size) { (void)t, (void)p, (void)s, (void)size; printf("task %s\n", name); }
    void leakscope_task_create(const void *t) { (void)t; }
    void leakscope_task_runs(const void *t) { (void)t; printf("runs\n"); }
    void leakscope_idle(void) { printf("idle\n"); }

    __attribute__((noinline)) void *pvPortMalloc(size_t xWantedSize) {
        void *block = xWantedSize - 1 < 100 ? malloc(xWantedSize) : NULL;
        traceMALLOC(block, block != NULL ? xWantedSize : 0);
        return block;
    }
    __attribute__((noinline)) void vPortFree(void *pv) {
        if (pv != NULL) {
            free(pv);
            traceFREE(pv, 0);
        }
    }
    int main(void) {
        const char *names[] = {"IDLE", "IDLE1", "IDLEMON", "IDL", "idle"};
        for (int i = 0; i < 5; i++) {
            struct tcb task = {0};
            memcpy(task.pcTaskName, names[i], strlen(names[i]));
            pxCurrentTCB = &task;
            traceTASK_CREATE(pxCurrentTCB);
            traceTASK_SWITCHED_IN();
        }
        vPortFree(pvPortMalloc(10));
        return pvPortMalloc(0) != NULL || pvPortMalloc(1000) != NULL;
    }
"#;

/// A kernel's words are told as they are meant, and bring no warnings.
#[test]
fn a_kernel_is_understood() {
    if !has_tool("gcc") {
        return;
    }
    let source = file("kernel.c", KERNEL);
    let program = source.with_extension("");
    let mut command = Command::new("gcc");
    command.args(["-O2", "-Wall", "-Wextra", "-Werror", "-I", SOURCES]);
    run(command.arg(&source).arg("-o").arg(&program));
    let said = run(&mut Command::new(&program));
    let expected = [
        "idle",
        "idle",
        "task IDLEMON",
        "runs",
        "task IDL",
        "runs",
        "task idle",
        "runs",
        "alloc 10",
        "free 0",
        "no block of 0",
        "no block of 1000",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

/// Only what is asked for is wrapped: the linker need not drop what nobody calls.
#[test]
fn freertos_is_wrapped_alone() {
    if !has_tool("gcc") {
        return;
    }
    let source = file(
        "wrapped.c",
        r#"#include <stddef.h>
        #include "leakscope.h"
        static char heap[64];
        void *pvPortMalloc(size_t size) { return size < 64 ? heap : NULL; }
        void vPortFree(void *block) { (void)block; }
        bool leakscope_call_begins(const void *frame) { (void)frame; return true; }
        void leakscope_call_ends(const void *frame) { (void)frame; }
        void leakscope_on_alloc_from(const void *b, size_t size, const void *c, const void *f) { (void)b, (void)size, (void)c, (void)f; }
        void leakscope_on_free_from(const void *b, size_t size, const void *c, const void *f) { (void)b, (void)size, (void)c, (void)f; }"#,
    );
    let program = file(
        "caller.c",
        "#include <stddef.h>\nvoid *pvPortMalloc(size_t size);\nvoid vPortFree(void *block);\n\
        int main(void) { vPortFree(pvPortMalloc(4)); return 0; }\n",
    );
    let mut command = Command::new("gcc");
    command.args(["-DLEAKSCOPE_FREERTOS_WRAPPED", "-I", SOURCES]);
    command.arg("-Wl,--wrap=pvPortMalloc,--wrap=vPortFree");
    command.args([&source, &program]);
    command.arg(Path::new(SOURCES).join("leakscope_wrap.c"));
    run(command.arg("-o").arg(program.with_extension("")));
}
