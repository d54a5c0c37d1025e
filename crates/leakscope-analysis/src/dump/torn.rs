//! Call stacks of which another writer, or a slow link, has taken a part.

use rustc_hash::FxHashMap;

use super::Dump;
use super::code::is_data;
use super::grammar::Printed;

/// How the call stacks of a dump's records were printed, and what shows that some were torn.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    list: Vec<Seen>,
    /// Whether the last line was a record's: the rest of its callers may follow.
    is_last: bool,
}

#[derive(Debug)]
struct Seen {
    printed: Printed,
    /// Text stands behind it.
    has_rest: bool,
    is_torn: bool,
}

impl Stacks {
    /// Takes the next record's.
    pub(super) fn add(&mut self, printed: Printed) {
        self.list.push(Seen {
            printed,
            has_rest: false,
            is_torn: false,
        });
        self.is_last = true;
    }

    /// Something else than a record was read.
    pub(super) fn leave(&mut self) {
        self.is_last = false;
    }

    /// Takes what stands behind a record in its line.
    pub(super) fn rest(&mut self, rest: &str) {
        if let Some(last) = self.list.last_mut().filter(|_| self.is_last) {
            let has_callers = !last.printed.digits.is_empty();
            last.has_rest = !rest.trim().is_empty();
            last.is_torn |= rest.contains(if has_callers { ":0x" } else { "0x" });
        }
    }

    /// Takes a line that may hold the rest of the last record's callers, and says whether it does.
    pub(super) fn is_continued_by(&mut self, text: &str) -> bool {
        let Some(last) = self.list.last_mut().filter(|_| self.is_last) else {
            return false;
        };
        if !last.printed.digits.is_empty() && is_data(text) {
            return false;
        }
        let is_rest = match text.rsplit_once("caller ") {
            Some((_, callers)) => last.printed.digits.is_empty() && are_callers(callers),
            None => are_callers(text.trim_start_matches(|c| "caller ".contains(c))),
        };
        last.is_torn |= is_rest;
        is_rest
    }

    /// Takes torn call stacks out of the dump that ends: a part of one is another call site's.
    pub(super) fn end(&mut self, dump: &mut Dump) {
        self.find_odd_digits(dump);
        self.find_short(dump.sums.is_some());
        for (seen, record) in self.list.iter().zip(&mut dump.records) {
            if seen.is_torn {
                record.allocated_by.clear();
                dump.torn_stacks += 1;
            }
        }
        *self = Self::default();
    }

    /// ESP-IDF prints pointers with eight digits. Programs and computers may print fewer or more, and then not in a few
    /// records alone.
    fn find_odd_digits(&mut self, dump: &Dump) {
        const DIGITS: u8 = 8;
        let mut stacks = self.list.iter();
        let is_espressif = dump.records.iter().any(|record| record.memory.is_some())
            && stacks.any(|seen| seen.printed.digits.contains(&DIGITS));
        let odd: Vec<Vec<u64>> = (self.list.iter().zip(&dump.records))
            .map(|(seen, record)| {
                let callers = record.allocated_by.iter().zip(&seen.printed.digits);
                let odd = callers.filter(|&(_, &digits)| digits != DIGITS);
                odd.map(|(&caller, _)| caller).collect()
            })
            .collect();
        let mut records: FxHashMap<u64, usize> = FxHashMap::default();
        for &caller in odd.iter().flatten() {
            *records.entry(caller).or_default() += 1;
        }
        let are_few = odd.iter().filter(|odd| !odd.is_empty()).count() * 2 < self.with_callers();
        for (seen, odd) in self.list.iter_mut().zip(&odd) {
            let is_alone = odd.iter().any(|caller| records[caller] == 1);
            seen.is_torn |= !odd.is_empty() && (is_espressif || are_few && is_alone);
        }
    }

    /// ESP-IDF and leakscope's recorders print a colon behind every caller but that of the last slot: a stack without one
    /// at its end has all slots. Programs may have ways of their own.
    fn find_short(&mut self, is_whole: bool) {
        let rests = self.list.iter().filter(|seen| seen.has_rest).count();
        let is_rest_odd = rests * 2 < self.list.len();
        let slots = |seen: &Seen| seen.printed.digits.len() + usize::from(seen.printed.is_open);
        let whole = self.list.iter().filter(|seen| !seen.is_torn);
        let depth = whole.clone().map(slots).max().unwrap_or_default();
        let open = whole.clone().filter(|seen| seen.printed.is_open).count();
        let is_short =
            |seen: &Seen| !seen.printed.is_open && (1..depth).contains(&seen.printed.digits.len());
        let short = whole.filter(|seen| is_short(seen)).count();
        let is_rule = short * 2 <= self.with_callers() && (is_whole || short < open);
        for seen in &mut self.list {
            // Text stands behind it that stands behind no other: it may have taken callers away.
            let is_in_doubt = seen.has_rest && is_rest_odd && seen.printed.digits.len() < depth;
            seen.is_torn |= is_in_doubt || is_rule && is_short(seen);
        }
    }

    fn with_callers(&self) -> usize {
        let stacks = self.list.iter();
        stacks
            .filter(|seen| !seen.printed.digits.is_empty())
            .count()
    }
}

/// Whether a text holds callers and nothing else.
fn are_callers(text: &str) -> bool {
    let callers = text.trim();
    let is_part = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c) || "x:".contains(c);
    callers.contains("0x") && callers.len() >= "0x00000000".len() && callers.chars().all(is_part)
}
