//! Whatever happens, the sums of an export are those of the report.

use std::collections::{BTreeMap, BTreeSet};

use leakscope_export::{Format, Options, Selection, Table, Value};
use leakscope_testing::moving::moving;
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::made::{Made, PROGRAM, recording, steps};
use crate::protobuf::{Message, Value as Field};

/// The numbers behind the stacks.
fn sum(folded: &str) -> u64 {
    let numbers = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1);
    numbers.map(|number| number.parse::<u64>().unwrap()).sum()
}

/// What a reader makes of a heaptrack file, who adds up what the lines say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heaptrack {
    allocations: u64,
    live: u64,
    peak: u64,
}

impl Heaptrack {
    fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut sizes = Vec::new();
        let number = |word: &str| u64::from_str_radix(word, 16).unwrap();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[0] {
                "a" => sizes.push(number(words[1])),
                "+" => {
                    read.allocations += 1;
                    read.live += sizes[number(words[1]) as usize];
                    read.peak = read.peak.max(read.live);
                }
                "-" => read.live -= sizes[number(words[1]) as usize],
                _ => {}
            }
        }
        read
    }
}

fn rows(made: &Made, table: Table) -> Vec<Json> {
    let text = String::from_utf8(made.table(Format::JsonLines, table)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Reallocations that failed, and left a block as it was.
pub(crate) fn failed_reallocations(made: &Made) -> usize {
    let kept = |row: &&Json| row["effect"] == "failed-allocation" && !row["block"].is_null();
    rows(made, Table::Events).iter().filter(kept).count()
}

fn column(rows: &[Json], name: &str) -> u64 {
    rows.iter().filter_map(|row| row[name].as_u64()).sum()
}

proptest! {
    #[test]
    fn of_folded_stacks(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let totals = &made.report.totals;
        let sum = |value| sum(&made.folded(value, Selection::default()));
        prop_assert_eq!(sum(Value::Outstanding), totals.outstanding_bytes);
        prop_assert_eq!(sum(Value::Leaked), totals.leak_bytes);
        prop_assert_eq!(sum(Value::Allocated), totals.allocated_bytes);
        prop_assert_eq!(sum(Value::Count), totals.allocations);
        prop_assert_eq!(sum(Value::Peak), totals.peak_bytes);
    }

    /// What several sessions left is added up, and that is said.
    #[test]
    fn of_several_sessions(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        for format in [Format::Pprof, Format::Folded] {
            let (_, losses) = made.part(format, Options::default(), Selection::default());
            let is_said = losses.iter().any(|loss| loss.starts_with("the sessions apart"));
            prop_assert_eq!(is_said, made.report.sessions.len() > 1);
        }
    }

    /// A free that may be right is no double free, in no table; and where it was is said.
    #[test]
    fn of_frees_that_cannot_be_right(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let totals = &made.report.totals;
        let rows = rows(&made, Table::Events);
        let with = |effect: &str| rows.iter().filter(|row| row["effect"] == effect).count() as u64;
        prop_assert_eq!(with("double-free"), totals.double_frees);
        prop_assert_eq!(with("wrong-free"), totals.wrong_frees);
        let doubtful = with("doubtful-double-free") + with("doubtful-wrong-free");
        prop_assert_eq!(doubtful, totals.doubtful_frees);
        let mut odd = rows.iter().filter(|row| row["effect"].as_str().is_some_and(|effect| {
            effect.ends_with("double-free") || effect.ends_with("wrong-free")
        }));
        prop_assert!(odd.all(|row| row["address"].is_u64()));
    }

    #[test]
    fn of_pprof(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let totals = &made.report.totals;
        let mut profile = Vec::new();
        let packed = made.export(Format::Pprof);
        std::io::copy(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut profile).unwrap();
        let profile = Message::read(&profile).unwrap();
        let mut sums = [0; 6];
        for sample in profile.all(2) {
            for (sum, value) in sums.iter_mut().zip(sample.message().one(2).unwrap().packed()) {
                *sum += value;
            }
        }
        let expected = [
            totals.allocations,
            totals.allocated_bytes,
            totals.outstanding_blocks,
            totals.outstanding_bytes,
            totals.leak_bytes,
            totals.peak_bytes,
        ];
        prop_assert_eq!(sums, expected);
    }

    #[test]
    fn of_heaptrack(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let totals = &made.report.totals;
        let (bytes, losses) = made.part(Format::Heaptrack, Options::default(), Selection::default());
        let read = Heaptrack::read(std::str::from_utf8(&bytes).unwrap());
        prop_assert_eq!(read.live, totals.outstanding_bytes);
        let is_lost = |what: &str| losses.iter().any(|loss| loss.starts_with(what));
        prop_assert_eq!(read.allocations, totals.allocations);
        if !is_lost("the end of sessions") {
            prop_assert!(read.peak >= totals.peak_bytes);
            // What comes and goes while a reallocation fails adds to the block, which the report knows to live only behind that.
            if failed_reallocations(&made) == 0 {
                prop_assert_eq!(read.peak, totals.peak_bytes);
            }
        }
    }

    #[test]
    fn of_perfetto(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let totals = &made.report.totals;
        let trace = made.export(Format::Perfetto);
        let trace = Message::read(&trace).unwrap();
        // By call stack: allocated, freed, and how often, in the last dump that has it.
        let mut heap: BTreeMap<u64, [u64; 4]> = BTreeMap::new();
        let (mut begun, mut ended, mut logs, mut depth) = (0, 0, 0, 0);
        for packet in trace.all(1).map(Field::message) {
            if let Some(event) = packet.one(11).map(Field::message) {
                begun += event.all(47).count() as u64;
                ended += event.all(48).count() as u64;
                match event.one(9).unwrap().number() {
                    1 => depth += 1,
                    2 => depth -= 1,
                    _ => {}
                }
            }
            logs += packet.all(39).count() as u64;
            for dump in packet.all(37).flat_map(|profile| profile.message().all(5).collect::<Vec<_>>()) {
                for sample in dump.message().all(2).map(Field::message) {
                    let numbers = [2, 3, 5, 6].map(|field| sample.one(field).unwrap().number());
                    heap.insert(sample.one(1).unwrap().number(), numbers);
                }
            }
        }
        let sums = heap.values().fold([0; 4], |mut sums, numbers| {
            sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
            sums
        });
        prop_assert_eq!(sums[0] - sums[1], totals.outstanding_bytes);
        prop_assert_eq!(sums[2] - sums[3], totals.outstanding_blocks);
        prop_assert_eq!(logs, totals.log_messages);
        prop_assert_eq!(depth, 0);
        prop_assert_eq!(sums[2], totals.allocations);
        prop_assert_eq!(begun, totals.allocations);
        prop_assert_eq!(begun - ended, totals.outstanding_blocks);
    }

    #[test]
    fn of_tables(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let totals = &made.report.totals;
        let (events, blocks) = (rows(&made, Table::Events), rows(&made, Table::Blocks));
        let begins = |row: &&Json| row["effect"] == "allocation" || row["effect"] == "reallocation";
        let begun: Vec<Json> = events.iter().filter(begins).cloned().collect();
        prop_assert_eq!(begun.len() as u64, totals.allocations);
        prop_assert_eq!(column(&begun, "size"), totals.allocated_bytes);
        let moved = begun.iter().filter(|row| row["effect"] == "reallocation");
        prop_assert_eq!(moved.count() as u64, totals.reallocations);
        prop_assert_eq!(blocks.len() as u64, totals.allocations);
        prop_assert_eq!(column(&blocks, "size"), totals.allocated_bytes);
        let left: Vec<Json> = blocks.iter().filter(|row| row["end"] == "outstanding").cloned().collect();
        prop_assert_eq!(left.len() as u64, totals.outstanding_blocks);
        prop_assert_eq!(column(&left, "size"), totals.outstanding_bytes);
        // Each block has a row of its own, and each event's block is one of them.
        let mut numbers: Vec<u64> = blocks.iter().map(|row| row["block"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        prop_assert_eq!(&numbers, &(1..=totals.allocations).collect::<Vec<_>>());
        let sites = rows(&made, Table::Sites);
        prop_assert_eq!(column(&sites, "outstanding_bytes"), totals.outstanding_bytes);
        // Where every allocation failed there is no first one, and no last.
        for (row, site) in sites.iter().zip(&made.report.call_sites) {
            let is_none = site.allocations == 0;
            prop_assert_eq!(site.first_allocation_s.is_none(), is_none);
            prop_assert_eq!(site.last_allocation_s.is_none(), is_none);
            prop_assert_eq!(row["first_allocation_ticks"].is_null(), is_none);
            prop_assert_eq!(row["last_allocation_ticks"].is_null(), is_none);
        }
        prop_assert_eq!(rows(&made, Table::Logs).len() as u64, totals.log_messages);
        prop_assert_eq!(rows(&made, Table::Problems).len(), made.report.problems.len());
    }
    /// A reallocation that fails is no free, whoever comes between its begin and its end.
    #[test]
    fn of_reallocations_that_fail(seed: u64, is_own: bool) {
        let made = Made::new(&moving(seed, 400, is_own), PROGRAM);
        let totals = &made.report.totals;
        let (events, blocks) = (rows(&made, Table::Events), rows(&made, Table::Blocks));
        let of = |name: &str| events.iter().filter(|row| row["effect"] == name).count() as u64;
        let frees = ["free", "free-of-older-block", "double-free", "wrong-free", "doubtful-double-free", "doubtful-wrong-free"];
        prop_assert_eq!(frees.map(of).iter().sum::<u64>(), totals.frees);
        prop_assert_eq!(of("failed-allocation"), totals.failed_allocations);
        let ended: BTreeSet<u64> = events.iter().filter_map(|row| row["ended_block"].as_u64()).collect();
        let freed = blocks.iter().filter(|row| row["end"] == "freed");
        prop_assert_eq!(ended, freed.map(|row| row["block"].as_u64().unwrap()).collect());
        let left = blocks.iter().filter(|row| row["end"] == "outstanding").count() as u64;
        prop_assert_eq!(left, totals.outstanding_blocks);
        // What lives is what the rows say of it.
        let mut live = 0;
        for row in &events {
            let number = |name: &str| row[name].as_u64();
            let size = row["size"].as_u64().unwrap_or(0);
            let begins = row["effect"] == "allocation" || row["effect"] == "reallocation";
            live += if begins { size } else { 0 };
            live -= number("ended_block").map_or(0, |_| size);
            live -= number("lost_block").map_or(0, |lost| {
                blocks.iter().find(|row| row["block"] == lost).unwrap()["size"].as_u64().unwrap()
            });
            prop_assert_eq!(number("live_bytes"), Some(live));
        }
    }
}
