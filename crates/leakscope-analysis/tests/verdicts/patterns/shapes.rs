//! Programs of other shapes than those that the rules were worked out on: each without a leak, and with one. They were
//! written to be measured once, and no rule was changed for them since.

use super::{Draw, size, trace};
use crate::program::Program;
use crate::random::Random;

pub(super) const HEALTHY: &[(&str, Draw)] = &[
    ("state machine", |random| states(random, false)),
    ("sessions with a timeout", |random| timeouts(random, false)),
    ("double buffer", |random| double_buffer(random, false)),
    ("arena a job", |random| arenas(random, false)),
    ("cache of two generations", |random| {
        generations(random, false)
    }),
    ("retries with a longer pause each", |random| {
        retries(random, false)
    }),
    ("strings built by realloc", |random| strings(random, false)),
    ("messages for several readers", |random| {
        readers(random, false)
    }),
];

pub(super) const LEAKING: &[(&str, Draw)] = &[
    ("state machine, a way out forgets", |random| {
        states(random, true)
    }),
    ("sessions whose timeout forgets", |random| {
        timeouts(random, true)
    }),
    ("double buffer, dropped frames stay", |random| {
        double_buffer(random, true)
    }),
    ("arena whose reset misses a chunk", |random| {
        arenas(random, true)
    }),
    ("cache of two generations, some stay", |random| {
        generations(random, true)
    }),
    ("retries that are given up stay", |random| {
        retries(random, true)
    }),
    ("strings that fail stay", |random| strings(random, true)),
    ("messages that a reader does not release", |random| {
        readers(random, true)
    }),
];

/// Freed, or kept if it is forgotten.
fn end(program: &mut Program, birth: f64, death: f64, size: u64, is_forgotten: bool) {
    if is_forgotten {
        program.kept(birth, size);
    } else {
        program.freed(birth, death, size);
    }
}

/// Each state has objects that live while it lasts.
fn states(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let visits = random.count(60, 400);
    let forgets = random.between(0.05, 0.2);
    let changes = random.moments(visits + 1, 0.0, 1.0);
    for pair in changes.windows(2) {
        for _ in 0..random.count(1, 4) {
            program.freed(pair[0], pair[1], 40);
        }
        let is_forgotten = random.chance(forgets) && leaks;
        end(&mut program, pair[0], pair[1], 40, is_forgotten);
    }
    program
}

/// Most sessions end soon; those of silent peers end by a timeout.
fn timeouts(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let sessions = random.count(100, 600);
    let silent = random.between(0.05, 0.3);
    let timeout = random.between(0.02, 0.08);
    for birth in random.moments(sessions, 0.0, 1.0) {
        if random.chance(silent) {
            end(&mut program, birth, birth + timeout, 320, leaks);
        } else {
            let life = random.exponential(5e-3).min(timeout);
            program.freed(birth, birth + life, 320);
        }
    }
    program
}

/// Each frame takes a buffer, and frees that of the frame before the last.
fn double_buffer(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let frames = random.count(200, 1500);
    let dropped = random.between(0.02, 0.1);
    let size = size(random);
    let beats = random.beats(frames, 0.0, 1.0);
    for (frame, &birth) in beats.iter().enumerate() {
        let death = beats.get(frame + 2).copied().unwrap_or(2.0);
        let is_forgotten = random.chance(dropped) && leaks;
        end(&mut program, birth, death, size, is_forgotten);
    }
    program
}

/// A job's chunks are freed when it ends, all at once.
fn arenas(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let jobs = random.count(30, 150);
    let misses = random.between(0.2, 1.0);
    let length = 1.0 / jobs as f64;
    for begin in random.beats(jobs, 0.0, 1.0) {
        let done = begin + length * random.between(0.1, 0.9);
        for _ in 0..random.count(5, 30) {
            program.freed(random.between(begin, done), done, 256);
        }
        let is_missed = random.chance(misses) && leaks;
        end(&mut program, done, done, 256, is_missed);
    }
    program
}

/// What is used again is copied into the new generation; the old one is freed when the two change places.
fn generations(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let flips = random.count(15, 60);
    let entries = random.count(300, 1500);
    let (used_again, stays) = (random.between(0.1, 0.5), random.between(0.02, 0.1));
    let ends = random.beats(flips, 0.0, 1.0);
    for birth in random.moments(entries, 0.0, 1.0) {
        let size = size(random);
        let mut later = ends.iter().filter(|&&flip| flip > birth).skip(1);
        let mut from = birth;
        loop {
            let Some(&flip) = later.next() else {
                program.kept(from, size);
                break;
            };
            let is_forgotten = random.chance(stays) && leaks;
            end(&mut program, from, flip, size, is_forgotten);
            if is_forgotten || !random.chance(used_again) {
                break;
            }
            from = flip;
        }
    }
    program
}

/// A message is sent again after pauses that double, until it succeeds or is given up.
fn retries(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let messages = random.count(300, 1500);
    let (fails, most) = (random.between(0.2, 0.5), random.count(2, 4));
    for birth in random.moments(messages, 0.0, 1.0) {
        let (mut death, mut pause, mut tries) = (birth + 1e-4, 1e-3, 0);
        while tries < most && random.chance(fails) {
            death += pause;
            pause *= 2.0;
            tries += 1;
        }
        end(&mut program, birth, death, 96, leaks && tries == most);
    }
    program
}

/// A string is enlarged step by step, used for a while, and freed.
fn strings(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let strings = random.count(40, 200);
    let fails = random.between(0.04, 0.2);
    for begin in random.moments(strings, 0.0, 1.0) {
        let (mut from, mut size) = (begin, 16);
        for _ in 0..random.count(4, 12) {
            let to = from + random.between(1e-5, 1e-4);
            program.freed(from, to, size);
            (from, size) = (to, size + size / 2);
        }
        let is_forgotten = random.chance(fails) && leaks;
        let death = from + random.exponential(5e-3);
        end(&mut program, from, death, size, is_forgotten);
    }
    program
}

/// A message is freed by the last of its readers.
fn readers(random: &mut Random, leaks: bool) -> Program {
    let mut program = trace(random);
    let (messages, count) = (random.count(300, 2000), random.count(2, 4));
    let (time, forgets) = (random.scale(1e-4, 1e-2), random.between(0.01, 0.05));
    for birth in random.moments(messages, 0.0, 1.0) {
        let times = (0..count).map(|_| random.exponential(time));
        let last = times.fold(0.0, f64::max);
        let is_forgotten = random.chance(forgets) && leaks;
        end(&mut program, birth, birth + last, 128, is_forgotten);
    }
    program
}
