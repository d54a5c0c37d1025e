//! heaptrack's files, read: what was written of a recording is the same heap when it is read again.

use std::collections::BTreeMap;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_export::{Format, Heaptrack, HeaptrackError, Options, Selection};
use leakscope_report::{Report, Symbolizer};
use proptest::prelude::*;

use crate::made::{Made, PROGRAM, everything, recording, steps};
use crate::totals::failed_reallocations;

/// The report on a file.
fn report(file: &[u8]) -> Result<Report, HeaptrackError> {
    let mut bytes = Vec::new();
    let code = Heaptrack::translate(file, &mut bytes)?;
    let inputs = [bytes.as_slice()];
    let mut analysis = Analysis::new(&Layout::of(&inputs), KeepAll);
    let Ok(_) = analysis.run(inputs.as_slice());
    let mut symbolizer = Symbolizer::new(Some(&code));
    Ok(Report::new(&analysis.outcome(), &mut symbolizer, &[]))
}

/// By names of functions: blocks and bytes that were allocated, and that are outstanding.
fn by_stack(report: &Report) -> BTreeMap<String, [u64; 4]> {
    let mut sums: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    for site in report.call_sites.iter().filter(|site| site.allocations > 0) {
        let names = site
            .frames
            .iter()
            .filter_map(|frame| frame.function.as_deref());
        let numbers = [
            site.allocations,
            site.allocated_bytes,
            site.outstanding_blocks,
            site.outstanding_bytes,
        ];
        let sum = sums
            .entry(names.collect::<Vec<_>>().join(" < "))
            .or_default();
        sum.iter_mut()
            .zip(numbers)
            .for_each(|(sum, number)| *sum += number);
    }
    sums
}

proptest! {
    #[test]
    fn what_was_written_is_read(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let (file, losses) = made.part(Format::Heaptrack, Options::default(), Selection::default());
        let read = report(&file).unwrap();
        // All that may be wrong with a file is that little is in it.
        let is_little = |code: &str| ["no-heap-events", "no-call-stacks", "too-short"].contains(&code);
        prop_assert!(read.problems.iter().all(|problem| is_little(&problem.code)), "{:?}", read.problems);
        prop_assert_eq!(read.totals.outstanding_bytes, made.report.totals.outstanding_bytes);
        let is_lost = |what: &str| losses.iter().any(|loss| loss.starts_with(what));
        prop_assert_eq!(by_stack(&read), by_stack(&made.report));
        if !is_lost("the end of sessions") {
            prop_assert!(read.totals.peak_bytes >= made.report.totals.peak_bytes);
            if failed_reallocations(&made) == 0 {
                prop_assert_eq!(read.totals.peak_bytes, made.report.totals.peak_bytes);
            }
        }
    }

    #[test]
    fn damage_is_no_panic(steps in steps(), at: prop::sample::Index, byte: u8) {
        let mut file = Made::new(&recording(&steps), PROGRAM).export(Format::Heaptrack);
        let at = at.index(file.len());
        file[at] = byte;
        let _ = report(&file);
        file.truncate(at);
        let _ = report(&file);
    }

    #[test]
    fn nonsense_is_no_panic(lines in prop::collection::vec("[a-zA-Z+-]( [0-9a-f]{0,17}){0,7}", 0..40)) {
        let _ = report(format!("v 10400 3\n{}\n", lines.join("\n")).as_bytes());
    }
}

/// A block of 100 bytes that is freed, and three of 24 that are not, in a function that was inlined.
const BODY: &str = "X /opt/my,app --flag\nI 1000 10\n{}i 400d0000 1 2 3 a\ni 400d1000 1 4 5 5 6 5 14\n\
                    t 1 0\nt 2 1\na 18 2\na 64 1\nc 0\n+ 0\n+ 0\n+ 1\nc 5\n- 1\nR 100\n+ 0\nc a\nS leak:x\n# peak\n";

fn file(version: &str, strings: &str) -> String {
    format!("v {version}\n{}", BODY.replace("{}", strings))
}

#[test]
fn all_versions_say_the_same() {
    let third = file(
        "10400 3",
        "s 3 app\ns 8 app_main\ns 6 main.c\ns 3 inl\ns 3 w.c\ns 6 worker\n",
    );
    let before = "s app\ns app_main\ns main.c\ns inl\ns w.c\ns worker\n";
    let reports = [third, file("10300 2", before), file("10000 1", before)]
        .map(|file| report(file.as_bytes()).unwrap());
    let [third, second, first] = &reports;
    assert_eq!((third, third), (second, first));
    assert_eq!(third.trace.application.as_deref(), Some("myapp"));
    let expected = [
        ("app_main", [1, 100, 0, 0]),
        ("inl < worker < app_main", [3, 72, 3, 72]),
    ];
    let expected = expected.map(|(stack, numbers)| (stack.to_owned(), numbers));
    assert_eq!(by_stack(third), BTreeMap::from(expected));
    assert_eq!(third.trace.length_s, Some(0.010));
    let leak = third
        .call_sites
        .iter()
        .find(|site| site.outstanding_blocks > 0)
        .unwrap();
    let frame = &leak.frames[0];
    assert_eq!(
        (frame.file.as_deref(), frame.line, frame.inlined),
        (Some("w.c"), Some(5), true)
    );
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let why = |file: &str| report(file.as_bytes()).unwrap_err().to_string();
    assert!(why("v 10400 4\n").contains("version 4; versions 1 to 3 are read"));
    assert!(why("v 10000\n").contains("version 0"));
    assert!(why("v 10400 3\nx /bin/true\n").contains("heaptrack_interpret"));
    assert!(why("v 10400 3\na 18 1\n+ 7\n").contains("line 3 of the heaptrack file"));
    assert!(why("X app\n").contains("line 1"));
}

#[test]
fn files_are_known_by_their_first_line() {
    assert!(Heaptrack::is_one(b"v 10400 3\nX app\n"));
    assert!(Heaptrack::is_one(
        &Made::new(&everything(), PROGRAM).export(Format::Heaptrack)
    ));
    for other in [
        &b"v1.2 of the log\n"[..],
        b"",
        b"v\n",
        b"\0\0\0\0\0\0\0\0\0\0\x0A",
        b"version 3\n",
    ] {
        assert!(!Heaptrack::is_one(other), "{other:?}");
    }
}
