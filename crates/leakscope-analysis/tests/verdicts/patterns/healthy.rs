//! Programs without a leak.

use std::collections::VecDeque;

use super::{Draw, size, together, trace};
use crate::program::Program;
use crate::random::Random;

pub(super) const PATTERNS: &[(&str, Draw)] = &[
    ("start-up objects", start_up),
    ("start-up objects, then silence", start_up_then_silence),
    ("two objects", two_objects),
    ("two groups of objects", two_groups),
    ("a single block", single_block),
    ("a single block, freed late", single_block_freed_late),
    ("pool filled in the first third", pool),
    ("cache of distinct keys, nearly all met", distinct_keys),
    ("cache filled by 0.5 T, never emptied", filled_by_half),
    (
        "cache filled by 0.7 T, never emptied",
        filled_by_seven_tenths,
    ),
    ("cache emptied now and then", sawtooth),
    ("ring that drops its older half when full", halved_ring),
    ("cache emptied once, half-way", emptied_once),
    ("bounded cache, least recently used", lru),
    ("bounded cache, some keys hot", lru_hot),
    ("bounded cache, entries of all sizes", lru_sizes),
    ("cache with expiry", expiry),
    ("log ring", ring),
    ("messages", messages),
    ("messages of all lifetimes (Pareto)", heavy_tail),
    ("messages, some kept for a while", two_kinds),
    ("messages, the consumer stalls at the end", stall),
    ("burst at the end", burst),
    ("queue whose backlog oscillates", oscillating_queue),
    ("queue near saturation", busy_queue),
    ("sessions, long but finite", sessions),
    ("buffer of changing size", changing_buffer),
    ("buffer that breathes, freed first", breathing_buffer),
    ("buffer anew for each message, freed first", message_buffer),
    ("doubling array, full by 0.5 T", doubled_by_half),
    ("late release at shutdown", late_release),
    ("cycles, marked", cycles_marked),
    ("messages, very short trace", very_short),
    ("messages, very long trace", very_long),
];

fn start_up(random: &mut Random) -> Program {
    let mut program = trace(random);
    for _ in 0..random.count(1, 30) {
        let birth = random.between(0.0, 0.045);
        let size = size(random);
        program.kept(birth, size);
    }
    program
}

fn start_up_then_silence(random: &mut Random) -> Program {
    let mut program = trace(random);
    let until = random.between(0.01, 0.4);
    let blocks = random.count(3, 30);
    for birth in random.moments(blocks, 0.0, until) {
        program.kept(birth, 100);
    }
    program.others_until = program.tick(until);
    program
}

fn two_objects(random: &mut Random) -> Program {
    let mut program = trace(random);
    for birth in random.moments(2, 0.0, 1.0) {
        program.kept(birth, 100);
    }
    program
}

fn two_groups(random: &mut Random) -> Program {
    let mut program = trace(random);
    for begin in random.moments(2, 0.0, 1.0) {
        together(random, &mut program, begin);
    }
    program
}

fn single_block(random: &mut Random) -> Program {
    let mut program = trace(random);
    program.kept(random.share(), 100);
    program
}

fn single_block_freed_late(random: &mut Random) -> Program {
    let mut program = trace(random);
    program.freed(random.between(0.0, 0.9), random.between(0.95, 1.0), 100);
    program
}

fn pool(random: &mut Random) -> Program {
    let mut program = trace(random);
    let until = random.between(0.06, 0.33);
    let blocks = random.count(4, 60);
    for birth in random.moments(blocks, 0.0, until) {
        program.kept(birth, 512);
    }
    program
}

fn distinct_keys(random: &mut Random) -> Program {
    let mut program = trace(random);
    let keys = random.count(20, 200);
    let pace = random.between(3.0, 6.0);
    for _ in 0..keys {
        let met = random.exponential(1.0 / pace);
        if met < 1.0 {
            program.kept(met, 64);
        }
    }
    program
}

fn fill(random: &mut Random, until: f64) -> Program {
    let mut program = trace(random);
    let blocks = random.count(15, 300);
    for birth in random.moments(blocks, 0.0, until) {
        program.kept(birth, 64);
    }
    program
}

fn filled_by_half(random: &mut Random) -> Program {
    fill(random, 0.5)
}

fn filled_by_seven_tenths(random: &mut Random) -> Program {
    fill(random, 0.7)
}

fn sawtooth(random: &mut Random) -> Program {
    let mut program = trace(random);
    let period = random.between(0.05, 0.4);
    let phase = random.between(0.0, period);
    let entries = random.count(300, 2000);
    for birth in random.moments(entries, 0.0, 1.0) {
        let emptied = (((birth + phase) / period).floor() + 1.0) * period - phase;
        program.freed(birth, emptied, 64);
    }
    program
}

/// A cache of limited capacity. Keys are drawn from `keys`, low ones more often the higher the `skew`.
fn cache(random: &mut Random, skew: f64, all_sizes: bool) -> Program {
    let mut program = trace(random);
    let capacity = random.count(10, 100);
    let keys = capacity as f64 * random.between(1.5, 10.0);
    let uses = capacity * random.count(10, 40);
    let mut entries: VecDeque<(u64, f64, u64)> = VecDeque::new();
    for moment in random.moments(uses, 0.0, 1.0) {
        let key = (keys * random.share().powf(skew)) as u64;
        let known = entries.iter().position(|entry| entry.0 == key);
        let entry = known.and_then(|index| entries.remove(index));
        let size = if all_sizes { size(random) } else { 64 };
        entries.push_back(entry.unwrap_or((key, moment, size)));
        if entries.len() as u64 > capacity {
            let (_, birth, size) = entries.pop_front().unwrap_or_default();
            program.freed(birth, moment, size);
        }
    }
    for (_, birth, size) in entries {
        program.kept(birth, size);
    }
    program
}

fn lru(random: &mut Random) -> Program {
    cache(random, 1.0, false)
}

fn lru_hot(random: &mut Random) -> Program {
    let skew = random.between(2.0, 5.0);
    cache(random, skew, false)
}

fn lru_sizes(random: &mut Random) -> Program {
    let skew = random.between(1.0, 3.0);
    cache(random, skew, true)
}

fn expiry(random: &mut Random) -> Program {
    let mut program = trace(random);
    let life = random.between(0.05, 0.4);
    let entries = random.count(100, 1500);
    for birth in random.moments(entries, 0.0, 1.0) {
        program.freed(birth, birth + life, 64);
    }
    program
}

fn ring(random: &mut Random) -> Program {
    let mut program = trace(random);
    let entries = random.count(300, 2000);
    let capacity = (entries as f64 * random.between(0.02, 0.5)) as usize;
    let moments = random.moments(entries, 0.0, 1.0);
    for (index, &birth) in moments.iter().enumerate() {
        let size = size(random);
        match moments.get(index + capacity) {
            Some(&death) => program.freed(birth, death, size),
            None => program.kept(birth, size),
        }
    }
    program
}

fn messages(random: &mut Random) -> Program {
    let mut program = trace(random);
    let count = random.count(50, 2000);
    let life = random.scale(1e-4, 0.1);
    for birth in random.moments(count, 0.0, 1.0) {
        let death = birth + random.exponential(life);
        program.freed(birth, death, 64);
    }
    program
}

fn heavy_tail(random: &mut Random) -> Program {
    let mut program = trace(random);
    let count = random.count(200, 3000);
    let index = random.between(1.1, 3.0);
    let smallest = random.scale(1e-5, 1e-3);
    for birth in random.moments(count, 0.0, 1.0) {
        let death = birth + random.pareto(smallest, index);
        let size = size(random);
        program.freed(birth, death, size);
    }
    program
}

fn two_kinds(random: &mut Random) -> Program {
    let mut program = trace(random);
    let long = random.between(0.05, 0.2);
    let share = random.between(0.01, 0.2);
    for birth in random.moments(1500, 0.0, 1.0) {
        let mean = if random.chance(share) { long } else { 1e-3 };
        let death = birth + random.exponential(mean);
        program.freed(birth, death, 64);
    }
    program
}

fn stall(random: &mut Random) -> Program {
    let mut program = trace(random);
    let from = random.between(0.85, 0.99);
    for birth in random.moments(1500, 0.0, 1.0) {
        let death = birth + random.exponential(2e-3);
        if death < from {
            program.freed(birth, death, 64);
        } else {
            program.kept(birth, 64);
        }
    }
    program
}

fn burst(random: &mut Random) -> Program {
    let mut program = trace(random);
    let from = random.between(0.9, 0.99);
    let blocks = random.count(5, 200);
    for birth in random.moments(blocks, from, 1.0) {
        program.kept(birth, 64);
    }
    program
}

fn oscillating_queue(random: &mut Random) -> Program {
    let mut program = trace(random);
    let period = random.between(0.1, 0.5);
    let phase = random.between(0.0, std::f64::consts::TAU);
    let longest = random.between(0.01, 0.1);
    for birth in random.moments(2000, 0.0, 1.0) {
        let wave = (birth / period * std::f64::consts::TAU + phase).sin();
        let death = birth + longest * (1.05 + wave) * random.between(0.9, 1.1);
        program.freed(birth, death, 64);
    }
    program
}

fn busy_queue(random: &mut Random) -> Program {
    let mut program = trace(random);
    let messages = random.count(500, 3000);
    let load = random.between(0.8, 0.97);
    let service = load / messages as f64;
    let mut free_at = 0.0_f64;
    for birth in random.moments(messages, 0.0, 1.0) {
        free_at = free_at.max(birth) + random.exponential(service);
        program.freed(birth, free_at, 64);
    }
    program
}

fn sessions(random: &mut Random) -> Program {
    let mut program = trace(random);
    let median = random.between(0.03, 0.2);
    let spread = random.between(0.2, 0.8);
    let count = random.count(20, 300);
    for birth in random.moments(count, 0.0, 1.0) {
        let death = birth + random.log_normal(median, spread);
        let size = size(random);
        program.freed(birth, death, size);
    }
    program
}

fn changing_buffer(random: &mut Random) -> Program {
    let mut program = trace(random);
    let steps = random.count(20, 500);
    let moments = random.moments(steps, 0.0, 1.0);
    for (step, &birth) in moments.iter().enumerate() {
        let size = size(random);
        match moments.get(step + 1) {
            Some(&death) => program.freed(birth, death, size),
            None => program.kept(birth, size),
        }
    }
    program
}

fn doubled_by_half(random: &mut Random) -> Program {
    let mut program = trace(random);
    let full = random.between(0.02, 0.5);
    let doublings = random.count(3, 10) as i32;
    for step in 0..=doublings {
        let birth = full * 0.5_f64.powi(doublings - step);
        let size = 32 << step;
        if step < doublings {
            program.freed(birth, birth * 2.0, size);
        } else {
            program.kept(birth, size);
        }
    }
    program
}

/// One buffer at a time, which is missing for a part of the time before the next one.
fn one_at_a_time(random: &mut Random, sizes: &[u64]) -> Program {
    let mut program = trace(random);
    let each = 1.0 / sizes.len() as f64;
    let missing = random.scale(1e-4, 0.2) * each;
    for (number, &size) in sizes.iter().enumerate() {
        let birth = number as f64 * each;
        if number + 1 < sizes.len() {
            program.freed(birth, birth + each - missing, size);
        } else {
            program.kept(birth, size);
        }
    }
    program
}

/// It grows and shrinks by a constant, several times.
fn breathing_buffer(random: &mut Random) -> Program {
    let (steps, breaths) = (random.count(50, 500), random.between(1.5, 8.0));
    let sizes: Vec<u64> = (0..steps)
        .map(|step| {
            let breath = (step as f64 / steps as f64 * breaths).fract();
            64 + (2000.0 * (1.0 - (2.0 * breath - 1.0).abs())) as u64
        })
        .collect();
    one_at_a_time(random, &sizes)
}

fn message_buffer(random: &mut Random) -> Program {
    let messages = random.count(20, 500);
    let spread = random.scale(0.05, 1.5);
    let sizes: Vec<u64> = (0..messages)
        .map(|_| random.log_normal(400.0, spread) as u64 + 1)
        .collect();
    one_at_a_time(random, &sizes)
}

/// The last of a few such drops is some time ago.
fn halved_ring(random: &mut Random) -> Program {
    let mut program = trace(random);
    let size = size(random);
    let capacity = random.count(40, 300) as usize;
    let turnovers = random.between(1.2, 4.0);
    let count = (capacity as f64 * turnovers) as u64;
    let mut held = VecDeque::new();
    for birth in random.beats(count, 0.0, 1.0) {
        if held.len() == capacity {
            for oldest in held.drain(..capacity / 2) {
                program.freed(oldest, birth, size);
            }
        }
        held.push_back(birth);
    }
    for birth in held {
        program.kept(birth, size);
    }
    program
}

/// It fills again, to a part of what it was, but for a few entries that are held.
fn emptied_once(random: &mut Random) -> Program {
    let mut program = trace(random);
    let size = size(random);
    let entries = random.count(30, 300);
    let emptied = random.between(0.3, 0.7);
    let again = emptied + (1.0 - emptied) * random.between(0.2, 0.6);
    let held = random.between(0.0, 0.1);
    for birth in random.moments(entries, 0.0, emptied) {
        if random.chance(held) {
            program.kept(birth, size);
        } else {
            program.freed(birth, emptied, size);
        }
    }
    let entries = (entries as f64 * random.between(0.2, 0.8)) as u64;
    for birth in random.moments(entries, emptied, again) {
        program.kept(birth, size);
    }
    program
}

fn late_release(random: &mut Random) -> Program {
    let mut program = trace(random);
    let blocks = random.count(1, 100);
    for birth in random.moments(blocks, 0.0, 0.95) {
        let death = random.between(0.985, 1.0);
        program.freed(birth, death, 64);
    }
    program
}

fn cycles_marked(random: &mut Random) -> Program {
    let mut program = trace(random);
    let cycles = random.count(5, 30);
    let length = 1.0 / (cycles as f64 + 0.5);
    let life = length * random.scale(0.05, 3.0);
    let blocks = cycles * random.count(3, 30);
    for birth in random.moments(blocks, 0.0, 1.0) {
        let death = birth + random.exponential(life);
        program.freed(birth, death, 64);
    }
    program.marks = (0..=cycles)
        .map(|cycle| program.tick(cycle as f64 * length))
        .collect();
    program
}

fn very_short(random: &mut Random) -> Program {
    let mut program = Program::new(random.count(20, 300));
    for birth in random.moments(40, 0.0, 1.0) {
        let death = birth + random.exponential(0.03);
        program.freed(birth, death, 64);
    }
    program
}

fn very_long(random: &mut Random) -> Program {
    let mut program = Program::new(random.scale(1e13, 1e16) as u64);
    let life = random.scale(1e-4, 0.1);
    for birth in random.moments(1500, 0.0, 1.0) {
        let death = birth + random.exponential(life);
        program.freed(birth, death, 64);
    }
    program
}
