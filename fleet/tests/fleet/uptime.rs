//! Heap dumps of many devices: a leak, a cache, start-up objects, and idle devices.

use std::fmt::Write;

use leakscope_fleet::ask::{Asked, Question};
use leakscope_fleet::engine::Engine;
use leakscope_fleet::ingest::elf_store::ElfStore;
use leakscope_fleet::ingest::{Options, ingest, source};
use leakscope_fleet::store::Folder;
use leakscope_testing::program::Random;

use crate::made::file;

/// A log with a dump of so many blocks of each caller.
fn log(device: u64, uptime_s: u64, allocations: u64, sites: &[(u32, u64)]) -> String {
    let count: u64 = sites.iter().map(|(_, blocks)| blocks).sum();
    let mut log = format!(
        "I ({}) main: dump of {device}\n====== Heap Trace: {count} records (4000 capacity) ======\n",
        uptime_s * 1000
    );
    let mut address = 0x3FC9_0000_u32;
    for &(caller, blocks) in sites {
        for _ in 0..blocks {
            let _ = writeln!(
                log,
                "    24 bytes (@ {address:#x}, Internal) allocated CPU 0 ccount 0x1a320698 caller {caller:#x}:0x40370001"
            );
            address += 32;
        }
    }
    let _ = write!(
        log,
        "====== Heap Trace Summary ======\nMode: Heap Trace Leaks\n{} bytes 'leaked' in trace ({count} allocations)\n\
         records: {count} (4000 capacity, {count} high water mark)\ntotal allocations: {allocations}\ntotal frees: {}\n\
         ================================\n",
        count * 24,
        allocations - count
    );
    log
}

const LEAK: u32 = 0x4037_6321;
const CACHE: u32 = 0x4037_6421;
const START: u32 = 0x4037_6521;

fn verdicts(
    devices: u64,
    uptime_s: impl Fn(&mut Random) -> u64,
    is_idle: bool,
) -> Vec<(u64, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let mut random = Random(3);
    for device in 0..devices {
        let uptime = uptime_s(&mut random);
        let hours = uptime / 3600;
        // Of idle devices, those that have run for long have done little: the more they hold, the less they have allocated.
        let work = if is_idle {
            2000 - 10 * hours.min(150)
        } else {
            20 * hours
        };
        let noise = random.below(3);
        let sites = [
            (LEAK, 2 + 2 * hours + noise),
            (CACHE, (20 * hours).min(32)),
            (START, 7),
        ];
        let text = log(device, uptime, 500 + work, &sites);
        file(
            &from,
            &format!("{device}.log"),
            text.as_bytes(),
            &format!("{{\"device\": \"{device}\", \"firmware\": \"1.0\"}}"),
        );
    }
    let recordings = source::find(&[from.display().to_string()], &mut &b""[..]).expect("a folder");
    let folder = Folder::new(&into);
    let summary = ingest(
        &recordings,
        &folder,
        &ElfStore::default(),
        &Options::default(),
        &mut |_| {},
    )
    .expect("rows");
    assert_eq!(summary.added as u64, devices);
    let question: Question = "leak-by-uptime".parse().expect("a question");
    let answer = question
        .ask(&Engine::open(&folder).expect("a fleet"), &Asked::default())
        .expect("an answer");
    let frames = Engine::open(&folder)
        .expect("a fleet")
        .run("SELECT DISTINCT site, address FROM stacks WHERE frame = 0")
        .expect("frames");
    let caller = |site: &str| {
        let mut of = frames
            .rows
            .iter()
            .filter(|row| frames.text(row, "site") == site);
        of.next().map_or(0, |row| frames.count(row, "address"))
    };
    let mut verdicts: Vec<(u64, String)> = (answer.rows.iter())
        .map(|row| {
            (
                caller(answer.text(row, "site")),
                answer.text(row, "verdict").to_owned(),
            )
        })
        .collect();
    verdicts.sort();
    verdicts
}

fn expected(leak: &str, cache: &str, start: &str) -> Vec<(u64, String)> {
    vec![
        (LEAK.into(), leak.to_owned()),
        (CACHE.into(), cache.to_owned()),
        (START.into(), start.to_owned()),
    ]
}

#[test]
fn growth_over_devices_is_a_leak_and_a_full_cache_is_none() {
    let spread = |random: &mut Random| 3600 * (1 + random.below(100));
    assert_eq!(
        verdicts(60, spread, false),
        expected("leak-by-uptime", "no growth", "no growth")
    );
    // While the cache fills on most devices, it grows, and in the end it does not.
    let short = |random: &mut Random| 900 * (1 + random.below(16));
    let found = verdicts(60, short, false);
    assert_eq!(
        (&*found[0].1, &*found[2].1),
        ("leak-by-uptime", "no growth")
    );
    assert_eq!(found[1].1, "saturates");
}

#[test]
fn few_devices_and_idle_devices_prove_nothing() {
    let spread = |random: &mut Random| 3600 * (1 + random.below(100));
    assert!(
        verdicts(19, spread, false)
            .iter()
            .all(|(_, verdict)| verdict == "too few devices")
    );
    let alike = |random: &mut Random| 3600 * (50 + random.below(100));
    assert!(
        verdicts(40, alike, false)
            .iter()
            .all(|(_, verdict)| verdict == "too few devices")
    );
    assert!(
        verdicts(60, spread, true)
            .iter()
            .all(|(_, verdict)| verdict == "no growth")
    );
}
