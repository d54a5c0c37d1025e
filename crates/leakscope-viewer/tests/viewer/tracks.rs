//! What one call site did, column by column, against the twin's list of blocks.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_testing::moving::moving;
use leakscope_testing::program::eventful;
use leakscope_viewer::{Engine, Program};
use serde_json::Value;

use super::program::{ask, engine, inputs};
use super::twin::{Kept, Twin};

/// The blocks of one call site: sizes by address.
struct Blocks {
    site: usize,
    live: BTreeMap<u64, u64>,
}

impl Blocks {
    fn own<'k>(&self, known: Option<&'k KnownBlock>) -> Option<&'k KnownBlock> {
        known.filter(|known| known.site.index() == self.site)
    }

    /// Returns whether one was allocated, and whether one was freed.
    fn see(&mut self, event: &Kept) -> (bool, bool) {
        let Some(effect) = &event.effect else {
            return (false, false);
        };
        if matches!(effect, Effect::Restart) {
            self.live.clear();
        }
        for gone in [effect.ended(), effect.lost()] {
            if let Some(known) = self.own(gone) {
                self.live.remove(&known.block.address);
            }
        }
        if let Some(known) = self.own(effect.began()) {
            self.live.insert(known.block.address, known.block.size);
        }
        let (began, ended) = (self.own(effect.began()), self.own(effect.ended()));
        (began.is_some(), ended.is_some())
    }

    fn bytes(&self) -> u64 {
        self.live.values().sum()
    }
}

fn track(engine: &mut Engine<'_>, site: usize, from: u64, to: u64, width: u64) -> Value {
    let numbers = [site as u64, from, to, width].map(|number| number.to_string());
    let names = ["site", "from", "to", "width"];
    let parameters: Vec<_> = names.into_iter().zip(&numbers).collect();
    let parameters: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    ask(engine, "track", &parameters)
}

/// Each column: levels, blocks and counts; where it is exact, the marks too.
fn check(engine: &mut Engine<'_>, twin: &Twin, site: usize, (from, to): (u64, u64), width: u64) {
    let track = track(engine, site, from, to, width);
    let heap = &track["heap"];
    let edge = |name: &str| heap[name].as_u64().unwrap();
    let (begin, end, columns) = (edge("from"), edge("to"), edge("width"));
    assert!(begin <= from && end >= to);
    let is_exact = track["exact"] == true;
    let mut blocks = Blocks {
        site,
        live: BTreeMap::new(),
    };
    let mut events = twin.events.iter().peekable();
    while let Some(event) = events.next_if(|event| event.time < begin) {
        blocks.see(event);
    }
    let (mut marks, mut changes) = (Vec::new(), 0);
    for column in 0..columns {
        let until = begin + ((column + 1) * (end - begin)).div_ceil(columns);
        let (mut max, mut allocations, mut frees) = (blocks.bytes(), 0u64, 0u64);
        while let Some(event) = events.next_if(|event| event.time < until) {
            let (begins, ends) = blocks.see(event);
            allocations += u64::from(begins);
            frees += u64::from(ends);
            if begins || ends {
                marks.push(event.time);
            }
            max = max.max(blocks.bytes());
        }
        changes += allocations + frees;
        let what =
            format!("site {site}, column {column} of {columns} in {from}..{to}, exact {is_exact}");
        let place = column as usize;
        assert_eq!(heap["max"][place], max, "{what}");
        assert_eq!(heap["last"][place], blocks.bytes(), "{what}");
        assert_eq!(heap["blocks"][place], blocks.live.len(), "{what}");
        assert_eq!(heap["allocations"][place], allocations, "{what}");
        assert_eq!(heap["frees"][place], frees, "{what}");
        assert!(heap["min"][place].as_u64().unwrap() <= max, "{what}");
    }
    if let Some(listed) = track["marks"].as_array() {
        let listed = listed.iter().filter(|mark| mark["kind"] != "failed");
        let listed: Vec<u64> = listed.map(|mark| mark["time"].as_u64().unwrap()).collect();
        assert_eq!(listed, marks);
    } else {
        assert!(!is_exact || changes > 2000);
    }
}

#[test]
fn the_track_of_a_call_site_is_that_of_its_blocks() {
    let program = Program::default();
    for (inputs, of_long) in [
        (inputs(6, 6_000), false),
        (eventful(3, 6_000), false),
        (vec![moving(4, 6_000, true).plain()], false),
        (vec![moving(5, 6_000, false).plain()], false),
        (inputs(2, 400_000), true),
    ] {
        let twin = Twin::of(&inputs);
        let mut engine = engine(&program, inputs);
        let end = twin.events.last().unwrap().time + 1;
        let sites = ask(&mut engine, "sites", &[]);
        let sites = sites["sites"].as_array().unwrap().iter();
        let sites: Vec<usize> = sites
            .map(|site| site["site"].as_u64().unwrap() as usize)
            .collect();
        for &site in sites.iter().take(3) {
            for (from, to) in [
                (0, end),
                (end / 3, end / 2),
                (end / 5 * 3, end / 5 * 3 + end / 50),
                (end - 2, end),
            ] {
                check(&mut engine, &twin, site, (from, to), 90);
            }
        }
        assert_eq!(track(&mut engine, sites[0], 0, end, 50)["exact"], !of_long);
    }
}
