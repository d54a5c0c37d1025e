//! Recordings of real ESP32 boards, which lie beside the project: see `corpus/README.md` there. What
//! Espressif's own script makes of one of them is the oracle.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leakscope_testing::needs::{corpus, has_tool};
use serde_json::{Value, json};

use crate::run::leakscope;

fn joined() -> Option<PathBuf> {
    corpus("idf-mcore-2026/heap_log_mcore.svdat")
}

fn report(paths: &[impl AsRef<Path>]) -> Value {
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    leakscope(["report", "--format", "json"]).on(&paths).json()
}

/// The values of these fields.
fn fields(of: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| of[*name].clone()).collect()
}

const TOTALS: [&str; 8] = [
    "events",
    "log_messages",
    "heap_events",
    "allocations",
    "frees",
    "outstanding_blocks",
    "outstanding_bytes",
    "peak_bytes",
];

/// The verdicts on call sites that have something outstanding, in order.
fn verdicts(report: &Value) -> Vec<&str> {
    let sites = report["call_sites"].as_array().expect("call sites");
    let verdicts = sites.iter().map(|site| site["verdict"].as_str());
    let mut verdicts: Vec<&str> = verdicts.collect::<Option<_>>().expect("a verdict each");
    verdicts.retain(|verdict| *verdict != "all-freed");
    verdicts
}

fn addresses(site: &Value) -> Vec<&str> {
    let frames = site["frames"].as_array().expect("frames");
    let addresses = frames.iter().map(|frame| frame["address"].as_str());
    addresses.collect::<Option<_>>().expect("an address each")
}

/// What is true of the recording of two cores, in whatever form it comes.
fn check_leak(report: &Value) {
    assert_eq!(
        json!(fields(&report["totals"], &TOTALS)),
        json!([2642, 60, 99, 72, 27, 45, 17_706, 17_760])
    );
    assert_eq!(report["conclusion"], "leak");
    assert_eq!(report["trace"]["cores"], json!([0, 1]));
    assert_eq!(report["problems"], json!([]));
    let mut expected = vec!["leak-steady"];
    expected.extend(["once"; 6]);
    assert_eq!(verdicts(report), expected);
    let leak = &report["call_sites"][0];
    let numbers = [
        "outstanding_blocks",
        "outstanding_bytes",
        "allocations",
        "frees",
    ];
    assert_eq!(json!(fields(leak, &numbers)), json!([27, 270, 27, 0]));
    assert_eq!(leak["tasks"], json!(["alloc0", "alloc1", "alloc2"]));
    assert_eq!(
        addresses(leak),
        [
            "0x40081eff",
            "0x40081f34",
            "0x4008da18",
            "0x400d3bb4",
            "0x400880dc"
        ]
    );
}

/// The report without what depends on the names and forms of the inputs.
fn comparable(mut report: Value) -> Value {
    for field in ["inputs", "read_bytes"] {
        report["trace"][field] = Value::Null;
    }
    report
}

#[test]
fn one_call_stack_leaks() {
    let Some(path) = joined() else { return };
    check_leak(&report(&[path]));
}

#[test]
fn nothing_leaks_in_the_tutorials_recording() {
    let Some(path) = corpus("idf-esp-extension-2021/heap_log_mcore.svdat") else {
        return;
    };
    let report = report(&[path]);
    assert_eq!(
        json!(fields(&report["totals"], &TOTALS)),
        json!([25_190, 600, 612, 315, 297, 18, 17_520, 18_114])
    );
    assert_eq!(report["conclusion"], "no-leak-seen");
    assert_eq!(report["totals"]["leaks"], 0);
    assert_eq!(report["problems"], json!([]));
    assert_eq!(verdicts(&report), ["once"; 6]);
}

/// The times of two readers are one if they are nearer than half a tick of 40 MHz.
fn same_time(ours: &Value, theirs: &Value) -> bool {
    const HALF_A_TICK: f64 = 0.5 / 40e6;
    let seconds = |time: &Value| time.as_f64().expect("seconds");
    (seconds(ours) - seconds(theirs)).abs() < HALF_A_TICK
}

fn oracle(path: &Path) -> Vec<Value> {
    let text = std::fs::read(path.with_file_name("idf-output.json")).expect("the oracle");
    let mut oracle: Value = serde_json::from_slice(&text).expect("JSON");
    match oracle["events"].take() {
        Value::Array(events) => events,
        other => panic!("no list of events: {other}"),
    }
}

/// Before the first task switch of its core, Espressif's script calls the context so.
const NOT_YET_KNOWN: &str = "IDLE1";

#[test]
fn every_heap_event_agrees_with_espressifs_script() {
    let Some(path) = joined() else { return };
    let theirs = oracle(&path);
    let is_heap = |event: &&Value| event["id"] == 512 || event["id"] == 513;
    let theirs: Vec<&Value> = theirs.iter().filter(is_heap).collect();
    let ours = leakscope(["events", "--heap", "--format", "json"])
        .on(&[path])
        .json_lines();
    assert_eq!(ours.len(), 99);
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        let parameters = &ours["parameters"];
        assert!(same_time(&ours["time_s"], &theirs["ts"]), "{ours} {theirs}");
        assert_eq!(ours["core"], theirs["core_id"], "{ours} {theirs}");
        assert_eq!(ours["id"], theirs["id"], "{ours} {theirs}");
        assert_eq!(parameters["address"], theirs["addr"], "{ours} {theirs}");
        // A free has no size; the script shows 0.
        if ours["id"] == 512 {
            assert_eq!(parameters["size"], theirs["size"], "{ours} {theirs}");
        } else {
            assert_eq!(parameters.get("size"), None, "{ours}");
        }
        let mut callers = theirs["callers"].as_array().expect("callers").clone();
        callers.retain(|caller| caller != "0x0");
        assert_eq!(parameters["callers"], json!(callers), "{ours} {theirs}");
        // In this recording each core's first task switch comes before its first heap event.
        assert_ne!(theirs["ctx_name"], NOT_YET_KNOWN);
        assert_eq!(ours["context"], theirs["ctx_name"], "{ours} {theirs}");
    }
}

#[test]
fn every_log_message_agrees_with_espressifs_script() {
    let Some(path) = joined() else { return };
    let mut theirs = oracle(&path);
    theirs.retain(|event| event["id"] == 26);
    // The script lists each twice.
    let twice = theirs.chunks(2).all(|pair| pair.first() == pair.last());
    assert!(twice && theirs.len() == 120);
    let ours = leakscope(["log", "--format", "json"])
        .on(&[path])
        .json_lines();
    assert_eq!(ours.len(), 60);
    for (ours, theirs) in ours.iter().zip(theirs.chunks(2).map(|pair| &pair[0])) {
        assert!(same_time(&ours["time_s"], &theirs["ts"]), "{ours} {theirs}");
        assert_eq!(ours["text"], theirs["msg"]);
        assert_eq!(ours["core"], theirs["core_id"], "{ours}");
        assert_eq!(ours["context"], theirs["ctx_name"], "{ours}");
        let level = match theirs["lvl"].as_u64() {
            Some(0) => "log",
            Some(1) => "warning",
            Some(2) => "error",
            other => panic!("{other:?}"),
        };
        assert_eq!(ours["level"], level);
    }
}

/// Where contexts differ from the script's, the script had not seen the core's first task switch.
#[test]
fn contexts_agree_with_espressifs_script_from_the_first_switch_on() {
    let Some(path) = joined() else { return };
    let theirs = oracle(&path);
    let ours = leakscope(["events", "--format", "json"])
        .on(&[path])
        .json_lines();
    // Calls of the operating system are in one core's part only, and in the order of time in both lists.
    let is_call = |id: &Value| id.as_u64().is_some_and(|id| (32..512).contains(&id));
    let ours: Vec<&Value> = ours.iter().filter(|event| is_call(&event["id"])).collect();
    let theirs: Vec<&Value> = theirs
        .iter()
        .filter(|event| is_call(&event["id"]))
        .collect();
    assert_eq!(ours.len(), theirs.len());
    let mut differing = BTreeSet::new();
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        assert!(same_time(&ours["time_s"], &theirs["ts"]), "{ours} {theirs}");
        assert_eq!(ours["id"], theirs["id"]);
        if ours["context"] != theirs["ctx_name"] {
            differing.insert((ours["context"].to_string(), theirs["ctx_name"].to_string()));
        }
    }
    let by_mistake = |(_, theirs): &(String, String)| theirs.contains(NOT_YET_KNOWN);
    assert!(differing.iter().all(by_mistake), "{differing:?}");
}

/// The header's length, and the two cores' data.
fn parts(joined: &[u8]) -> (usize, [&[u8]; 2]) {
    let mut data = 0;
    let mut second = None;
    for line in joined.split_inclusive(|&byte| byte == b'\n') {
        if !line.starts_with(b";") {
            break;
        }
        data += line.len();
        if let Some(offset) = line.strip_prefix(b"; Offset Core1 ") {
            let digits = std::str::from_utf8(offset.trim_ascii()).expect("digits");
            second = Some(digits.parse::<usize>().expect("an offset"));
        }
    }
    let (first, second) = joined[data..].split_at(second.expect("a second core"));
    (data, [first, second])
}

const HEADER: &[u8] =
    b";\n; Version     SEGGER SystemViewer V2.42\n; Author      Espressif Inc\n;\n";

#[test]
fn one_file_a_core_says_the_same_in_any_order() {
    let Some(path) = joined() else { return };
    let whole = std::fs::read(&path).expect("the recording");
    let (_, cores) = parts(&whole);
    let folder = tempfile::tempdir().expect("a folder");
    let files = [0, 1].map(|core| folder.path().join(format!("heap_log{core}.svdat")));
    for (file, core) in files.iter().zip(cores) {
        std::fs::write(file, [HEADER, core].concat()).expect("a file");
    }
    let expected = comparable(report(&[path]));
    let [first, second] = &files;
    for order in [[first, second], [second, first]] {
        let report = report(&order);
        check_leak(&report);
        // These files do not say which core they are of, so that it is the order that tells.
        if order == [first, second] {
            assert_eq!(comparable(report), expected);
        }
    }
}

/// The header of OpenOCD's joined file with ends of lines as a Windows editor leaves them: the offsets
/// count from the end of the header.
#[test]
fn ends_of_lines_do_not_matter() {
    let Some(path) = joined() else { return };
    let whole = std::fs::read(&path).expect("the recording");
    let (length, _) = parts(&whole);
    let header = String::from_utf8_lossy(&whole[..length]).replace('\n', "\r\n");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("crlf.svdat");
    std::fs::write(&file, [header.as_bytes(), &whole[length..]].concat()).expect("a file");
    let report = report(&[file]);
    check_leak(&report);
}

/// Of one core without any header: what it alone can say.
#[test]
fn no_header_is_no_loss() {
    let Some(path) = joined() else { return };
    let whole = std::fs::read(&path).expect("the recording");
    let (_, cores) = parts(&whole);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, parts: &[&[u8]]| {
        let file = folder.path().join(name);
        std::fs::write(&file, parts.concat()).expect("a file");
        file
    };
    for data in cores {
        let with = report(&[file("with.svdat", &[HEADER, data])]);
        let without = report(&[file("without.svdat", &[data])]);
        assert_eq!(without["totals"], with["totals"]);
        assert_eq!(without["call_sites"], with["call_sites"]);
    }
    // All allocations are on core 0, and all frees on core 1.
    let alone = report(&[folder.path().join("without.svdat")]);
    assert_eq!(alone["totals"]["frees"], 27);
    assert_eq!(alone["totals"]["allocations"], 0);
}

#[test]
fn standard_input_is_a_file() {
    let Some(path) = joined() else { return };
    let whole = std::fs::read(&path).expect("the recording");
    let run = || leakscope(["report", "--format", "json", "-"]);
    let report = run().reading(&whole).json();
    check_leak(&report);
    assert_eq!(report["trace"]["inputs"], json!(["standard input"]));
    check_leak(&run().reading(&gzip(&whole)).json());
}

#[test]
fn packed_files_are_unpacked() {
    let Some(path) = joined() else { return };
    let whole = std::fs::read(&path).expect("the recording");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("trace.gz", Some(gzip(&whole))), ("trace.zst", zstd(&path))] {
        let Some(bytes) = bytes else { continue };
        // The contents tell, not the name.
        for name in [name, "trace.svdat"] {
            let file = folder.path().join(name);
            std::fs::write(&file, &bytes).expect("a file");
            check_leak(&report(&[file]));
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).expect("room");
    packer.finish().expect("room")
}

/// Packed by the `zstd` program, where there is one.
fn zstd(path: &Path) -> Option<Vec<u8>> {
    if !has_tool("zstd") {
        return None;
    }
    let packed = Command::new("zstd")
        .args(["--quiet", "--stdout"])
        .arg(path)
        .stderr(Stdio::null())
        .output();
    let packed = packed.expect("it was there");
    assert!(packed.status.success(), "{packed:?}");
    Some(packed.stdout)
}
