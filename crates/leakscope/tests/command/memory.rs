//! Who points at what in memory of known shapes: what an image made by GDB says is what Valgrind's memcheck says of the
//! same program, and LeakSanitizer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use leakscope_memory::image::{self, About, Machine, Piece, Thread, Words};
use leakscope_symbols::Symbols;
use leakscope_systemview::id;
use leakscope_testing::needs;
use leakscope_testing::scenario::Scenario;
use serde_json::{Value, json};

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
    // All of it is from the start of the program, which then does nothing for long.
    recording.after(20_000_000).print("idle");
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
        for worker in started {
            worker.join().expect("all shapes agree");
        }
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

#[test]
fn blocks_that_nothing_points_at_are_lost_and_three_of_them_are_a_leak() {
    let Some(programs) = Programs::build() else {
        return;
    };
    // A tree of seven blocks that was dropped; one block that was dropped; a list that is held.
    for (shape, verdict, confidence, standing) in [
        (7, "lost", "high", "leak"),
        (0, "lost", "medium", "unknown"),
        (2, "once", "medium", "fine"),
    ] {
        let (trace, core) = programs.record(shape);
        let elf = programs.path("plain");
        let with = |arguments: &[&str]| {
            leakscope(arguments.iter().copied())
                .on(&[elf.as_path(), &trace])
                .on(&["--image"])
                .on(&[&core])
        };
        let report = with(&["report", "--format", "json", "--elf"]).json();
        assert_eq!(
            report["memory"]["is_complete"], true,
            "{:#}",
            report["memory"]
        );
        let site = &report["call_sites"][0];
        let found = [&site["verdict"], &site["confidence"], &site["standing"]];
        assert_eq!(
            found,
            [verdict, confidence, standing],
            "shape {shape}: {}",
            site["reason"]
        );
        let files = ["check.xml", "check.sarif"].map(|name| programs.path(name));
        let checked = with(&["check", "--elf"])
            .on(&["--junit".as_ref(), files[0].as_path()])
            .on(&["--sarif".as_ref(), files[1].as_path()])
            .end();
        assert_eq!(checked.code == 1, standing == "leak", "shape {shape}");
        // Of a leak the files for CI systems say which, and that it is lost.
        let [junit, sarif] = files.map(|file| fs::read_to_string(file).expect("written"));
        let says = |text: &str| {
            text.contains("in the image nothing points at 1 of 7 blocks any more, and only lost blocks at 6 more")
        };
        assert_eq!(
            junit.contains("<failure") && says(&junit),
            standing == "leak",
            "{junit}"
        );
        let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
        let results = sarif["runs"][0]["results"]
            .as_array()
            .expect("a list")
            .iter();
        let failed: Vec<&Value> = results
            .filter(|result| result["level"] == "error")
            .collect();
        assert_eq!(failed.len(), usize::from(standing == "leak"), "{failed:#?}");
        assert!(
            failed.iter().all(|result| says(&result.to_string())),
            "{failed:#?}"
        );
        // Without the program nobody knows what is missing.
        let unsure = leakscope(["report", "--format", "json"])
            .on(&[&trace])
            .on(&["--image"])
            .on(&[&core])
            .json();
        assert_eq!(unsure["memory"]["is_complete"], false);
        assert_ne!(unsure["call_sites"][0]["standing"], "leak");
    }
}

/// A core dump of ESP-IDF's with all variables of a program, and these used blocks of the heap; it has 64 bits, as the program has.
fn esp_idf_core(program: &Path, used: &[(u64, usize)]) -> Vec<u8> {
    let words = Words {
        is_64_bit: true,
        is_big_endian: false,
    };
    let machine = Machine {
        number: 62,
        is_64_bit: true,
    };
    let symbols = Symbols::open(program).expect("a program");
    let variables = symbols
        .ram()
        .iter()
        .map(|range| (range.start, (range.end - range.start) as usize));
    let piece = |(address, size)| Piece {
        address,
        bytes: vec![0; size],
    };
    let pieces: Vec<Piece> = variables.chain(used.iter().copied()).map(piece).collect();
    let thread = Thread {
        id: 1,
        registers: vec![0; 27],
        stack_pointer: None,
    };
    let core = image::write(machine, words, &[thread], &pieces, &About::default());
    // Version 1.0: length, version, tasks, size of a control block, segments; and a CRC that is wrong.
    let header = [20 + core.len() as u32 + 4, 5 << 16 | 1 << 8, 1, 0, 0].map(u32::to_le_bytes);
    [header.concat(), core, vec![0; 4]].concat()
}

/// Blocks whose frees may have been lost look like those whose last pointer is gone: as many as loss explains prove nothing.
#[test]
fn lost_packets_make_it_less_sure_that_blocks_are_lost() {
    let Some(programs) = Programs::build() else {
        return;
    };
    let (trace, core) = programs.record(7);
    let recording = fs::read(&trace).expect("just written");
    let elf = programs.path("plain");
    for (lost_packets, confidence, standing) in [(1, "high", "leak"), (100, "low", "unknown")] {
        let overflow = [id::OVERFLOW as u8, lost_packets, 10];
        fs::write(&trace, [&recording[..], &overflow].concat()).expect("written");
        let report = leakscope(["report", "--format", "json", "--elf"])
            .on(&[elf.as_path(), &trace])
            .on(&["--image"])
            .on(&[&core])
            .json();
        let site = &report["call_sites"][0];
        let found = [&site["verdict"], &site["confidence"], &site["standing"]];
        let expected = ["lost", confidence, standing];
        assert_eq!(found, expected, "{lost_packets} lost: {}", site["reason"]);
    }
}

#[test]
fn the_allocators_own_map_settles_what_lost_data_left_open() {
    let Some(programs) = Programs::build() else {
        return;
    };
    let program = programs.path("plain");
    let mut recording = Scenario::begun();
    let block = |index: u32| 0x3000_0010 + 64 * index;
    for index in 0..12 {
        recording
            .after(100_000)
            .allocate(block(index), 40, &[0x40_1000]);
        recording.after(1000).free(block(index), &[0x40_1000]);
    }
    for index in 0..5 {
        recording
            .after(100_000)
            .allocate(block(index), 40, &[0x40_1000]);
    }
    recording
        .after(1000)
        .overflow(40)
        .after(1_000_000)
        .print("over");
    let trace = programs.path("lossy.svdat");
    fs::write(&trace, recording.plain()).expect("written");
    // Of the five, the allocator has four: one of them is larger than the one that was seen.
    let core = programs.path("esp.core");
    let used = [
        (block(0), 44),
        (block(1), 44),
        (block(2), 44),
        (block(3), 400),
    ];
    fs::write(
        &core,
        esp_idf_core(
            &program,
            &used.map(|(address, size)| (address.into(), size)),
        ),
    )
    .expect("written");

    let report = |image: &[&str]| {
        let inputs =
            leakscope(["report", "--format", "json", "--elf"]).on(&[program.as_path(), &trace]);
        inputs.on(image).in_folder(programs.folder.path()).json()
    };
    assert_eq!(report(&[])["call_sites"][0]["verdict"], "uncertain");
    let settled = report(&["--image", "esp.core"]);
    let site = &settled["call_sites"][0];
    assert_eq!(
        [&site["verdict"], &site["standing"]],
        ["lost", "leak"],
        "{site:#}"
    );
    assert_eq!(
        (&site["outstanding_blocks"], &site["memory"]["gone_blocks"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(settled["totals"]["outstanding_blocks"], 3);
    let problems = settled["memory"]["problems"].to_string();
    assert!(problems.contains("CRC-32"), "{problems}");
}

/// A map of the allocator's in which most of what lives for sure is not there is one of another run: nothing of it counts. Fewer
/// blocks may be missing.
#[test]
fn an_allocators_map_of_another_run_is_noticed() {
    let Some(programs) = Programs::build() else {
        return;
    };
    let program = programs.path("plain");
    let mut recording = Scenario::begun();
    let block = |index: u32| 0x3000_0010 + 64 * index;
    for index in 0..5 {
        recording
            .after(100_000)
            .allocate(block(index), 40, &[0x40_1000]);
    }
    recording.after(1_000_000).print("over");
    let trace = programs.path("sound.svdat");
    fs::write(&trace, recording.plain()).expect("written");
    for (there, is_of_this_run) in [(5, true), (3, true), (2, false), (0, false)] {
        let ours = (0..there).map(|index| (u64::from(block(index)), 44));
        let others = (0..20).map(|index| (0x3001_0000 + 64 * index, 44));
        let used: Vec<(u64, usize)> = ours.chain(others).collect();
        fs::write(programs.path("run.core"), esp_idf_core(&program, &used)).expect("written");
        let report = leakscope(["report", "--format", "json", "--elf"])
            .on(&[program.as_path(), &trace])
            .on(&["--image", "run.core"])
            .in_folder(programs.folder.path())
            .json();
        let missing = report["memory"]["missing"].to_string();
        assert_eq!(
            missing.contains("another moment"),
            !is_of_this_run,
            "{there}: {missing}"
        );
        let gone = if is_of_this_run { 5 - there } else { 0 };
        let site = &report["call_sites"][0];
        assert_eq!(site["memory"]["gone_blocks"], gone, "{there}");
        assert_eq!(site["outstanding_blocks"], 5 - gone, "{there}");
    }
}
