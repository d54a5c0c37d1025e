//! Devices that boot again and again, for about as long each time: of many boots, chance makes one look like a leak.

use leakscope_analysis::findings::{Confidence, Finding, Word};

use crate::boots::{is_accused, judged};
use crate::patterns::boots::{Boot, Device, HEALTHY, LEAKING};
use crate::patterns::loops;
use crate::program::Program;
use crate::random::Random;

/// What is said of a device's call site in 15 to 60 boots, and one more that is so many times as long if there is anything else in it.
fn said(device: Device, seed: u64, longer: f64, and: Option<&Boot>) -> Finding {
    let boots = device(&mut Random::new(seed));
    let mut random = Random::new(seed ^ 0xB007);
    let (many, length) = (random.count(15, 60), random.scale(0.8, 2.0));
    let alike = |random: &mut Random| length * random.between(0.9, 1.1);
    let mut programs: Vec<Program> = (0..many)
        .map(|_| {
            let length = alike(&mut random);
            boots(&mut random, length)
        })
        .collect();
    if let Some(other) = and {
        let length = longer * alike(&mut random);
        let mut last = boots(&mut random, length);
        last.blocks.extend(other(&mut random, length).blocks);
        programs.push(last);
    }
    judged(&programs)
}

/// An accusation that was one of chance among many boots.
fn is_hint(finding: &Finding) -> bool {
    let denies =
        |word: &Word| matches!(word, Word::Text(text) if text.contains("show no leak here"));
    finding.confidence == Confidence::Low && finding.reason.iter().any(denies)
}

/// All are full, or as many blocks come as go, long before a boot is over.
#[test]
fn chance_accuses_hardly_anybody() {
    let (mut accused, mut hints) = (Vec::new(), 0);
    for (name, device) in HEALTHY.into_iter().chain(loops::HEALTHY) {
        for seed in 0..20 {
            let finding = said(device, seed, 1.0, None);
            hints += usize::from(is_hint(&finding));
            if is_accused(&finding) {
                accused.push((name, seed, finding));
            }
        }
    }
    assert!(hints >= 3 && accused.len() <= 2, "{hints} {accused:?}");
}

#[test]
fn what_leaks_in_each_boot_is_a_leak() {
    for (name, device) in LEAKING {
        for seed in 0..5 {
            let finding = said(device, seed, 1.0, None);
            assert!(is_accused(&finding), "{name} {seed}: {finding:?}");
        }
    }
    let mut found = 0;
    for (name, device) in loops::LEAKING {
        for seed in 0..8 {
            let finding = said(device, seed, 1.0, None);
            assert!(finding.verdict.is_leak(), "{name} {seed}: {finding:?}");
            found += u32::from(is_accused(&finding));
        }
    }
    assert!(found > 8, "{found}");
}

/// A leak that needs a state which one boot alone reaches, of more blocks than the others have in use, or in a longer boot.
#[test]
fn what_leaks_in_the_last_boot_is_a_leak() {
    let [(_, leaking), ..] = LEAKING;
    for (name, device) in loops::HEALTHY {
        for seed in 0..5 {
            let leak = leaking(&mut Random::new(seed));
            let longer = said(device, seed, 8.0, Some(&leak));
            assert!(is_accused(&longer), "{name} {seed}: {longer:?}");
        }
    }
    // Of 15 boots, 14 free all that they allocate.
    for (kept, is_sure) in [(5, false), (8, true), (50, true)] {
        let mut boots = vec![Program::new(1_000_000); 15];
        for boot in &mut boots {
            for block in 0..50 {
                let birth = 0.01 + f64::from(block) / 51.0;
                boot.freed(birth, birth + 0.005, 64);
            }
        }
        let last = &mut boots[14];
        let each = 50 / kept;
        for block in last
            .blocks
            .iter_mut()
            .skip(each / 2)
            .step_by(each)
            .take(kept)
        {
            block.death = None;
        }
        let finding = judged(&boots);
        assert!(finding.verdict.is_leak(), "{kept}: {finding:?}");
        assert_eq!(is_accused(&finding), is_sure, "{kept}: {finding:?}");
    }
}
