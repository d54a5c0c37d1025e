//! Recordings that begin while the program runs, and programs that allocate unseen, each also with data lost: what is
//! lost explains no more than it can.

use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_analysis::outcome::Outcome;
use leakscope_testing::scenario::Scenario;

use crate::reading::{Reading, read, read_one};

const BLOCK: u32 = 0x3FFB_0000;
const ENTRY: &[u32] = &[0x4200_1000, 0x4200_0100];
const EXPIRY: &[u32] = &[0x4200_1100, 0x4200_0100];
const NAME: &[u32] = &[0x4200_2100, 0x4200_0200];

/// A full ring, of which no entry is freed that was seen to begin: each takes the place of one from before the recording.
fn full_ring() -> Scenario {
    let mut recording = Scenario::begun();
    for entry in 0..60 {
        recording
            .after(1000)
            .allocate(BLOCK + 0x4000 + 64 * entry, 40, ENTRY)
            .free(BLOCK + 64 * entry, EXPIRY);
    }
    recording
}

/// The packets before the first event of the heap.
const BEGINNING: usize = 10;

fn accuses(reading: &Reading) -> bool {
    let mut sites = reading.outcome.call_sites.iter();
    sites.any(|site| site.finding.verdict.is_leak())
}

#[test]
fn a_lost_packet_is_one_allocation_at_the_most() {
    let whole = read_one(full_ring().plain());
    assert_eq!(whole.verdict(ENTRY), Verdict::Uncertain);
    let packets = full_ring().packets();
    for lost in (BEGINNING..packets).step_by(7) {
        let mut recording = full_ring();
        recording.lose(|packet| packet == lost);
        let reading = read_one(recording.plain());
        assert!(!accuses(&reading), "{lost}: {:?}", reading.outcome);
        let explained = reading
            .problem("allocation-lost")
            .map_or(0, |problem| problem.count);
        assert!(explained <= 1, "{lost}: {explained}");
        assert!(reading.outcome.totals.frees_of_older_blocks >= 58, "{lost}");
    }
}

/// A dump of a ring buffer begins in the middle of a packet.
#[test]
fn a_cut_beginning_explains_no_lost_allocations() {
    let (bytes, places) = full_ring().plain_with_places();
    let cuts = places[BEGINNING].start..places[BEGINNING + 3].end;
    for cut in cuts {
        let reading = read_one(bytes[cut..].to_vec());
        assert!(!accuses(&reading), "{cut}: {:?}", reading.outcome);
    }
}

/// Blocks that a function allocates which is not recorded (newlib's `strdup` may be one), a few of them at addresses of their
/// own, and others where a block was freed that is recorded.
fn unrecorded_allocator(rounds: u32) -> Scenario {
    let mut recording = Scenario::begun();
    for round in 0..rounds {
        let work = BLOCK + 0x8000 + 64 * (round % 50);
        recording
            .after(500)
            .allocate(work, 40, ENTRY)
            .free(work, EXPIRY);
        match round % 30 {
            0 if round < rounds * 6 / 10 => recording
                .after(500)
                .free(BLOCK + 0x1_0000 + 64 * round, NAME),
            1..=9 => recording.after(500).free(work, NAME),
            _ => &mut recording,
        };
    }
    recording
}

#[test]
fn what_is_allocated_unseen_is_not_freed_twice_for_sure() {
    let mut recordings = [unrecorded_allocator(600), unrecorded_allocator(600)];
    recordings[1].lose(|packet| packet == BEGINNING + 40);
    for mut recording in recordings {
        let totals = read_one(recording.plain()).outcome.totals;
        assert_eq!(totals.double_frees, 0);
        assert!(totals.doubtful_frees > 150, "{totals:?}");
        let work = BLOCK + 0x8000;
        recording.allocate(work, 40, ENTRY);
        recording.free(work, EXPIRY).free(work, EXPIRY);
        let totals = read_one(recording.plain()).outcome.totals;
        assert_eq!(
            totals.double_frees, 1,
            "from where all else was seen to begin"
        );
    }
}

/// Only so many frees are listed with all that is known of them: what is not listed is no more certain than what is.
#[test]
fn a_long_list_of_doubts_proves_nothing_at_its_end() {
    let totals = read_one(unrecorded_allocator(6000).plain()).outcome.totals;
    assert!(
        totals.doubtful_frees > Outcome::KEPT as u64 + 100,
        "{totals:?}"
    );
    assert_eq!(totals.double_frees, 0);
}

/// A ring of so many entries, full when the recording begins, and a block that nobody frees for each that enters; `beside`
/// happens each time.
fn leak_beside_a_ring(entries: u32, beside: impl Fn(&mut Scenario)) -> Reading {
    let mut recording = Scenario::begun();
    for entry in 0..60 {
        let leaked = BLOCK + 0x1_0000 + 64 * entry;
        recording.after(900).allocate(leaked, 16, NAME);
        recording
            .after(100)
            .allocate(BLOCK + 64 * (entries + entry), 40, ENTRY)
            .free(BLOCK + 64 * entry, EXPIRY);
        beside(&mut recording);
    }
    read_one(recording.plain())
}

#[test]
fn who_frees_older_blocks_of_one_site_tells_nothing_of_another() {
    let reading = leak_beside_a_ring(40, |_| {});
    let leak = &reading.site(NAME).finding;
    assert_eq!(
        (leak.verdict, leak.confidence),
        (Verdict::LeakSteady, Confidence::Medium)
    );
    assert_eq!(reading.verdict(ENTRY), Verdict::Bounded);
}

/// What frees the ring's entries frees work, too, and no entry that was seen to begin: it tells of the ring all the same.
#[test]
fn who_frees_the_blocks_of_several_sites_tells_of_all() {
    const WORK: &[u32] = &[0x4200_3100, 0x4200_0300];
    let reading = leak_beside_a_ring(100, |recording| {
        recording.allocate(BLOCK + 0x2_0000, 8, WORK);
        recording.after(20).free(BLOCK + 0x2_0000, EXPIRY);
    });
    assert_eq!(reading.verdict(ENTRY), Verdict::Uncertain);
    let alone = leak_beside_a_ring(100, |_| {});
    assert_eq!(alone.verdict(ENTRY), Verdict::Uncertain);
    assert_eq!(
        alone.verdict(NAME),
        Verdict::Uncertain,
        "of whom its blocks are, nothing says"
    );
}

/// Two cores that take turns with the same memory.
fn two_cores() -> Scenario {
    let mut recording = Scenario::begun();
    for round in 0..200_u32 {
        let block = BLOCK + 64 * (round % 5);
        let core = (round % 2) as u8;
        recording.on(core).after(40).allocate(block, 40, ENTRY);
        recording.on(1 - core).after(40).free(block, EXPIRY);
    }
    recording
}

/// Behind bytes that are missing, the clock of a core may be late, and its events stand before others that came first.
#[test]
fn a_hole_in_the_part_of_one_core_proves_no_double_free() {
    let parts = two_cores().openocd_by_core();
    assert_eq!(read(&parts).outcome.totals.double_frees, 0);
    for hole in (400..parts[1].len() - 40).step_by(37) {
        let mut damaged = parts.clone();
        damaged[1].drain(hole..hole + 31);
        let reading = read(&damaged);
        let shows = ["skipped-bytes", "free-lost", "unreadable-packet"];
        let is_shown = shows.iter().any(|code| reading.problem(code).is_some());
        let totals = reading.outcome.totals;
        assert!(!is_shown || totals.double_frees == 0, "{hole}: {totals:?}");
    }
}
