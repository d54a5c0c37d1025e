//! A heap dump in place of a trace: every question has an answer, and the page can be written.

use leakscope_analysis::dump::Log;
use leakscope_viewer::{Dump, Engine, Program, page};

use super::file::document;
use super::program::ask;

/// A log as `idf.py monitor` keeps it: two blocks of one call site, one freed block of another.
const LOG: &str = "I (512) main: ready
====== Heap Trace: 3 records (100 capacity) ======
     6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379
--- 0x40376321: parse_header at main/http.c:66
0x40376379: serve at main/http.c:101
     8 bytes (@ 0x3fc9f6c4, Internal) allocated CPU 1 ccount 0x1a330698 caller 0x40376321:0x40376379
    40 bytes (@ 0x3fc9f700, Internal) allocated CPU 0 ccount 0x1a340698 caller 0x40371111:0x40376379
	freed by 0x40371199
====== Heap Trace Summary ======
Mode: Heap Trace All
14 bytes alive in trace (2/3 allocations)
records: 3 (100 capacity, 3 high water mark)
total allocations: 9
total frees: 7
================================
";

pub(crate) fn dump() -> Dump {
    Dump {
        name: "console.log".to_owned(),
        log: Log::read(LOG.as_bytes()),
    }
}

#[test]
fn call_sites_and_blocks_are_there_and_nothing_else_is_claimed() {
    let (dump, program) = (dump(), Program::default());
    let mut engine = Engine::of_dump(&dump, &program);
    let overview = ask(&mut engine, "overview", &[]);
    assert_eq!(overview["inputs"][0], "console.log");
    assert_eq!(overview["symbols"], true);
    assert_eq!(overview["dump"]["records"], 3);
    assert_eq!(overview["dump"]["mode"], "all");
    assert_eq!(overview["dump"]["total_frees"], 7);
    assert_eq!(overview["clock"]["hz"], serde_json::Value::Null);
    let sentence = overview["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("Leak or not, a dump cannot tell: look first"),
        "{sentence}"
    );
    let sites = ask(&mut engine, "sites", &[]);
    let first = &sites["sites"][0];
    assert_eq!(first["title"], "parse_header http.c:66");
    assert_eq!(
        (&first["outstanding_bytes"], &first["standing"]),
        (&14.into(), &"unknown".into())
    );
    assert_eq!(sites["sites"][1]["verdict"], "all-freed");
    let id = first["site"].to_string();
    let site = ask(&mut engine, "site", &[("id", &id)]);
    assert_eq!(site["blocks"].as_array().unwrap().len(), 2);
    assert_eq!(site["blocks"][1]["address"], "0x3fc9f6c4");
}

#[test]
fn what_it_does_not_know_is_empty() {
    let (dump, program) = (dump(), Program::default());
    let mut engine = Engine::of_dump(&dump, &program);
    assert_eq!(ask(&mut engine, "events", &[])["total"], 0);
    assert_eq!(ask(&mut engine, "find", &[("time", "0")])["total"], 0);
    let timeline = ask(&mut engine, "timeline", &[("width", "10")]);
    assert_eq!(timeline["lanes"].as_array().unwrap().len(), 0);
    assert_eq!(timeline["heap"]["max"].as_array().unwrap().len(), 10);
    for route in ["sites", "tasks"] {
        let limited = ask(&mut engine, route, &[("from", "0"), ("to", "100")]);
        assert!(limited.is_object());
    }
    assert_eq!(
        ask(&mut engine, "system", &[])["recording"]["bytes"],
        LOG.len()
    );
}

#[test]
fn it_is_a_page_in_one_file() {
    let (dump, program) = (dump(), Program::default());
    let mut page = Vec::new();
    page::write(
        &mut page,
        &mut Engine::of_dump(&dump, &program),
        page::EVENTS,
    )
    .unwrap();
    let document = document(&String::from_utf8(page).unwrap());
    assert_eq!(document["overview"]["dump"]["capacity"], 100);
    assert_eq!(document["sites"]["sites"].as_array().unwrap().len(), 2);
    assert_eq!(document["site"].as_object().unwrap().len(), 2);
    assert_eq!(document["overview"]["left_out"], serde_json::json!([]));
}
