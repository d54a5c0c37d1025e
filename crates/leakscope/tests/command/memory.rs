//! Who points at what in memory of known shapes: what an image made by GDB says is what Valgrind's memcheck says of the
//! same program, and LeakSanitizer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use leakscope_testing::needs;
use leakscope_testing::scenario::Scenario;
use serde_json::Value;

use crate::run::leakscope;

/// How many shapes `programs/shapes.c` has.
const SHAPES: usize = 36;
/// Shapes with rings that are lost: LeakSanitizer calls all of their blocks indirect, for each is pointed at.
const LOST_RINGS: [usize; 3] = [5, 24, 31];

/// Blocks and bytes of each kind.
type Kinds = BTreeMap<&'static str, (u64, u64)>;

/// The program twice: for us and Valgrind, and with LeakSanitizer in it.
struct Programs {
    folder: tempfile::TempDir,
}

impl Programs {
    /// Builds it, or says why not.
    fn build() -> Option<Self> {
        for tool in ["gcc", "gdb", "valgrind"] {
            if !needs::has_tool(tool) {
                needs::skip(tool);
                return None;
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/programs/shapes.c");
        for (name, options) in [
            ("plain", &[][..]),
            ("lsan", &["-DWITH_LSAN", "-fsanitize=leak"]),
        ] {
            let built = Command::new("gcc")
                .args(["-g", "-O0", "-no-pie", "-w"])
                .args(options)
                .arg(&source)
                .arg("-o")
                .arg(folder.path().join(name))
                .status();
            assert!(built.expect("gcc runs").success(), "{name} is built");
        }
        Some(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The recording and the image of a shape, made by our recorder's format and by GDB.
    fn record(&self, shape: usize) -> (PathBuf, PathBuf) {
        let ledger = self.path(&format!("{shape}.ledger"));
        let mut child = Command::new(self.path("plain"))
            .arg(shape.to_string())
            .arg(&ledger)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        let prefix = self.path(&format!("core{shape}"));
        let made = Command::new("gcore")
            .arg("-o")
            .arg(&prefix)
            .arg(child.id().to_string())
            .output();
        let core = PathBuf::from(format!("{}.{}", prefix.display(), child.id()));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        assert!(core.is_file(), "{made:?}");
        let trace = self.path(&format!("{shape}.svdat"));
        fs::write(
            &trace,
            trace_of(&fs::read_to_string(&ledger).expect("a ledger")),
        )
        .expect("written");
        (trace, core)
    }

    /// What our report says.
    fn report(&self, shape: usize) -> Value {
        let (trace, core) = self.record(shape);
        let elf = self.path("plain");
        leakscope(["report", "--format", "json", "--elf"])
            .on(&[elf.as_path(), &trace])
            .on(&["--image"])
            .on(&[core])
            .json()
    }

    /// What memcheck says: its records come before those of its last check, at the program's end.
    fn memcheck(&self, shape: usize) -> Kinds {
        let file = self.path(&format!("{shape}.xml"));
        let ran = Command::new("valgrind")
            .args([
                "-q",
                "--leak-check=full",
                "--show-leak-kinds=all",
                "--leak-check-heuristics=none",
                "--xml=yes",
            ])
            .arg(format!("--xml-file={}", file.display()))
            .arg(self.path("plain"))
            .arg(shape.to_string())
            .output();
        assert!(ran.expect("valgrind runs").status.success());
        let xml = fs::read_to_string(file).expect("a report");
        let records = xml
            .split("<state>FINISHED</state>")
            .next()
            .expect("a first part");
        let mut kinds = Kinds::new();
        for record in records.split("<error>").skip(1) {
            let number = |name: &str| -> u64 { between(record, name).parse().expect("a number") };
            let kind = match between(record, "kind") {
                "Leak_DefinitelyLost" => "definite",
                "Leak_IndirectlyLost" => "indirect",
                "Leak_PossiblyLost" => "possible",
                "Leak_StillReachable" => "reachable",
                other => panic!("{other}"),
            };
            let sum = kinds.entry(kind).or_default();
            sum.0 += number("leakedblocks");
            sum.1 += number("leakedbytes");
        }
        // The bytes that are lost with a block are counted with it.
        let indirect = kinds.get("indirect").map_or(0, |(_, bytes)| *bytes);
        if let Some((_, bytes)) = kinds.get_mut("definite") {
            *bytes -= indirect;
        }
        kinds
    }

    /// What LeakSanitizer says: bytes that are lost directly, and with others.
    fn leak_sanitizer(&self, shape: usize) -> (u64, u64) {
        let ran = Command::new(self.path("lsan"))
            .arg(shape.to_string())
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(!text.contains("fatal error"), "{text}");
        let sum = |begin: &str| -> u64 {
            let lines = text.lines().filter_map(|line| line.strip_prefix(begin));
            lines
                .map(|rest| {
                    rest.split(' ')
                        .next()
                        .and_then(|word| word.parse::<u64>().ok())
                        .expect("bytes")
                })
                .sum()
        };
        (sum("Direct leak of "), sum("Indirect leak of "))
    }
}

fn between<'x>(xml: &'x str, name: &str) -> &'x str {
    let (_, rest) = xml
        .split_once(&format!("<{name}>"))
        .expect("the element begins");
    rest.split_once('<').expect("and ends").0
}

/// A recording of what the program has written down.
fn trace_of(ledger: &str) -> Vec<u8> {
    let mut recording = Scenario::begun();
    for line in ledger.lines() {
        let mut words = line.split(' ');
        let is_allocation = words.next() == Some("a");
        let mut number =
            || u32::from_str_radix(words.next().expect("a number"), 16).expect("of 32 bits");
        let (address, size, caller) = (number(), number(), number());
        if is_allocation {
            recording.allocate(address, size, &[caller]);
        } else {
            recording.free(address, &[caller]);
        }
        recording.after(1000);
    }
    recording.plain()
}

fn kinds(report: &Value) -> Kinds {
    let total = &report["memory"]["total"];
    let number =
        |kind: &str, what: &str| total[format!("{kind}_{what}")].as_u64().expect("a number");
    ["definite", "indirect", "possible", "reachable"]
        .into_iter()
        .map(|kind| (kind, (number(kind, "blocks"), number(kind, "bytes"))))
        .filter(|(_, (blocks, _))| *blocks > 0)
        .collect()
}

/// Whether all say the same of a shape; the kinds in it.
fn compare(programs: &Programs, shape: usize) -> Vec<&'static str> {
    let ours = kinds(&programs.report(shape));
    assert_eq!(ours, programs.memcheck(shape), "shape {shape}, memcheck");
    let lost = |kind| ours.get(kind).map_or(0, |(_, bytes): &(u64, u64)| *bytes);
    let (direct, indirect) = programs.leak_sanitizer(shape);
    let (definite, with_them) = (lost("definite"), lost("indirect"));
    if LOST_RINGS.contains(&shape) {
        assert_eq!(
            definite + with_them,
            direct + indirect,
            "shape {shape}, a ring"
        );
    } else {
        assert_eq!(
            (definite, with_them),
            (direct, indirect),
            "shape {shape}, LeakSanitizer"
        );
    }
    ours.into_keys().collect()
}

#[test]
fn an_image_says_of_each_shape_what_memcheck_says_and_leak_sanitizer() {
    let Some(programs) = Programs::build() else {
        return;
    };
    // As many at a time as there are processors.
    let next = AtomicUsize::new(0);
    let seen = Mutex::new(BTreeSet::new());
    let work = || {
        loop {
            let shape = next.fetch_add(1, Ordering::Relaxed);
            if shape >= SHAPES {
                return;
            }
            let kinds = compare(&programs, shape);
            seen.lock().expect("no comparison failed").extend(kinds);
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|threads| {
        let started: Vec<_> = (0..workers).map(|_| threads.spawn(work)).collect();
        started
            .into_iter()
            .for_each(|worker| worker.join().expect("all shapes agree"));
    });
    let seen = seen.into_inner().expect("no comparison failed");
    assert_eq!(seen.len(), 4, "each kind is among the shapes");
}

#[test]
fn holders_have_the_names_of_globals_and_of_their_members() {
    let Some(programs) = Programs::build() else {
        return;
    };
    let holders = |shape| -> Vec<String> {
        let report = programs.report(shape);
        let steps = report["memory"]["holders"]
            .as_array()
            .expect("a list")
            .iter();
        steps
            .map(|step| step["way"].as_str().expect("a text").to_owned())
            .collect()
    };
    let list = holders(2);
    assert_eq!(list, ["g_list (shapes.c) → 5 × block of chain"]);
    let table = holders(25);
    assert_eq!(
        table,
        ["g_table.buckets[…] (shapes.c) → 8 × block of chain"]
    );
    assert_eq!(
        holders(15),
        ["g_union.pointer (shapes.c) → 1 × block of make"]
    );
    let stack = holders(33);
    assert!(stack[0].starts_with("stack of thread "), "{stack:?}");
}
