//! Programs about which a trace of this length cannot tell.

use super::{Draw, size, together, trace};
use crate::program::Program;
use crate::random::Random;

pub(super) const PATTERNS: &[(&str, Draw)] = &[
    ("cache that is still filling", still_filling),
    (
        "pool that grows when more are in use than ever",
        high_water_pool,
    ),
    (
        "cache filled by 0.7 T, then the program falls silent",
        filled_then_silence,
    ),
    ("three to five objects, created late", late_objects),
    ("three to five groups of objects, created late", late_groups),
    ("sessions that all outlast the trace", endless_sessions),
    ("doubling array, without end", doubling),
    ("doubling array, full by 0.75 T", doubled_by_three_quarters),
    ("queue filled a little faster than emptied", slow_queue),
    ("messages whose mean lifetime is infinite", infinite_mean),
    ("wave longer than the trace", long_wave),
];

fn still_filling(random: &mut Random) -> Program {
    let mut program = trace(random);
    let blocks = random.count(15, 300);
    for birth in random.moments(blocks, 0.0, 1.2) {
        program.kept(birth, 64);
    }
    program
}

/// What is returned to it is used again; what is in use varies by chance, soon as much as ever.
fn high_water_pool(random: &mut Random) -> Program {
    let mut program = trace(random);
    let size = size(random);
    let uses = random.count(300, 1500);
    let life = random.scale(0.002, 0.01);
    let mut in_use: Vec<f64> = Vec::new();
    let mut blocks = 0;
    for moment in random.moments(uses, 0.0, 1.0) {
        in_use.retain(|&end| end > moment);
        in_use.push(moment + random.exponential(life));
        if in_use.len() > blocks {
            blocks = in_use.len();
            program.kept(moment, size);
        }
    }
    program
}

fn filled_then_silence(random: &mut Random) -> Program {
    let mut program = trace(random);
    let blocks = random.count(15, 300);
    for birth in random.moments(blocks, 0.0, 0.7) {
        program.kept(birth, 64);
    }
    program.others_until = program.tick(0.7);
    program
}

fn late_objects(random: &mut Random) -> Program {
    let mut program = trace(random);
    let objects = random.count(3, 5);
    for birth in random.moments(objects, 0.0, 1.0) {
        let size = size(random);
        program.kept(birth, size);
    }
    program
}

fn late_groups(random: &mut Random) -> Program {
    let mut program = trace(random);
    let groups = random.count(3, 5);
    for begin in random.moments(groups, 0.0, 1.0) {
        together(random, &mut program, begin);
    }
    program
}

fn endless_sessions(random: &mut Random) -> Program {
    let mut program = trace(random);
    for birth in random.moments(500, 0.0, 1.0) {
        if random.chance(0.05) {
            program.kept(birth, 300);
        } else {
            program.freed(birth, birth + 1e-3, 300);
        }
    }
    program
}

fn doubling(random: &mut Random) -> Program {
    let mut program = trace(random);
    let last = random.scale(0.5, 1.0);
    double(random, &mut program, last);
    program
}

fn doubled_by_three_quarters(random: &mut Random) -> Program {
    let mut program = trace(random);
    double(random, &mut program, 0.75);
    program
}

/// An array that fills at a constant pace and doubles when it is full, for the last time at `last`.
fn double(random: &mut Random, program: &mut Program, last: f64) {
    let doublings = random.count(3, 10) as i32;
    for step in 0..=doublings {
        let birth = last * 0.5_f64.powi(doublings - step);
        let size = 32 << step;
        if step < doublings {
            program.freed(birth, birth * 2.0, size);
        } else {
            program.kept(birth, size);
        }
    }
}

/// Hardly to be told from a queue near saturation.
fn slow_queue(random: &mut Random) -> Program {
    let mut program = trace(random);
    let messages = random.count(300, 2000);
    let service = random.between(1.02, 1.2) / messages as f64;
    let mut free_at = 0.0_f64;
    for birth in random.moments(messages, 0.0, 1.0) {
        free_at = free_at.max(birth) + service * random.between(0.5, 1.5);
        program.freed(birth, free_at, 128);
    }
    program
}

fn infinite_mean(random: &mut Random) -> Program {
    let mut program = trace(random);
    let index = random.between(0.3, 0.9);
    for birth in random.moments(1500, 0.0, 1.0) {
        let death = birth + random.pareto(1e-4, index);
        program.freed(birth, death, 64);
    }
    program
}

fn long_wave(random: &mut Random) -> Program {
    let mut program = trace(random);
    let period = random.between(1.2, 3.0);
    let phase = random.between(0.0, std::f64::consts::TAU);
    for birth in random.moments(2000, 0.0, 1.0) {
        let wave = (birth / period * std::f64::consts::TAU + phase).sin();
        let death = birth + 0.1 * (1.05 + wave);
        program.freed(birth, death, 64);
    }
    program
}
