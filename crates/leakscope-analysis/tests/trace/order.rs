//! Programs on two cores of which each frees what the other allocates, damaged: whose events come first is not known any more.

use leakscope_testing::program::Random;
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};

use crate::reading::read_one;

/// The call site that leaks.
const LEAK: u32 = 0x400D_1000;

struct Block {
    site: u32,
    address: u32,
    end: u64,
}

/// Each call site allocates and frees on both cores, from memory that is used again.
fn recording(random: &mut Random) -> Vec<u8> {
    let sites = 3 + random.below(5) as u32;
    let pause = 20 + random.below(2000);
    let turns = 600 + random.below(1500);
    let mut recording = Scenario::begun();
    recording.depth = 1;
    let (mut live, mut freed, mut end) = (Vec::<Block>::new(), Vec::new(), 0x3FFB_0000);
    for turn in 0..turns {
        for (core, task) in [(0, MAIN), (1, WORKER)] {
            if random.below(4) == 0 {
                recording.on(core).after(1 + random.below(9)).run(task);
            }
        }
        recording.after(random.below(pause));
        let now = recording.time();
        while let Some(over) = live.iter().position(|block| block.end <= now) {
            let Block { site, address, .. } = live.swap_remove(over);
            recording
                .on(random.below(2) as u8)
                .after(1 + random.below(5))
                .free(address, &[site]);
            freed.push(address);
        }
        let is_leak = turn % 12 == 5;
        let site = 1 + random.below(sites.into()) as u32;
        let site = LEAK + if is_leak { 0 } else { 0x100 * site };
        let address = if freed.is_empty() || random.below(8) == 0 {
            end += 64;
            end
        } else {
            freed.swap_remove(random.below(freed.len() as u64) as usize)
        };
        recording
            .on(random.below(2) as u8)
            .after(1 + random.below(5))
            .allocate(address, 40, &[site]);
        let life = pause * (1 + random.below(60));
        live.push(Block {
            site,
            address,
            end: if is_leak { u64::MAX } else { now + life },
        });
    }
    recording.after(50).stop();
    recording.joined()
}

/// Stretches of up to 64 bytes are taken out, or noise of that length is put in.
fn damaged(mut bytes: Vec<u8>, times: u64, random: &mut Random) -> Vec<u8> {
    let begin = 1000;
    for _ in 0..times {
        let at = begin + random.below((bytes.len() - begin - 64) as u64) as usize;
        let length = 1 + random.below(64) as usize;
        let noise = match random.below(2) {
            0 => Vec::new(),
            _ => (0..length).map(|_| random.below(256) as u8).collect(),
        };
        let hole = if noise.is_empty() { length } else { 0 };
        bytes.splice(at..at + hole, noise);
    }
    bytes
}

/// Frees stand before the allocations of their blocks then. None of these is called a leak, and what leaks still is.
#[test]
fn holes_in_one_of_two_cores_accuse_nobody() {
    let (mut accused, mut found) = (Vec::new(), 0);
    for seed in 0..60 {
        let mut random = Random(seed * 7919 + 1);
        let sound = recording(&mut random);
        for times in [3, 10] {
            let reading = read_one(damaged(sound.clone(), times, &mut random));
            for site in &reading.outcome.call_sites {
                let is_leak = site.stack == [u64::from(LEAK)];
                if site.finding.verdict.is_leak() {
                    found += u32::from(is_leak);
                    accused.extend((!is_leak).then_some((seed, times)));
                }
            }
        }
    }
    assert_eq!(accused, []);
    assert!(found >= 100, "{found} of 120");
}
