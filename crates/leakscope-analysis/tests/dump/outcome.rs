//! What is made of a dump, and what is said of its weaknesses.

use std::fmt::Write;

use leakscope_analysis::dump::Log;
use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_analysis::heap::{FoldStack, KeepAll};
use leakscope_analysis::outcome::Outcome;

use crate::forms::NEW;

fn outcome(text: &str) -> Outcome {
    Log::read(text.as_bytes()).outcome(&mut KeepAll)
}

fn codes(outcome: &Outcome) -> Vec<&str> {
    let problems = outcome.problems.iter();
    problems.map(|problem| problem.kind.code()).collect()
}

/// A dump of these records, in the mode that keeps all.
fn all(records: &str) -> String {
    format!(
        "====== Heap Trace: {} records (99 capacity) ======\n{records}\
         ====== Heap Trace Summary ======\nMode: Heap Trace All\n================================\n",
        records.matches("allocated").count()
    )
}

#[test]
fn counts_and_verdicts() {
    let outcome = outcome(NEW);
    let totals = &outcome.totals;
    assert_eq!((totals.allocations, totals.frees), (9, 6));
    assert_eq!(
        (totals.outstanding_blocks, totals.outstanding_bytes),
        (3, 1_235_573)
    );
    assert_eq!(outcome.target.cores, [0, 1]);
    let sites = outcome.call_sites.iter().map(|site| {
        (
            site.stack.as_slice(),
            site.finding.verdict,
            (site.allocations, site.frees, site.outstanding_bytes),
        )
    });
    let expected: [(&[u64], _, _); 3] = [
        (&[], Verdict::Unclassified, (2, 1, 1_234_567)),
        (&[0x4037_6321], Verdict::Unclassified, (1, 0, 1000)),
        (
            &[0x4037_6321, 0x4037_6379],
            Verdict::Unclassified,
            (2, 1, 6),
        ),
    ];
    assert_eq!(sites.collect::<Vec<_>>(), expected);
    assert!(
        outcome
            .call_sites
            .iter()
            .all(|site| site.finding.confidence == Confidence::Low)
    );
    // Six frees, of which two are in the records.
    assert_eq!(codes(&outcome), ["no-history", "frees-without-record"]);
}

#[test]
fn many_blocks_and_none_freed_come_first() {
    let mut records = String::from(
        " 90000 bytes (@ 0x3fca0000) allocated CPU 0 ccount 0x00000000 caller 0x40370001:\n",
    );
    for index in 0..4 {
        let _ = write!(
            records,
            "    10 bytes (@ 0x3fc90{index}00) allocated CPU 0 ccount 0x00000000 caller 0x40370002:\n\
             \x20   10 bytes (@ 0x3fc91{index}00) allocated CPU 0 ccount 0x00000000 caller 0x40370003:\n"
        );
    }
    records +=
        "    10 bytes (@ 0x3fc92000) allocated CPU 0 ccount 0x00000000 caller 0x40370003: freed\n";
    records +=
        "    10 bytes (@ 0x3fc93000) allocated CPU 0 ccount 0x00000000 caller 0x40370004: freed\n";
    let outcome = outcome(&all(&records));
    let order: Vec<u64> = outcome
        .call_sites
        .iter()
        .map(|site| site.stack[0])
        .collect();
    assert_eq!(order, [0x4037_0002, 0x4037_0001, 0x4037_0003, 0x4037_0004]);
    assert_eq!(outcome.call_sites[3].finding.verdict, Verdict::AllFreed);
    assert_eq!(outcome.call_sites[3].finding.confidence, Confidence::High);
}

/// A digit of the dump's own sum is missing: there are as many allocations as records at the least.
#[test]
fn a_torn_sum_does_not_outweigh_the_records() {
    let torn = outcome(&NEW.replace("total allocations: 9", "total allocations: 1"));
    let whole = outcome(NEW);
    let records = whole.call_sites.iter().map(|site| site.allocations).sum();
    assert_eq!(torn.totals.allocations, records);
    assert_eq!(
        torn.totals.outstanding_blocks,
        whole.totals.outstanding_blocks
    );
}

/// ESP-IDF notes the second free of an address in its oldest record.
#[test]
fn a_reused_address_is_doubtful() {
    let records = "\
     6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x00000000 caller 0x40370001: freed
     6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x00000000 caller 0x40370002:
";
    let doubtful = outcome(&all(records));
    assert_eq!(codes(&doubtful), ["no-history", "addresses-reused"]);
    assert_eq!(doubtful.call_sites[0].finding.verdict, Verdict::Uncertain);
    assert_eq!(doubtful.call_sites[0].doubtful_bytes, 6);
    // A free that is noted in a newer record shows that the newest is looked for.
    let shown = "\
     6 bytes (@ 0x3fc9f700, Internal) allocated CPU 0 ccount 0x00000000 caller 0x40370001: freed
     6 bytes (@ 0x3fc9f700, Internal) allocated CPU 0 ccount 0x00000000 caller 0x40370002: freed
";
    let sure = outcome(&all(&format!("{records}{shown}")));
    assert_eq!(codes(&sure), ["no-history"]);
    assert_eq!(sure.call_sites[0].finding.verdict, Verdict::Unclassified);
    // leakscope's recorder, which names no memory, looks for the newest.
    let sure = outcome(&all(&records.replace(", Internal", "")));
    assert_eq!(codes(&sure), ["no-history"]);
    assert_eq!(sure.call_sites[0].finding.verdict, Verdict::Unclassified);
}

/// Of a dump that lacks lines, what seems to live may be freed; of one that ends early, only the last record's block.
#[test]
fn a_block_whose_free_may_be_among_lost_lines_is_uncertain() {
    let freed_by = "freed by 0x40377777:0x00000000\n";
    let verdicts = |text: &str| {
        let sites = outcome(text).call_sites;
        let open = sites.iter().filter(|site| site.outstanding_blocks > 0);
        open.map(|site| site.finding.verdict).collect::<Vec<_>>()
    };
    let lost = NEW.replace(freed_by, "");
    assert_eq!(verdicts(&lost), [Verdict::Uncertain; 3]);
    let without_sums = lost.replace("1235573 bytes alive in trace (3/5 allocations)\n", "");
    let announced = without_sums.replace(": 5 records", ": 6 records");
    assert_eq!(verdicts(&announced), [Verdict::Uncertain; 3]);
    let leaks = announced.replace("Heap Trace All", "Heap Trace Leaks");
    for whole in [NEW, &leaks] {
        assert_eq!(verdicts(whole), [Verdict::Unclassified; 3]);
    }
    let last =
        "  4 bytes (@ 0x3fcb2700) allocated CPU 0 ccount 0x1e7af730 caller 0x40376321:0x40376399\n";
    let ends_early = [&NEW[..NEW.find("     4 bytes").expect("it is there")], last].concat();
    let verdicts = verdicts(&ends_early);
    let uncertain = verdicts
        .iter()
        .filter(|verdict| **verdict == Verdict::Uncertain);
    assert_eq!((uncertain.count(), verdicts.len()), (1, 4));
}

#[test]
fn an_address_that_is_alive_twice_was_freed_once() {
    let outcome = outcome(&all("\
     6 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x00000000 caller 0x40370001:
     6 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x00000000 caller 0x40370001:
"));
    assert_eq!(outcome.totals.outstanding_blocks, 1);
    assert_eq!(codes(&outcome), ["no-history", "free-lost"]);
}

/// Two blocks never share a byte.
#[test]
fn a_block_whose_memory_is_taken_in_part_was_freed() {
    let outcome = outcome(&all("\
   512 bytes (@ 0x3fc94830) allocated CPU 0 ccount 0x00000000 caller 0x40370001:
    96 bytes (@ 0x3fc94a30) allocated CPU 0 ccount 0x00000000 caller 0x40370002:
    41 bytes (@ 0x3fc94860) allocated CPU 0 ccount 0x00000000 caller 0x40370003:
"));
    assert_eq!(outcome.totals.outstanding_blocks, 2);
    assert_eq!(outcome.totals.outstanding_bytes, 96 + 41);
    assert_eq!(codes(&outcome), ["no-history", "free-lost"]);
}

/// On RISC-V without frame pointers, ESP-IDF records a stack address in place of the caller.
#[test]
fn callers_that_are_data_are_left_out() {
    let outcome = outcome(&all("\
     6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x00000000 caller 0x3fc91230:
     6 bytes (@ 0x3fc9f6c4, Internal) allocated CPU 0 ccount 0x00000000 caller 0x3fc91250:
"));
    assert_eq!(outcome.call_sites.len(), 1);
    assert_eq!(codes(&outcome), ["no-history", "callers-are-data"]);
}

#[test]
fn an_incomplete_dump_says_so() {
    let cut = &NEW[..NEW.find("freed by").expect("it is there")];
    let outcome = outcome(cut);
    assert_eq!(codes(&outcome), ["no-history", "dump-cut-off"]);
    assert_eq!(outcome.totals.allocations, 5);
}

/// What gave way, or was not copied, may have been the older record that has the note; none has one where freed blocks are not kept.
#[test]
fn without_older_records_every_block_is_doubtful() {
    let records = "\
     6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x00000000 caller 0x40370001: freed
     7 bytes (@ 0x3fc9f700, Internal) allocated CPU 0 ccount 0x00000000 caller 0x40370002:
";
    let doubtful = |dump: &str| {
        let sites = outcome(dump).call_sites;
        sites.iter().map(|site| site.doubtful_blocks).sum::<u64>()
    };
    let whole = all(records);
    assert_eq!(doubtful(&whole), 0);
    let note = "(NB: Internal Buffer has overflowed, so trace data is incomplete.)\n";
    let overflowed = whole.replace(
        "Mode: Heap Trace All\n",
        &format!("Mode: Heap Trace All\n{note}"),
    );
    assert_eq!(doubtful(&overflowed), 1);
    assert_eq!(doubtful(&whole.replace("2 records", "3 records")), 1);
    assert_eq!(doubtful(&whole[whole.find('\n').unwrap() + 1..]), 1);
    let leaks = overflowed
        .replace(" freed", "")
        .replace("Trace All", "Trace Leaks");
    assert_eq!(doubtful(&leaks), 0);
}

#[test]
fn of_several_dumps_the_last_whole_one_counts() {
    let second = NEW
        .replace("  1000 bytes", "  2000 bytes")
        .replace("1235573 bytes alive", "1236573 bytes alive");
    let third = &NEW[..200];
    let outcome = outcome(&format!("{NEW}{second}{third}"));
    assert_eq!(
        codes(&outcome),
        ["no-history", "frees-without-record", "several-dumps"]
    );
    assert_eq!(outcome.totals.outstanding_bytes, 1_236_573);
}

#[test]
fn no_dump_is_nothing() {
    let outcome = outcome("I (512) main: all done\n");
    assert_eq!(outcome.totals.heap_events, 0);
    assert!(outcome.call_sites.is_empty());
}

#[test]
fn the_allocators_frames_are_folded() {
    struct First;
    impl FoldStack for First {
        fn fold(&mut self, frames: &[u64]) -> usize {
            frames.len().min(1)
        }
    }
    let outcome = Log::read(NEW.as_bytes()).outcome(&mut First);
    let stacks: Vec<_> = outcome
        .call_sites
        .iter()
        .map(|site| site.stack.clone())
        .collect();
    // A stack that is all allocator is kept.
    assert_eq!(stacks, [vec![], vec![0x4037_6321], vec![0x4037_6379]]);
    assert_eq!(outcome.call_sites[2].allocator_frames, [0x4037_6321]);
}

/// A device tells its program when it starts and in a panic; between two dumps another one may have been flashed.
#[test]
fn the_program_is_the_one_that_started_before_the_dump() {
    let start = |digits: &str| format!("I (36) app_init: ELF file SHA256:  {digits}...\r\n");
    let panic = "\r\n\r\nELF file SHA256: 0badbeef01234567\r\n";
    let told = |log: String| outcome(&log).target.elf_sha256;
    assert_eq!(told(NEW.to_owned()), None);
    let flashed = format!("{}{}{NEW}{panic}", start("d0a8a2d0b"), start("1A2B3C4D5"));
    assert_eq!(told(flashed).as_deref(), Some("1a2b3c4d5"));
    assert_eq!(
        told(format!("{NEW}{panic}")).as_deref(),
        Some("0badbeef01234567")
    );
    // A line that was cut tells nothing.
    for torn in [
        "I (36) app_init: ELF file SHA256:  d0a8a\r\n",
        "ELF file SHA256:  d0a8a2d0bI (40) x\r\n",
    ] {
        assert_eq!(told(format!("{torn}{NEW}")), None);
    }
}
