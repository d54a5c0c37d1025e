//! What a dump says, in the form of every other answer.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::code::Callers;
use super::{Dump, Log, Mode, Record, Sums};
use crate::findings::{Confidence, Finding, Reason, Verdict, Word};
use crate::heap::{FoldStack, SiteId};
use crate::outcome::{Block, CallSite, Outcome, Target, Totals};
use crate::problem::{Problem, ProblemKind, Problems};
use crate::trace::Context;

/// A call site with this many blocks, of which none was freed, is worth a look.
const SUSPICIOUS: u64 = 3;

impl Log {
    /// What the fullest dump says. Times in it are readings of the cycle counter, which tell no more than an order.
    ///
    /// `fold` tells the allocator's own frames.
    pub fn outcome(&self, fold: &mut impl FoldStack) -> Outcome {
        let nothing = Dump::default();
        let dump = self.fullest().unwrap_or(&nothing);
        let reading = Reading::new(dump);
        let call_sites = reading.call_sites(fold);
        let mut problems = reading.problems();
        if self.dumps.len() > 1 {
            let several = ProblemKind::SeveralDumps {
                dumps: self.dumps.len() as u64,
                is_whole: dump.is_whole,
            };
            problems.add(several, 0, None, None);
        }
        let totals = Totals {
            bytes: self.bytes,
            ..reading.totals(&call_sites)
        };
        let mut cores: Vec<u8> = dump.records.iter().map(|record| record.core).collect();
        cores.sort_unstable();
        cores.dedup();
        Outcome {
            target: Target {
                cores,
                elf_sha256: self.program(dump).map(|program| program.elf_sha256.clone()),
                ..Target::default()
            },
            ..Outcome::of_moment(totals, call_sites, problems.list().to_vec())
        }
    }
}

/// A dump, and what its records mean together.
struct Reading<'d> {
    dump: &'d Dump,
    /// What became of the block of each record.
    fates: Vec<Fate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Alive,
    /// Alive, says the dump, and may be mistaken.
    Doubtful,
    /// Alive, as far as was read: the line that says it was freed may be missing.
    Unread,
    Freed,
    /// Its memory was allocated again, from its address on or in part; the free is not in the dump.
    FreeLost,
}

impl<'d> Reading<'d> {
    fn new(dump: &'d Dump) -> Self {
        let mut seen: FxHashSet<u64> = FxHashSet::default();
        let mut alive: BTreeMap<u64, usize> = BTreeMap::new();
        let mut fates = Vec::with_capacity(dump.records.len());
        let whole = whole_records(dump);
        let is_from_the_oldest = searches_from_the_oldest(dump);
        let lacks_older = lacks_older(dump);
        for (index, record) in dump.records.iter().enumerate() {
            let was_used = !seen.insert(record.address);
            while let Some(older) = overlapped(&alive, record, &dump.records) {
                alive.remove(&dump.records[older].address);
                fates[older] = Fate::FreeLost;
            }
            let fate = if record.is_freed {
                Fate::Freed
            } else if is_from_the_oldest && (was_used || lacks_older) {
                Fate::Doubtful
            } else if index >= whole {
                Fate::Unread
            } else {
                Fate::Alive
            };
            if fate != Fate::Freed {
                alive.insert(record.address, index);
            }
            fates.push(fate);
        }
        Self { dump, fates }
    }

    fn count(&self, fate: Fate) -> u64 {
        self.fates.iter().filter(|&&each| each == fate).count() as u64
    }

    fn call_sites(&self, fold: &mut impl FoldStack) -> Vec<CallSite> {
        let callers = Callers::of(self.dump);
        let mut index_of: HashMap<Box<[u64]>, usize, FxBuildHasher> = HashMap::default();
        let mut sites: Vec<CallSite> = Vec::new();
        let mut unread: Vec<bool> = Vec::new();
        for (record, &fate) in self.dump.records.iter().zip(&self.fates) {
            let stack = callers.of_code(record);
            let (allocator_frames, key) = fold.split(stack);
            let index = *index_of.entry(key.into()).or_insert_with(|| {
                let id = SiteId::new(sites.len() as u32);
                let site = CallSite {
                    smallest: record.size,
                    largest: record.size,
                    first_allocation: record.cycles.into(),
                    ..CallSite::new(id, key, allocator_frames)
                };
                sites.push(site);
                unread.push(false);
                sites.len() - 1
            });
            add(&mut sites[index], record, fate);
            unread[index] |= fate == Fate::Unread;
        }
        for (site, has_unread) in sites.iter_mut().zip(unread) {
            site.finding = self.finding(site, has_unread);
        }
        sites.sort_by_key(|site| {
            let is_suspicious = site.frees == 0 && site.outstanding_blocks >= SUSPICIOUS;
            let blocks = if is_suspicious {
                site.outstanding_blocks
            } else {
                0
            };
            std::cmp::Reverse((blocks, site.outstanding_bytes))
        });
        sites
    }

    /// A dump proves what was freed, and nothing else.
    fn finding(&self, site: &CallSite, has_unread: bool) -> Finding {
        let blocks = site.outstanding_blocks;
        let (verdict, confidence, reason): (_, _, Reason) = match blocks {
            0 => (
                Verdict::AllFreed,
                if self.dump.has_overflowed {
                    Confidence::Medium
                } else {
                    Confidence::High
                },
                vec![
                    Word::Text("all "),
                    Word::Count(site.allocations),
                    Word::Text(" recorded blocks were freed"),
                ],
            ),
            _ if site.doubtful_blocks == blocks => (
                Verdict::Uncertain,
                Confidence::Low,
                vec![Word::Text(if has_unread {
                    "the lines that say what was freed are not all there, and what is outstanding may be freed"
                } else {
                    "what is outstanding may be freed: an older record of its address may have the note of that"
                })],
            ),
            _ => {
                let mut reason = vec![Word::Count(blocks)];
                if self.dump.mode == Some(Mode::Leaks) {
                    reason.push(Word::Text(if blocks == 1 {
                        " block outstanding"
                    } else {
                        " blocks outstanding"
                    }));
                } else {
                    reason.push(Word::Text(" of "));
                    reason.push(Word::Count(site.allocations));
                    reason.push(Word::Text(" recorded blocks outstanding"));
                }
                reason.push(Word::Text("; a dump has no history"));
                (Verdict::Unclassified, Confidence::Low, reason)
            }
        };
        Finding {
            verdict,
            confidence,
            reason,
        }
    }

    fn totals(&self, sites: &[CallSite]) -> Totals {
        let records = self.dump.records.len() as u64;
        // Of a sum that is torn, the digits that are left may be fewer than the records say.
        let at_least = |sum: Option<u64>, seen: u64| sum.unwrap_or(seen).max(seen);
        let allocations = at_least(self.dump.total_allocations, records);
        let frees = at_least(self.dump.total_frees, self.count(Fate::Freed));
        Totals {
            events: records,
            heap_events: allocations.saturating_add(frees),
            allocations,
            frees,
            allocated_bytes: sites.iter().map(|site| site.allocated_bytes).sum(),
            outstanding_blocks: sites.iter().map(|site| site.outstanding_blocks).sum(),
            outstanding_bytes: sites.iter().map(|site| site.outstanding_bytes).sum(),
            failed_allocations: self.dump.failed_allocations,
            ..Totals::default()
        }
    }

    fn problems(&self) -> Problems {
        let dump = self.dump;
        let mut problems = Problems::default();
        let mut note = |kind, count: u64| {
            if count > 0 {
                problems.add_all(&Problem {
                    kind,
                    input: 0,
                    offset: Some(dump.offset),
                    time: None,
                    count,
                });
            }
        };
        note(ProblemKind::NoHistory, 1);
        note(ProblemKind::RecordsEvicted, dump.has_overflowed.into());
        let found = dump.records.len() as u64;
        let read = printed_as_alive(dump);
        // `heap_trace_dump_caps` announces all records, and prints and adds up those of one memory: fewer are no damage
        // if the sums say so.
        let is_short = dump.announced.is_some_and(|announced| found < announced);
        let cut = ProblemKind::DumpCut {
            found,
            announced: dump.announced,
            is_interrupted: dump.interruption.is_some(),
            has_end: dump.is_whole,
        };
        let is_cut = !dump.is_whole || is_short && dump.sums.is_none();
        note(cut, is_cut.into());
        if let Some(interruption) = dump.interruption.filter(|_| !dump.is_whole) {
            note(ProblemKind::DumpInterrupted(interruption), 1);
        }
        // Where the dump's own sums are those of what was read, a line that looks torn is of no record.
        let is_torn = is_short || dump.sums != Some(read);
        let broken = if is_torn { dump.broken_lines } else { 0 };
        note(ProblemKind::UnreadableLines, broken + dump.torn_stacks);
        if let Some(sums) = dump.sums {
            note(
                ProblemKind::DumpSumsDiffer { sums, read },
                (sums != read).into(),
            );
        }
        note(ProblemKind::DumpChanged, dump.changed_meanwhile.into());
        note(ProblemKind::RecordListCorrupt, dump.is_corrupt.into());
        let reused = ProblemKind::AddressesReused {
            is_of_leaks: dump.mode == Some(Mode::Leaks),
            has_hash_map: dump.has_hash_map,
        };
        note(reused, self.count(Fate::Doubtful));
        note(ProblemKind::FreeLost, self.count(Fate::FreeLost));
        if dump.mode == Some(Mode::All)
            && Some(found) == dump.announced
            && let Some(frees) = dump.total_frees
        {
            let frees = frees.saturating_sub(self.count(Fate::Freed));
            note(ProblemKind::FreesWithoutRecord { frees }, frees.min(1));
        }
        let callers = Callers::of(dump);
        let with_data = dump.records.iter();
        let with_data =
            with_data.filter(|record| callers.of_code(record).len() < record.allocated_by.len());
        note(ProblemKind::CallersAreData, with_data.count() as u64);
        if found > dump.torn_stacks
            && dump
                .records
                .iter()
                .all(|record| record.allocated_by.is_empty())
        {
            note(ProblemKind::NoCallStacks, 1);
        }
        problems
    }
}

/// What the dump's own sums count: records that it prints without a note that their blocks were freed.
fn printed_as_alive(dump: &Dump) -> Sums {
    let alive = dump.records.iter().filter(|record| !record.is_freed);
    alive.fold(Sums::default(), |sums, record| Sums {
        blocks: sums.blocks + 1,
        bytes: sums.bytes.saturating_add(record.size),
    })
}

/// How many records, from the first on, have all that the dump says of them: of each that was freed, it says so behind it.
fn whole_records(dump: &Dump) -> usize {
    let found = dump.records.len();
    let is_torn = match dump.sums {
        Some(sums) => sums != printed_as_alive(dump),
        // Of a dump without an end, records behind the last one are missing anyhow.
        None => {
            let is_short = dump
                .announced
                .is_some_and(|announced| announced > found as u64);
            dump.broken_lines + dump.torn_stacks > 0 || dump.is_whole && is_short
        }
    };
    match dump.mode {
        Some(Mode::Leaks) => found,
        _ if is_torn => 0,
        _ => found - usize::from(!dump.is_whole && found > 0),
    }
}

/// A block that was believed alive, and whose memory a newer record takes: two blocks never share a byte, so
/// that it must have been freed.
fn overlapped(alive: &BTreeMap<u64, usize>, newer: &Record, records: &[Record]) -> Option<usize> {
    let end = newer.address.saturating_add(newer.size.max(1));
    let (&start, &older) = alive.range(..end).next_back()?;
    (start.saturating_add(records[older].size.max(1)) > newer.address).then_some(older)
}

/// Whether the recorder that wrote this looks a freed address up from the oldest record on: ESP-IDF since
/// 5.1, which also names the memory of each block. Later versions with a hash map find the newest one, and show it: then
/// a free is noted in a record whose address an older record has, too.
fn searches_from_the_oldest(dump: &Dump) -> bool {
    let mut is_freed: HashMap<u64, bool, FxBuildHasher> = HashMap::default();
    let (mut newest, mut oldest) = (0, 0);
    for record in &dump.records {
        if let Some(was_freed) = is_freed.insert(record.address, record.is_freed) {
            newest += u64::from(record.is_freed);
            oldest += u64::from(!was_freed);
        }
    }
    newest <= oldest && dump.records.iter().any(|record| record.memory.is_some())
}

/// Whether records are missing that may have the notes of later frees: of freed blocks, which one mode keeps.
fn lacks_older(dump: &Dump) -> bool {
    let found = dump.records.len() as u64;
    let is_short = dump.announced.is_none_or(|announced| found < announced);
    let keeps_freed = match dump.mode {
        Some(mode) => mode == Mode::All,
        None => dump.records.iter().any(|record| record.is_freed),
    };
    keeps_freed && (dump.has_overflowed || is_short)
}

fn add(site: &mut CallSite, record: &Record, fate: Fate) {
    site.allocations += 1;
    site.allocated_bytes = site.allocated_bytes.saturating_add(record.size);
    site.smallest = site.smallest.min(record.size);
    site.largest = site.largest.max(record.size);
    site.last_allocation = record.cycles.into();
    if let Err(place) = site.cores.binary_search(&record.core) {
        site.cores.insert(place, record.core);
    }
    if matches!(fate, Fate::Freed | Fate::FreeLost) {
        site.frees += 1;
        return;
    }
    site.outstanding_blocks += 1;
    site.outstanding_bytes = site.outstanding_bytes.saturating_add(record.size);
    site.peak_bytes = site.outstanding_bytes;
    if matches!(fate, Fate::Doubtful | Fate::Unread) {
        site.doubtful_blocks += 1;
        site.doubtful_bytes = site.doubtful_bytes.saturating_add(record.size);
    }
    if site.blocks.len() < CallSite::BLOCKS_KEPT {
        site.blocks.push(Block {
            address: record.address,
            size: record.size,
            time: record.cycles.into(),
            context: Context::Unknown,
            core: record.core,
        });
    }
}
