//! Devices that boot several times: an accusation of a short boot must hold in a much longer one.

use leakscope_analysis::Analysis;
use leakscope_analysis::findings::{Confidence, Finding};
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};

use crate::patterns::boots::{Device, HEALTHY, LEAKING};
use crate::program::Program;
use crate::random::Random;

/// The call sites of a recording: what is asked about, and work that comes and goes beside it.
const SITE: [u32; 2] = [0x4200_1000, MAIN];
const WORK: [u32; 2] = [0x4200_2000, MAIN];

const LONG: f64 = 10.0;
const SHORT: f64 = 0.125;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Free(usize),
    Allocate(usize),
    Work,
}

/// A boot of a program.
fn boot(recording: &mut Scenario, program: &Program) {
    recording.start().systime_us(1000).module(512, IDF_HEAP);
    recording.run(MAIN);
    let mut deeds: Vec<(u64, Deed)> = Vec::new();
    for (block, life) in program.blocks.iter().enumerate() {
        deeds.push((life.birth, Deed::Allocate(block)));
        let death = life.death.map(|death| death.max(life.birth + 1));
        deeds.extend(death.map(|death| (death, Deed::Free(block))));
    }
    let works = (1..200).map(|work| (program.end * work / 200, Deed::Work));
    deeds.extend(works);
    deeds.retain(|(time, _)| *time <= program.end);
    deeds.sort_unstable();
    let (begin, address) = (recording.time(), |block: usize| {
        0x3C00_0000 + 2048 * block as u32
    });
    for (time, deed) in deeds {
        let since = recording.time() - begin;
        recording.after(time.saturating_sub(since));
        match deed {
            Deed::Allocate(block) => {
                recording.allocate(address(block), program.blocks[block].size as u32, &SITE)
            }
            Deed::Free(block) => recording.free(address(block), &WORK),
            Deed::Work => {
                recording.allocate(0x3B00_0000, 64, &WORK);
                recording.after(10).free(0x3B00_0000, &WORK)
            }
        };
    }
}

/// What is said of a call site in boots of such lengths.
fn said(device: Device, seed: u64, lengths: &[f64]) -> Finding {
    let boots = device(&mut Random::new(seed));
    let mut random = Random::new(seed ^ 0xB007);
    let programs = lengths.iter().map(|&length| boots(&mut random, length));
    judged(&programs.collect::<Vec<_>>())
}

/// What is said of a call site that does this in successive boots.
pub(crate) fn judged(programs: &[Program]) -> Finding {
    let mut recording = Scenario::empty();
    for program in programs {
        boot(&mut recording, program);
    }
    let bytes = recording.plain();
    let mut analysis = Analysis::new(&Layout::of(&[&bytes]), KeepAll);
    let Ok(_) = analysis.run(&[bytes][..]);
    let outcome = analysis.outcome();
    assert_eq!(outcome.sessions.len(), programs.len());
    let mut sites = outcome.call_sites.into_iter();
    let site = sites.find(|site| site.stack.first() == Some(&u64::from(SITE[0])));
    site.expect("the call site").finding
}

pub(crate) fn is_accused(finding: &Finding) -> bool {
    finding.verdict.is_leak() && finding.confidence > Confidence::Low
}

/// Alone, a short boot accuses what has not filled up, and what lives for longer.
#[test]
fn a_much_longer_boot_knows_better() {
    for (name, device) in HEALTHY {
        let mut alone = 0;
        for seed in 0..40 {
            alone += u64::from(is_accused(&said(device, seed, &[SHORT])));
            for lengths in [[LONG, SHORT], [SHORT, LONG]] {
                let finding = said(device, seed, &lengths);
                assert!(
                    !is_accused(&finding),
                    "{name} {seed} {lengths:?}: {finding:?}"
                );
            }
        }
        assert!(alone > 0, "{name} is never accused");
    }
}

/// A leak is one in whichever boots it is recorded.
#[test]
fn a_leak_of_several_boots_is_found() {
    for (name, device) in LEAKING {
        for seed in 0..20 {
            for lengths in [
                &[LONG, SHORT][..],
                &[SHORT, LONG],
                &[0.25, 0.25, 0.25, 4.0],
                &[1.0; 5],
            ] {
                let finding = said(device, seed, lengths);
                assert!(
                    finding.verdict.is_leak(),
                    "{name} {seed} {lengths:?}: {finding:?}"
                );
            }
        }
    }
}

/// A boot that hardly used the call site is no evidence, however long it is; nor is one in which it held as much for moments.
#[test]
fn a_leak_of_one_boot_is_found() {
    let [(_, leaking), ..] = LEAKING;
    let others: [fn(&mut Program); 3] = [
        |hardly| (1..4).for_each(|block| hardly.kept(0.1 * f64::from(block), 64)),
        |soon| {
            for block in 0..2000 {
                let birth = f64::from(block) * 5e-4;
                soon.freed(birth, birth + 1e-4, 64);
            }
        },
        |at_once| {
            for round in 0..5 {
                let birth = 0.1 + 0.15 * f64::from(round);
                (0..200).for_each(|_| at_once.freed(birth, birth + 1e-4, 64));
            }
        },
    ];
    let mut accused = 0;
    for seed in 0..10 {
        let leak = leaking(&mut Random::new(seed))(&mut Random::new(seed ^ 1), 0.5);
        if !judged(std::slice::from_ref(&leak)).verdict.is_leak() {
            continue;
        }
        accused += 1;
        for other in others {
            let mut long = Program::new(600_000_000);
            other(&mut long);
            for boots in [[leak.clone(), long.clone()], [long.clone(), leak.clone()]] {
                let finding = judged(&boots);
                assert!(finding.verdict.is_leak(), "{seed}: {finding:?}");
            }
        }
    }
    assert!(accused > 7, "{accused}");
}
