//! Call sites of a program that is compiled here, in several ways: the same names, other lines and other code.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;
use leakscope_analysis::{Analysis, heap::KeepAll};
use leakscope_compare::diff::{Diff, Match};
use leakscope_report::{FrameSource, Report, Symbolizer};
use leakscope_symbols::Symbols;
use leakscope_testing::needs;
use leakscope_testing::scenario::Scenario;

const BEGIN: &str = r#"
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
extern "C" int main(int, char **);
static unsigned long volatile sum;
/* Prints the call stack from its caller on, up to main, and returns a block. */
__attribute__((noinline)) static void *allocate(unsigned long size) {
    void *frames[32];
    int count = backtrace(frames, 32);
    for (int i = 1; i < count; i++) printf("%lx ", (unsigned long)frames[i]);
    printf("\n");
    return malloc(size);
}
static void use(void *block) { sum += (unsigned long)block & 15; }
"#;

/// Families of functions, with what compilers do otherwise at other levels: small functions, functions that are called
/// once, loops, classes, templates, recursion, and two calls in one function.
const FAMILY: &str = r"
//SPACE
static void *take_N(unsigned long n) { void *block = allocate(n + N); use(block); return block; }
//SPACE
struct Buffer_N { void *data; explicit Buffer_N(unsigned long n) : data(take_N(n)) { use(data); } };
//SPACE
template <int Size> void *fixed_N() { void *block = take_N(Size); use(block); return block; }
//SPACE
static void receive_N(int argc) {
    Buffer_N first(8 + argc);
    use(first.data);
    for (int i = 0; i < argc; i++) use(take_N(16 + i));
    use(fixed_N<24>());
}
//SPACE
__attribute__((noinline)) static void walk_N(int depth) {
    if (depth > 0) walk_N(depth - 1); else use(take_N(40));
    sum += depth;
}
//SPACE
__attribute__((noinline)) void start_N(int argc) {
    receive_N(argc);
    walk_N(argc + 1);
    Buffer_N last(56);
    use(last.data);
}
";

/// The program; `space` stands above each function.
fn program(space: &str) -> String {
    let mut text = BEGIN.to_owned();
    let mut calls = String::new();
    for number in 0..20 {
        text += &FAMILY
            .replace("//SPACE", space)
            .replace("_N", &format!("_{number}"))
            .replace("n + N", &format!("n + {number}"));
        write!(calls, "start_{number}(argc); ").expect("a string");
    }
    text + &format!("int main(int argc, char **) {{ {calls} return sum > 1e9; }}\n")
}

/// A build of the program, and the report on a recording of it: `None` without a compiler.
fn built(folder: &Path, name: &str, space: &str, level: &str) -> Option<Report> {
    let source = folder.join(format!("{name}.cpp"));
    let elf: PathBuf = folder.join(name);
    fs::write(&source, program(space)).expect("a file");
    let compiled = Command::new("g++")
        .args(["-g", "-no-pie", level, "-o"])
        .args([&elf, &source])
        .output()
        .ok()?;
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let ran = Command::new(&elf).output().expect("the program runs");
    let symbols = Symbols::open(&elf).expect("its ELF file");
    let mut recording = Scenario::begun();
    recording.depth = 24;
    let text = String::from_utf8(ran.stdout).expect("lines of addresses");
    for (number, line) in (0..).zip(text.lines()) {
        let addresses = line
            .split_whitespace()
            .map(|address| u64::from_str_radix(address, 16));
        // Below main is the C library, where no address fits into 32 bits.
        let stack: Vec<u32> = addresses
            .map_while(|address| address.ok()?.try_into().ok())
            .collect();
        recording
            .after(10_000)
            .allocate(0x3FC8_0000 + 0x100 * number, 32, &stack);
    }
    let bytes = recording.openocd();
    let mut analysis = Analysis::new(&Layout::of(&[&bytes[..]]), KeepAll);
    let Ok(_) = analysis.run(&[&bytes[..]][..]);
    let outcome: Outcome = analysis.outcome();
    let mut symbolizer = Symbolizer::new(Some(&symbols as &dyn FrameSource));
    Some(Report::new(&outcome, &mut symbolizer, &[name.to_owned()]))
}

/// How many call sites are on both sides, and how many there are.
fn matched(before: &Report, after: &Report) -> (usize, usize) {
    let diff = Diff::of(
        std::slice::from_ref(before),
        std::slice::from_ref(after),
        None,
    );
    let found = diff
        .sites
        .iter()
        .filter(|site| site.matched != Match::Unmatched);
    (found.count(), diff.sites.len())
}

#[test]
fn a_call_site_is_the_same_in_every_build() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "/* a line of comment */\n".repeat(40);
    let build = |name, space: &str, level| built(folder.path(), name, space, level);
    let Some(fast) = build("fast", "", "-O2") else {
        needs::skip("g++");
        return;
    };
    let moved = build("moved", &lines, "-O2").expect("the compiler is there");
    let small = build("small", &lines, "-Os").expect("the compiler is there");
    assert!(fast.call_sites.len() >= 100, "{}", fast.call_sites.len());
    let (found, all) = matched(&fast, &moved);
    assert_eq!(found, all, "moved lines");
    let (found, all) = matched(&fast, &small);
    assert!(found * 100 >= all * 95, "{found} of {all}");
}
