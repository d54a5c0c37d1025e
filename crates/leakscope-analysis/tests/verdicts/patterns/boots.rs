//! Call sites of a device that boots again and again: what one boot shows in full, a short one only begins. Times are shares
//! of an ordinary boot.

use std::collections::VecDeque;

use crate::program::Program;
use crate::random::Random;

/// Ticks of an ordinary boot: a minute at 1 MHz.
const BOOT: f64 = 60_000_000.0;

/// What a call site does in a boot of some length, each time by other chances.
pub(crate) type Boot = Box<dyn Fn(&mut Random, f64) -> Program>;

/// Draws what is the same in all boots of a device.
pub(crate) type Device = fn(&mut Random) -> Boot;

pub(crate) const HEALTHY: [(&str, Device); 6] = [
    ("entries that expire", expiring),
    ("collected and sent together", collected),
    ("ring", |random| ring(random, 0.4, usize::MAX)),
    ("cache that drops any entry", dropping),
    ("objects that are used again", used_again),
    ("table that is filled at start", filled),
];

pub(crate) const LEAKING: [(&str, Device); 4] = [
    ("never freed", never_freed),
    ("error path", error_path),
    ("queue emptied too slowly", slow_queue),
    ("ring that forgets one in eight", |random| {
        ring(random, 0.1, 8)
    }),
];

/// A program of so many ordinary boots.
pub(crate) struct Drawn {
    pub(crate) program: Program,
    length: f64,
}

impl Drawn {
    pub(crate) fn new(length: f64) -> Self {
        Self {
            program: Program::new((length * BOOT) as u64),
            length,
        }
    }

    pub(crate) fn kept(&mut self, birth: f64, size: u64) {
        self.program.kept(birth / self.length, size);
    }

    pub(crate) fn freed(&mut self, birth: f64, death: f64, size: u64) {
        self.program
            .freed(birth / self.length, death / self.length, size);
    }

    /// Moments of a work that comes by itself, so long apart on average.
    pub(crate) fn moments(&self, random: &mut Random, apart: f64) -> Vec<f64> {
        let mut moments = Vec::new();
        let mut time = random.exponential(apart);
        while time < self.length {
            moments.push(time);
            time += random.exponential(apart);
        }
        moments
    }
}

/// Blocks of one size, or of any up to four times as large.
pub(crate) fn size(random: &mut Random, least: u64, is_any: bool) -> u64 {
    if is_any {
        random.count(least, 4 * least)
    } else {
        least
    }
}

pub(crate) fn sizes(random: &mut Random) -> (u64, bool) {
    (random.count(8, 256), random.chance(0.5))
}

fn expiring(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let life = random.between(0.02, 0.4);
    let apart = life / random.between(4.0, 40.0);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        for birth in drawn.moments(random, apart) {
            let size = size(random, least, is_any);
            drawn.freed(birth, birth + life, size);
        }
        drawn.program
    })
}

fn collected(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let together = random.count(8, 40) as usize;
    let apart = random.between(0.02, 0.25) / together as f64;
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        for births in drawn.moments(random, apart).chunks(together) {
            for &birth in births {
                let size = size(random, least, is_any);
                if births.len() == together {
                    drawn.freed(birth, births[together - 1], size);
                } else {
                    drawn.kept(birth, size);
                }
            }
        }
        drawn.program
    })
}

/// Frees the oldest for each new entry, but for one in `forgotten`; within such a time at the most, it is turned over.
fn ring(random: &mut Random, longest: f64, forgotten: usize) -> Boot {
    let (least, is_any) = sizes(random);
    let entries = random.count(5, 40) as usize;
    let apart = random.between(0.03, longest) / entries as f64;
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        let births = drawn.moments(random, apart);
        for (index, &birth) in births.iter().enumerate() {
            let size = size(random, least, is_any);
            match births.get(index + entries) {
                Some(&death) if index % forgotten != 1 => drawn.freed(birth, death, size),
                _ => drawn.kept(birth, size),
            }
        }
        drawn.program
    })
}

fn dropping(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let entries = random.count(6, 50) as usize;
    let apart = random.between(0.03, 0.3) / entries as f64;
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        let mut held: Vec<(f64, u64)> = Vec::new();
        for birth in drawn.moments(random, apart) {
            if held.len() == entries {
                let any = random.count(0, entries as u64 - 1) as usize;
                let (begin, size) = held.swap_remove(any);
                drawn.freed(begin, birth, size);
            }
            held.push((birth, size(random, least, is_any)));
        }
        for (birth, size) in held {
            drawn.kept(birth, size);
        }
        drawn.program
    })
}

/// As many as were ever in use at once.
fn used_again(random: &mut Random) -> Boot {
    let (least, _) = sizes(random);
    let apart = random.scale(3e-4, 3e-3);
    let use_for = apart * random.between(3.0, 12.0);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        let mut used: VecDeque<f64> = VecDeque::new();
        let mut objects = 0;
        for birth in drawn.moments(random, apart) {
            used.retain(|&until| until > birth);
            used.push_back(birth + random.exponential(use_for));
            if used.len() > objects {
                objects += 1;
                drawn.kept(birth, least);
            }
        }
        drawn.program
    })
}

fn filled(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let entries = random.count(8, 40) as usize;
    let apart = random.between(0.05, 0.4) / entries as f64;
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        for birth in drawn.moments(random, apart).into_iter().take(entries) {
            let size = size(random, least, is_any);
            drawn.kept(birth, size);
        }
        drawn.program
    })
}

fn never_freed(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let apart = random.scale(3e-3, 0.03);
    Box::new(move |random, length| {
        let mut drawn = Drawn::new(length);
        for birth in drawn.moments(random, apart) {
            let size = size(random, least, is_any);
            drawn.kept(birth, size);
        }
        drawn.program
    })
}

fn error_path(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let (apart, life) = (random.scale(1e-3, 5e-3), random.scale(1e-4, 5e-3));
    let forgotten = random.between(0.05, 0.2);
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

fn slow_queue(random: &mut Random) -> Boot {
    let (least, is_any) = sizes(random);
    let apart = random.scale(1e-3, 4e-3);
    let service = apart * random.between(1.5, 2.5);
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
