//! Functions and lines of a program: one is compiled here, and recordings are made of its addresses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_symbols::Symbols;
use leakscope_systemview::{Extended, Packet};
use leakscope_testing::needs::say_skipped;
use leakscope_testing::scenario::Scenario;
use serde_json::{Value, json};

use crate::run::leakscope;

mod dumps;

/// A label behind each call is the address that the call returns to.
const PROGRAM: &str = r#"
#define RETURNS_TO(label) __asm__ volatile(".globl " #label "\n" #label ":" ::: "memory")
#define APART __attribute__((noinline))
#define WITHIN static inline __attribute__((always_inline))

extern void *volatile memory;
APART void region(unsigned size) { memory = (char *)memory + size; }
APART void heap_caps_malloc(unsigned size) {
    region(size);
    RETURNS_TO(in_heap_caps_malloc);
}
APART void pvPortMalloc(unsigned size) {
    heap_caps_malloc(size);
    RETURNS_TO(in_pvPortMalloc);
}
WITHIN void new_message(unsigned size) {
    pvPortMalloc(size); /* leaks */
    RETURNS_TO(in_new_message);
}
APART void receive(void) {
    new_message(24); /* receives */
}
APART void app_main(void) {
    receive(); /* begins */
    RETURNS_TO(in_app_main);
}
const char format[] = "%s: %u of %u bytes left, %d %%\n";
void *volatile memory;
int main(void) { app_main(); return 0; }
"#;

/// The line of the program with these words, from 1.
fn line(words: &str) -> usize {
    let found = PROGRAM.lines().position(|line| line.contains(words));
    found.expect("a line of the program") + 1
}

/// The program, compiled.
pub(crate) struct Program {
    folder: tempfile::TempDir,
    pub(crate) elf: PathBuf,
    pub(crate) symbols: Symbols,
}

impl Program {
    /// On systems without ELF files there is none to test with.
    pub(crate) fn compiled() -> Option<Self> {
        Self::of(PROGRAM)
    }

    fn of(source: &str) -> Option<Self> {
        if !cfg!(target_os = "linux") {
            say_skipped("programs here are no ELF files");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("app.c"), source).expect("a file");
        // At a fixed place below 4 GiB, as firmware is.
        let elf = build(folder.path(), "app.elf", &["-g", "-no-pie", "-fno-pic"]);
        let symbols = Symbols::open(&elf).expect("an ELF file");
        Some(Self {
            folder,
            elf,
            symbols,
        })
    }

    /// The same program, built with other options.
    fn built(&self, name: &str, options: &[&str]) -> PathBuf {
        build(self.folder.path(), name, options)
    }

    fn address(&self, symbol: &str) -> u32 {
        let symbol = self.symbols.symbol(symbol).expect("a symbol");
        symbol.address.try_into().expect("an address of 32 bits")
    }

    /// The call stack that leaks.
    pub(crate) fn stack(&self) -> Vec<u32> {
        let labels = [
            "in_heap_caps_malloc",
            "in_pvPortMalloc",
            "in_new_message",
            "in_app_main",
        ];
        labels.map(|label| self.address(label)).to_vec()
    }

    fn trace(&self, name: &str, recording: &Scenario) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, recording.openocd()).expect("a file");
        path
    }
}

fn build(folder: &Path, name: &str, options: &[&str]) -> PathBuf {
    let compiler = Command::new("cc")
        .args(["-O1", "-fno-optimize-sibling-calls"])
        .args(options)
        .args(["app.c", "-o", name])
        .current_dir(folder)
        .output()
        .expect("a C compiler");
    assert!(compiler.status.success(), "{compiler:?}");
    folder.join(name)
}

/// A leak with this call stack, and what the system says of itself.
pub(crate) fn leak(stack: &[u32], system: Option<&str>) -> Scenario {
    let mut recording = Scenario::begun();
    if let Some(system) = system {
        recording.system(system);
    }
    for number in 0..10 {
        recording
            .after(5_000)
            .allocate(0x3FFB_0000 + 64 * number, 24, stack);
    }
    recording
}

fn report(format: &str, elf: &Path, trace: &Path) -> crate::run::Run {
    leakscope(["report", "--format", format, "--elf"]).on(&[elf, trace])
}

fn frame(frame: &Value) -> (String, u64, bool) {
    (
        frame["function"].as_str().unwrap_or_default().to_owned(),
        frame["line"].as_u64().unwrap_or_default(),
        frame["inlined"].as_bool().expect("yes or no"),
    )
}

fn frames(frames: &Value) -> Vec<(String, u64, bool)> {
    frames
        .as_array()
        .expect("frames")
        .iter()
        .map(frame)
        .collect()
}

fn codes(report: &Value) -> Vec<&str> {
    let problems = report["problems"].as_array().expect("problems");
    problems
        .iter()
        .filter_map(|problem| problem["code"].as_str())
        .collect()
}

#[test]
fn addresses_become_functions_and_lines_of_calls() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let trace = program.trace("trace.svdat", &leak(&program.stack(), None));
    let report = report("json", &program.elf, &trace).json();
    assert_eq!(codes(&report), [""; 0]);
    let site = &report["call_sites"][0];
    assert_eq!(site["verdict"], "leak-steady");
    let expected =
        |function: &str, words: &str, inlined| (function.to_owned(), line(words) as u64, inlined);
    assert_eq!(
        frames(&site["allocator_frames"]),
        [
            expected("heap_caps_malloc", "    region(size);", false),
            expected("pvPortMalloc", "    heap_caps_malloc(size);", false)
        ]
    );
    assert_eq!(
        frames(&site["frames"]),
        [
            expected("new_message", "/* leaks */", true),
            expected("receive", "/* receives */", false),
            expected("app_main", "/* begins */", false)
        ]
    );
    let file = site["frames"][0]["file"].as_str().expect("a file");
    assert!(Path::new(file).ends_with("app.c"), "{file}");
    assert_eq!(site["frames"][1]["address"], site["frames"][0]["address"]);
}

/// The allocator's frames are folded: two ways through it are one call site.
#[test]
fn the_allocators_frames_are_no_difference() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let stack = program.stack();
    let mut recording = leak(&stack, None);
    for number in 10..20 {
        // This time `heap_caps_malloc` was called directly.
        let address = 0x3FFB_0000 + 64 * number;
        recording.after(5_000).allocate(address, 24, &stack[1..]);
    }
    let trace = program.trace("trace.svdat", &recording);
    let with = report("json", &program.elf, &trace).json();
    assert_eq!(with["call_sites"].as_array().map(Vec::len), Some(1));
    assert_eq!(with["call_sites"][0]["outstanding_blocks"], 20);
    let without = leakscope(["report", "--format", "json"])
        .on(&[trace])
        .json();
    assert_eq!(without["call_sites"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_text_shows_them() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let trace = program.trace("trace.svdat", &leak(&program.stack(), None));
    let text = report("text", &program.elf, &trace).stdout();
    let stack: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("allocator frames"))
        .take(4)
        .map(str::trim)
        .collect();
    let place = |words| format!("app.c:{}", line(words));
    assert_eq!(stack[0], "+2 allocator frames");
    for (line, function, place) in [
        (stack[1], "new_message [inlined]", place("/* leaks */")),
        (stack[2], "receive ", place("/* receives */")),
        (stack[3], "app_main ", place("/* begins */")),
    ] {
        assert!(
            line.starts_with(function) && line.ends_with(&place),
            "{text}"
        );
    }
    assert!(!text.contains("hint: with --elf"), "{text}");
}

/// Each event is followed by its call stack, and does not hold it a second time.
#[test]
fn printed_events_have_their_call_stack_once() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let trace = program.trace("trace.svdat", &leak(&program.stack(), None));
    for elf in [true, false] {
        let run = leakscope(["report", "--print"]).on(&[&trace]);
        let run = if elf {
            run.on(&[Path::new("--elf"), &program.elf])
        } else {
            run
        };
        let text = run.stdout();
        let event: Vec<&str> = text.lines().take(if elf { 6 } else { 5 }).collect();
        assert!(
            event[0].ends_with("HEAP_ALLOC                address=0x3ffb0000 size=24"),
            "{text}"
        );
        assert!(!text.contains("callers="), "{text}");
        let addresses = program.stack().into_iter();
        let mut addresses: Vec<String> = addresses
            .map(|address| format!("{address:#010x}"))
            .collect();
        if elf {
            // The function that was inlined has the address of the one around it.
            addresses.insert(2, addresses[2].clone());
        }
        for (line, address) in event[1..].iter().zip(&addresses) {
            assert!(line.trim_start().starts_with(address), "{text}");
        }
        if elf {
            assert!(event[3].contains("new_message [inlined]"), "{text}");
            assert!(
                event[4].ends_with(&format!("app.c:{}", line("/* receives */"))),
                "{text}"
            );
        }
    }
}

/// A target may leave the text of its messages in the ELF file, and send where it stands.
#[test]
fn messages_whose_text_is_in_the_program_are_shown() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let mut recording = leak(&program.stack(), None);
    let arguments = [7, 0x80, 0x02, 12, 4, b'h', b'e', b'a', b'p'];
    recording
        .after(1_000)
        .packet(&Packet::Extended(Extended::PrintElf {
            address: program.address("format"),
            options: 1,
            arguments: &arguments,
        }));
    let trace = program.trace("trace.svdat", &recording);
    let text = "heap: 7 of 256 bytes left, 12 %";
    let with_elf = |command: &str| leakscope([command, "--elf"]).on(&[&program.elf, &trace]);

    let log = with_elf("log").on(&["--format", "json"]).json_lines();
    assert_eq!(log[0]["text"], format!("{text}\n"));
    assert_eq!(log[0]["level"], "warning");
    for (command, option) in [("events", "--logs"), ("report", "--print")] {
        let shown = with_elf(command).on(&[option]).stdout();
        assert!(shown.contains(&format!("warning {text}\n")), "{shown}");
    }
    let cycle = with_elf("report").on(&["--cycle", "256 bytes left"]).end();
    assert!(
        !cycle.stderr.contains("there are no cycles"),
        "{}",
        cycle.stderr
    );

    let without = leakscope(["log"]).on(&[&trace]).end();
    let place = format!(
        "[text at {:#010x} in the ELF file]",
        program.address("format")
    );
    assert!(without.stdout.contains(&place), "{}", without.stdout);
    assert!(
        without.stderr.contains("hint: --elf FILE shows"),
        "{}",
        without.stderr
    );
}

#[test]
fn sources_can_be_moved() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let trace = program.trace("trace.svdat", &leak(&program.stack(), None));
    let root = format!("{}=/src/board", program.folder.path().display());
    let text = report("text", &program.elf, &trace)
        .on(&["--all", "--source-root", &root])
        .stdout();
    assert!(text.contains("  /src/board/app.c:"), "{text}");
    assert!(
        !text.contains(&program.folder.path().display().to_string()),
        "{text}"
    );
}

/// The trace says which program was running, by the first digits of its checksum.
#[test]
fn the_checksum_of_the_right_program_is_no_problem() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let digits = program.symbols.file_sha256();
    for (said, right) in [
        (digits[..16].to_owned(), true),
        (digits[..9].to_uppercase(), true),
        (digits.chars().rev().take(16).collect(), false),
    ] {
        let recording = leak(&program.stack(), Some(&format!("ELF_SHA256={said}")));
        let trace = program.trace("trace.svdat", &recording);
        let document = report("json", &program.elf, &trace).json();
        assert_eq!(document["trace"]["elf_sha256"], json!(said));
        assert_eq!(codes(&document).contains(&"elf-differs"), !right, "{said}");
        let text = report("text", &program.elf, &trace).stdout();
        let before_the_findings = text.split("LEAK").next().unwrap_or_default();
        assert_eq!(
            before_the_findings.contains("SHA-256 differs"),
            !right,
            "{text}"
        );
    }
}

/// Addresses that are not in the program's code cannot be its.
#[test]
fn another_program_is_a_loud_problem() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let trace = program.trace("trace.svdat", &leak(&[0x400D_1234, 0x400D_2345], None));
    let document = report("json", &program.elf, &trace).json();
    assert_eq!(codes(&document), ["addresses-outside-elf"]);
    let text = report("text", &program.elf, &trace).stdout();
    let expected = "2 of 2 return addresses lie outside the code of the ELF file";
    assert!(text.contains(expected), "{text}");
}

/// A host loads a program anywhere, and few addresses do not tell where: that is no other program.
#[test]
fn a_program_whose_place_is_not_known_is_said() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let loose = program.built("loose.elf", &["-g", "-fPIE", "-pie"]);
    let addresses = [0x400D_1234, 0x400D_2345];
    let trace = program.trace("trace.svdat", &leak(&addresses, None));
    let document = report("json", &loose, &trace).json();
    assert_eq!(codes(&document), ["place-unknown"]);
    let text = report("text", &loose, &trace).stdout();
    assert!(
        text.contains("2 return addresses are too few to tell where"),
        "{text}"
    );
    assert!(text.contains("-no-pie"), "{text}");
    // Firmware is where its file says, and hears nothing of that.
    let text = report("text", &program.elf, &trace).stdout();
    assert!(!text.contains("-no-pie"), "{text}");
}

/// What a file lacks for names is said, and what to do about it.
#[test]
fn a_program_without_names_is_said() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let trace = program.trace("trace.svdat", &leak(&program.stack(), None));
    assert_eq!(codes(&report("json", &program.elf, &trace).json()), [""; 0]);
    for (flags, expected) in [
        (&["-g0"][..], "functions have names, and no lines"),
        (&["-g0", "-s"], "neither functions nor lines have names"),
    ] {
        let bare = [&["-no-pie", "-fno-pic"][..], flags].concat();
        let bare = program.built("bare.elf", &bare);
        let ran = report("json", &bare, &trace).json();
        assert_eq!(codes(&ran), ["no-debug-info"]);
        let text = report("text", &bare, &trace).stdout();
        assert!(text.contains(expected), "{text}");
        assert!(
            text.contains("compile with debug information (-g"),
            "{text}"
        );
    }
}

/// Leakscope's recorder was linked, and nothing allocates through it.
#[test]
fn a_recorder_that_hears_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace.svdat");
    let mut recording = Scenario::empty();
    recording
        .start()
        .task(1, "main")
        .module(512, "M=leakscope heap");
    recording.after(1_000).run(1).after(1_000).idle();
    fs::write(&trace, recording.openocd()).expect("a file");
    let text = leakscope(["report"]).on(&[&trace]).stdout();
    assert!(
        text.contains("leakscope's recorder has sent no heap event"),
        "{text}"
    );
    let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("link leakscope_wrap.c with its --wrap options"),
        "{text}"
    );
}

/// The program that is traced, and one that was built anew since: a function was added before the others.
fn two_builds() -> Option<(Program, Program)> {
    let before = "APART void region(";
    let added = format!("APART unsigned added(unsigned n) {{ return n * n + 3; }}\n{before}");
    let rebuilt = Program::of(&PROGRAM.replace(before, &added));
    Program::compiled().zip(rebuilt)
}

/// The commonest mistake of all: the program was built anew since. Its code lies a little elsewhere.
#[test]
fn another_build_is_a_loud_problem() {
    let Some((traced, rebuilt)) = two_builds() else {
        return;
    };
    let trace = traced.trace("trace.svdat", &leak(&traced.stack(), None));
    let document = report("json", &traced.elf, &trace).json();
    assert_eq!(codes(&document), [""; 0]);
    let document = report("json", &rebuilt.elf, &trace).json();
    assert_eq!(codes(&document), ["not-behind-calls"]);
    let text = report("text", &rebuilt.elf, &trace).stdout();
    let (problem, _) = text.split_once("LEAK").expect("a leak");
    // No function is named without a mark.
    let frames = &document["call_sites"][0]["frames"];
    for frame in frames.as_array().expect("frames") {
        let function = frame["function"].as_str();
        assert!(function.is_none_or(|name| name.ends_with('?')), "{frame}");
    }
    assert!(
        problem.contains("this is not the ELF file that was traced"),
        "{text}"
    );
}

/// A dump with the ELF file of another build is not held against a baseline: its call sites have other names.
#[test]
fn another_build_is_no_reason_to_record_again() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let record = |caller: u32| {
        let after = caller + 2;
        format!("24 bytes (@ 0x3ffb1000, Internal) allocated CPU 0 ccount 0x1000 caller {after:#x}")
    };
    let mut lines = vec!["====== Heap Trace: 3 records (8 capacity) ======".to_owned()];
    lines.extend(program.stack().into_iter().map(record));
    lines.push("====== Heap Trace Summary ======\n".to_owned());
    let log = program.folder.path().join("heap.log");
    fs::write(&log, lines.join("\n")).expect("a folder with room");
    let known = program.folder.path().join("known");
    let ran = leakscope(["check", "--write-baseline"])
        .on(&[&log])
        .on(&[Path::new("--elf"), &program.elf])
        .on(&[Path::new("--baseline"), &known])
        .end();
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("this is not the ELF file"),
        "{}",
        ran.stdout
    );
    let hint = "hint: give the ELF file of the very build";
    assert!(ran.stderr.contains(hint), "{}", ran.stderr);
    assert!(!ran.stderr.contains("record again"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("--baseline"), "{}", ran.stderr);
    assert!(!known.exists());
}

/// What `diff` calls by the names of another build is another function: it says so first, and compares nothing.
#[test]
fn another_build_is_not_compared() {
    let Some((traced, rebuilt)) = two_builds() else {
        return;
    };
    let trace = traced.trace("trace.svdat", &leak(&traced.stack(), None));
    for (elves, sides) in [
        ([&traced.elf, &traced.elf], &[][..]),
        ([&traced.elf, &rebuilt.elf], &["after"]),
        ([&rebuilt.elf, &traced.elf], &["before"]),
        ([&rebuilt.elf, &rebuilt.elf], &["before", "after"]),
    ] {
        let ran = |format: &str| {
            leakscope(["diff", "--fail-on", "worse", "--format", format])
                .on(&[&trace, &trace])
                .on(&[Path::new("--before-elf"), elves[0]])
                .on(&[Path::new("--elf"), elves[1]])
                .end()
        };
        let text = ran("text");
        let (code, status) = if sides.is_empty() {
            (0, "same")
        } else {
            (3, "cannot-tell")
        };
        assert_eq!(text.code, code, "{}", text.stdout);
        let document: Value = serde_json::from_str(&ran("json").stdout).expect("a document");
        for site in document["sites"].as_array().expect("call sites") {
            assert_eq!(site["status"], status, "{site}");
        }
        for side in ["before", "after"] {
            let is_wrong = sides.contains(&side);
            let doubts = document[side]["doubts"].as_array().expect("doubts");
            assert_eq!(!doubts.is_empty(), is_wrong, "{document}");
            let said = format!("- {side}, `{}`: this is not the ELF", trace.display());
            let flat = text.stdout.replace("\n  ", " ");
            assert_eq!(flat.contains(&said), is_wrong, "{}", text.stdout);
        }
        assert_eq!(
            text.stderr.contains("ELF"),
            !sides.is_empty(),
            "{}",
            text.stderr
        );
    }
}

#[test]
fn what_is_no_program_is_said() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let trace = program.trace("trace.svdat", &leak(&program.stack(), None));
    let missing = program.folder.path().join("missing.elf");
    for (elf, expected) in [
        (&missing, "there is no file"),
        (&trace, "not an ELF file, but a SystemView trace"),
        (&program.folder.path().join("app.c"), "not an ELF file, but"),
    ] {
        let ran = report("text", elf, &trace).end();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
    }
}
