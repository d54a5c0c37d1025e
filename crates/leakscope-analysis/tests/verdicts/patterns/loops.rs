//! Call sites of a device whose boots are alike, and of which chance makes one look like a leak.

use super::boots::{Boot, Device, Drawn, size, sizes};
use crate::random::Random;

pub(crate) const HEALTHY: [(&str, Device); 4] = [
    ("queue", queue),
    ("requests", requests),
    ("added and taken out at random", bag),
    ("connections", connections),
];

/// Leaks of a few blocks a boot.
pub(crate) const LEAKING: [(&str, Device); 2] =
    [("seldom", seldom), ("error path, seldom", rare_error)];

fn queue(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let apart = random.scale(2e-3, 3e-2);
    let service = apart * random.between(0.5, 0.97);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        let mut free_at = 0.0_f64;
        for birth in drawn.moments(random, apart) {
            let size = size(random, least, is_any);
            free_at = free_at.max(birth) + random.exponential(service);
            drawn.freed(birth, free_at, size);
        }
        drawn.program
    })
}

fn requests(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let apart = random.scale(2e-3, 3e-2);
    let life = random.scale(1e-3, 0.2);
    let spread = random.between(0.2, 1.8);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        for birth in drawn.moments(random, apart) {
            let size = size(random, least, is_any);
            let death = birth + random.log_normal(life, spread);
            drawn.freed(birth, death, size);
        }
        drawn.program
    })
}

/// As many are added as are taken out.
fn bag(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let apart = random.scale(1e-3, 1.5e-2);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        let mut held: Vec<(f64, u64)> = Vec::new();
        for moment in drawn.moments(random, apart) {
            if held.is_empty() || random.chance(0.5) {
                held.push((moment, size(random, least, is_any)));
            } else {
                let any = random.count(0, held.len() as u64 - 1) as usize;
                let (begin, size) = held.swap_remove(any);
                drawn.freed(begin, moment, size);
            }
        }
        for (birth, size) in held {
            drawn.kept(birth, size);
        }
        drawn.program
    })
}

fn connections(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let per = random.between(0.03, 0.3);
    let blocks = random.count(1, 5);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        let mut time = random.between(0.0, per);
        while time < length {
            let end = time + per * random.between(0.3, 0.95);
            for _ in 0..blocks {
                let size = size(random, least, is_any);
                drawn.freed(time, end, size);
            }
            time += per * random.between(0.9, 1.3);
        }
        drawn.program
    })
}

fn seldom(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let apart = random.between(0.1, 0.4);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        for birth in drawn.moments(random, apart) {
            let size = size(random, least, is_any);
            drawn.kept(birth, size);
        }
        drawn.program
    })
}

fn rare_error(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let (apart, life) = (random.scale(3e-3, 3e-2), random.scale(1e-4, 5e-3));
    let forgotten = apart / random.between(0.1, 0.4);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        for birth in drawn.moments(random, apart) {
            let size = size(random, least, is_any);
            if random.chance(forgotten) {
                drawn.kept(birth, size);
            } else {
                let death = birth + random.exponential(life);
                drawn.freed(birth, death, size);
            }
        }
        drawn.program
    })
}
