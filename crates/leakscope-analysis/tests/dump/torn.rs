//! Records that are missing without a trace, and call stacks of which a part is lost.

use std::fmt::Write;

use leakscope_analysis::dump::Log;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use proptest::prelude::*;

use crate::forms::only;

fn outcome(text: &str) -> Outcome {
    Log::read(text.as_bytes()).outcome(&mut KeepAll)
}

fn codes(outcome: &Outcome) -> Vec<&str> {
    let problems = outcome.problems.iter();
    problems.map(|problem| problem.kind.code()).collect()
}

/// Who prints.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// ESP-IDF up to 5.0.
    Old,
    /// ESP-IDF since 5.1, and the recorder.
    New,
    /// A program, as the documentation has it.
    Own,
    /// A program that puts colons between callers only.
    Joined,
}

impl Form {
    /// A record with this call stack, of so many slots.
    fn record(self, number: usize, stack: &[u32], slots: usize) -> String {
        let address = 0x3fc9_0000 + number * 48;
        let callers: Vec<String> = stack
            .iter()
            .map(|caller| format!("{caller:#010x}"))
            .collect();
        let has_colon = match self {
            Self::Old | Self::New => stack.len() < slots,
            Self::Own => true,
            Self::Joined => false,
        };
        let colon = if has_colon && !stack.is_empty() {
            ":"
        } else {
            ""
        };
        let memory = if let Self::New = self {
            ", Internal"
        } else {
            ""
        };
        format!(
            "    36 bytes (@ {address:#010x}{memory}) allocated CPU 0 ccount 0x{:08x} caller {}{colon}",
            0x1a32_0698 + number * 256,
            callers.join(":")
        )
    }

    fn dump(self, records: &[String]) -> String {
        let count = records.len();
        let mut text = match self {
            Self::Old => format!("{count} allocations trace (100 entry buffer)\n"),
            _ => format!("====== Heap Trace: {count} records (100 capacity) ======\n"),
        };
        text.extend(records.iter().map(|record| format!("{record}\n")));
        let sum = format!(
            "{} bytes 'leaked' in trace ({count} allocations)\n",
            36 * count
        );
        let _ = match self {
            Self::Old => writeln!(text, "{sum}total allocations 120 total frees 77"),
            Self::New => writeln!(
                text,
                "====== Heap Trace Summary ======\nMode: Heap Trace Leaks\n{sum}{}",
                "=".repeat(32)
            ),
            Self::Own | Self::Joined => writeln!(text, "{}", "=".repeat(32)),
        };
        text
    }
}

#[test]
fn records_that_are_missing_are_told_of() {
    let stack = [0x4200_1234, 0x4200_5678];
    for form in [Form::Own, Form::New] {
        let records: Vec<String> = (0..12)
            .map(|number| form.record(number, &stack, 4))
            .collect();
        let whole = form.dump(&records);
        assert_eq!(codes(&outcome(&whole)), ["no-history"]);
        let lost = records[3..8].iter().fold(whole.clone(), |text, record| {
            text.replace(&format!("{record}\n"), "")
        });
        // The line of sums is lost as well.
        let lost = lost.replace("432 bytes 'leaked' in trace (12 allocations)\n", "");
        assert_eq!(codes(&outcome(&lost)), ["no-history", "dump-cut-off"]);
    }
}

/// `heap_trace_dump_caps` announces all records, prints those of one memory, and adds these up.
#[test]
fn records_that_were_not_to_be_printed_are_not_missing() {
    let record = |number| Form::New.record(number, &[0x4200_1234], 2);
    let text = Form::New.dump(&(0..7).map(record).collect::<Vec<_>>());
    let text = text.replace("Trace: 7 records", "Trace: 12 records");
    assert_eq!(codes(&outcome(&text)), ["no-history"]);
}

/// What stands between the parts is another core's line.
#[test]
fn a_torn_call_stack_is_no_call_site() {
    let stack = [0x4200_4fcf, 0x4200_4ff9, 0x4200_50e1, 0x4200_514e];
    for form in [Form::Old, Form::New, Form::Own] {
        for slots in [4, 10] {
            let records: Vec<String> = (0..9)
                .map(|number| form.record(number, &stack, slots))
                .collect();
            let whole = form.dump(&records);
            let callers = records[4].find("caller").expect("it is there");
            for at in callers - 1..records[4].len() - 1 {
                for other in ["\nI (45773) app: free\n", "I (45773) app: free\n"] {
                    let (begin, end) = records[4].split_at(at);
                    let text = whole.replace(&records[4], &format!("{begin}{other}{end}"));
                    let outcome = outcome(&text);
                    let sites = outcome.call_sites.iter().map(|site| site.stack.as_slice());
                    let is_false = |site: &&[u64]| !site.is_empty() && site.len() != stack.len();
                    assert_eq!(sites.filter(is_false).count(), 0, "{text}");
                    let is_right = outcome.call_sites[0].outstanding_blocks == 9;
                    assert!(
                        is_right || codes(&outcome).contains(&"unreadable-lines"),
                        "{text}"
                    );
                }
            }
        }
    }
}

/// Chips that link programs to low addresses, and a computer whose programs lie low and libraries high.
#[test]
fn pointers_of_any_width_are_callers() {
    let widths = [
        "0x8001234:0x1f2",
        "0x401136:0x7f2ec4004ac0:",
        "0x0040113a:0x7f2ec4004ac0:",
    ];
    for callers in widths {
        let record = |at: usize| {
            format!(
                "8 bytes (@ {:#x}) allocated CPU 0 ccount 0x00000004 caller {callers}",
                at * 16
            )
        };
        let text = Form::Own.dump(&(1..9).map(record).collect::<Vec<_>>());
        assert_eq!(codes(&outcome(&text)), ["no-history"], "{text}");
        assert_eq!(only(&text).records[0].allocated_by.len(), 2);
    }
}

/// What happens to a record's line.
#[derive(Clone, Debug)]
enum Harm {
    /// Fewer characters than a caller has.
    Lost(usize),
    Line(&'static str),
    LineOfItsOwn(&'static str),
}

fn harm() -> impl Strategy<Value = Harm> {
    let other = prop::sample::select(vec![
        "I (4711) wifi:new:<1,0>, old:<1,0>, ap:<255,255>",
        "W (47) httpd: socket 52 closed",
        "heartbeat",
    ]);
    prop_oneof![
        (1..11_usize).prop_map(Harm::Lost),
        other.clone().prop_map(Harm::Line),
        other.prop_map(Harm::LineOfItsOwn),
    ]
}

proptest! {
    #[test]
    fn no_call_site_is_made_up(
        sites in prop::collection::vec(prop::collection::vec(0x4201_1111_u32..0x4208_0000, 1..=6), 1..4),
        order in prop::collection::vec(any::<prop::sample::Index>(), 4..24),
        form in prop::sample::select(vec![Form::Old, Form::New]),
        slots in 6..9_usize,
        (harm, record, at) in (harm(), any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let stacks = order.iter().map(|index| index.get(&sites));
        let records = stacks.enumerate().map(|(number, stack)| form.record(number, stack, slots));
        let records: Vec<String> = records.collect();
        let whole = form.dump(&records);
        prop_assert_eq!(only(&whole).torn_stacks, 0);
        let before = outcome(&whole);
        prop_assert_eq!(codes(&before), ["no-history"]);
        let line = record.get(&records);
        let (begin, end) = line.split_at(at.index(line.len()));
        let torn = match harm {
            Harm::Lost(count) => format!("{begin}{}", end.get(count..).unwrap_or_default()),
            Harm::Line(other) => format!("{begin}{other}\n{end}"),
            Harm::LineOfItsOwn(other) => format!("{begin}\n{other}\n{end}"),
        };
        let text = whole.replace(line, &torn);
        let after = outcome(&text);
        let known = |outcome: &Outcome| -> Vec<(Vec<u64>, u64)> {
            let sites = outcome.call_sites.iter();
            let mut sites: Vec<_> = sites.map(|site| (site.stack.clone(), site.outstanding_blocks)).collect();
            sites.sort_unstable();
            sites
        };
        prop_assert!(known(&before) == known(&after) || codes(&after).len() > 1, "{}", text);
    }

    /// However a program puts its colons.
    #[test]
    fn whole_call_stacks_are_not_torn(
        stacks in prop::collection::vec(prop::collection::vec(0x4200_0000_u32..0x4208_0000, 0..=6), 1..24),
        form in prop::sample::select(vec![Form::Old, Form::New, Form::Own, Form::Joined]),
        slots in 6..9_usize,
    ) {
        let records = stacks.iter().enumerate().map(|(number, stack)| form.record(number, stack, slots));
        let dump = only(&form.dump(&records.collect::<Vec<_>>()));
        prop_assert_eq!(dump.torn_stacks, 0);
        for (record, stack) in dump.records.iter().zip(&stacks) {
            let stack = stack.iter().map(|&caller| caller.into());
            prop_assert_eq!(&record.allocated_by, &stack.collect::<Vec<u64>>());
        }
    }
}

/// No block lies at 0 or between words, and ESP-IDF prints eight digits of each address: what lacks one is no other block, and
/// what was freed behind it is not the block before.
#[test]
fn a_block_of_which_the_address_is_torn_is_none() {
    let records = "\
    36 bytes (@ 0x3fc94420, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x42001f0a:0x42005696
    36 bytes (@ 0x3fc94450, Internal) allocated CPU 0 ccount 0x1a3206a8 caller 0x42001f0a:0x42005696
freed by 0x42001f0a:0x42005696
";
    let of = |records: &str| {
        outcome(&format!(
            "====== Heap Trace: 2 records (99 capacity) ======\n{records}====== Heap Trace Summary ======\n\
             Mode: Heap Trace All\n36 bytes alive in trace (1/2 allocations)\n================================\n"
        ))
    };
    assert_eq!(codes(&of(records)), ["no-history"]);
    let address = "0x3fc94450";
    let torn =
        (2..address.len()).map(|digit| format!("{}{}", &address[..digit], &address[digit + 1..]));
    for torn in torn.chain(["0x0", "0x00000000", "0x3fc94452"].map(String::from)) {
        let outcome = of(&records.replace(address, &torn));
        let codes = codes(&outcome);
        assert!(codes.contains(&"unreadable-lines"), "{torn}: {codes:?}");
        assert_eq!(outcome.totals.outstanding_bytes, 36, "{torn}");
    }
}

/// Callers are code: a pointer to data, alone in a line, is another writer's.
#[test]
fn a_pointer_to_data_is_no_caller() {
    let mut dump = String::from("====== Heap Trace: 3 records (99 capacity) ======\n");
    for number in 0..3 {
        dump += &Form::New.record(number, &[0x4200_1f0a, 0x4200_5696], 3);
        dump += "\n0x3fc9a010\n";
    }
    dump += "====== Heap Trace Summary ======\nMode: Heap Trace Leaks\n108 bytes 'leaked' in trace (3 allocations)\n\
             ================================\n";
    let outcome = outcome(&dump);
    assert_eq!(codes(&outcome), ["no-history"]);
    assert_eq!(outcome.call_sites[0].stack, [0x4200_1f0a, 0x4200_5696]);
}
