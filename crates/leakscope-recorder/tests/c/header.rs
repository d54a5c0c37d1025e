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

/// A kernel that does nothing, and a recorder that prints who called: both call sites are told apart.
#[test]
fn zephyrs_callers_are_the_programs() {
    if !has_tool("cc") {
        return;
    }
    let source = file(
        "zephyr.c",
        r#"#include "leakscope.h"
        #include <stdio.h>
        void *k_malloc(size_t size);
        void *k_realloc(void *from, size_t size);
        void leakscope_on_alloc_from(const void *block, size_t size, const void *caller, const void *frame) {
            printf("alloc %p %d\n", caller, (int)size);
        }
        void leakscope_on_realloc_begin_from(const void *from, size_t from_size, size_t size,
                                             const void *caller, const void *frame) {
            printf("begin %p %d\n", caller, (int)size);
        }
        void leakscope_on_realloc_from(const void *from, size_t from_size, const void *block, size_t size,
                                       const void *caller, const void *frame) {
            printf("realloc %p %d\n", caller, (int)size);
        }
        void leakscope_on_free_from(const void *block, size_t size, const void *caller, const void *frame) {}
        int main(void) {
            void *first = k_malloc(1);
            void *second = k_malloc(2);
            return k_realloc(first, 3) == second;
        }"#,
    );
    let kernel = file(
        "kernel.c",
        "#include <stddef.h>
        static char memory[100];
        void *k_malloc(size_t size) { return memory + size; }
        void *k_calloc(size_t count, size_t size) { return memory + count * size; }
        void *k_aligned_alloc(size_t alignment, size_t size) { return memory + alignment + size; }
        void *k_realloc(void *from, size_t size) { return (char *)from + size; }
        void k_free(void *block) { (void)block; }",
    );
    let program = source.with_extension("elf");
    let functions = [
        "k_malloc",
        "k_calloc",
        "k_aligned_alloc",
        "k_realloc",
        "k_free",
    ];
    let mut compile = Command::new("cc");
    compile.args(functions.map(|name| format!("-Wl,--wrap={name}")));
    compile.arg("-I").arg(SOURCES).arg("-o").arg(&program);
    compile.args([
        &source,
        &kernel,
        &Path::new(SOURCES).join("leakscope_zephyr.c"),
    ]);
    run(&mut compile);
    let output = run(&mut Command::new(&program));
    let words: Vec<Vec<&str>> = output
        .lines()
        .map(|line| line.split(' ').collect())
        .collect();
    let calls: Vec<(&str, &str)> = words.iter().map(|words| (words[0], words[2])).collect();
    assert_eq!(
        calls,
        [
            ("alloc", "1"),
            ("alloc", "2"),
            ("begin", "3"),
            ("realloc", "3")
        ]
    );
    let callers: Vec<&str> = words.iter().map(|words| words[1]).collect();
    assert_ne!(callers[0], callers[1]);
    assert_eq!(callers[2], callers[3]);
    assert_ne!(callers[0], callers[2]);
}
