//! Programs without a leak whose releases make the link lose packets: every release lies in a gap of its own
//! making.

use super::{Draw, size, trace};
use crate::program::Program;
use crate::random::Random;

pub(super) const PATTERNS: &[(&str, Draw)] = &[
    ("all released at once, now and then", flushed),
    (
        "all released at once, the first frees arrive",
        flushed_partly,
    ),
    ("some messages kept until a flush", kept_until_flush),
    ("reconnect that frees and allocates all", reconnect),
    ("freed by a task that runs in bursts", freed_in_bursts),
    ("a single release in the middle", single_release),
    ("backlog dropped now and then", dropped_backlog),
    (
        "long sessions closed in bursts, short ones in the open",
        long_sessions,
    ),
];

/// A tick of the finished trace, nearly, and in any case the order of what happens.
const NEXT: f64 = 1e-8;

/// The moments of floods, of which each fills the buffer of the link.
fn releases(random: &mut Random, program: &mut Program, count: u64) -> Vec<f64> {
    let releases = random.beats(count, 0.05, 0.98);
    program.floods = releases
        .iter()
        .map(|&moment| program.tick(moment))
        .collect();
    releases
}

/// The first release after a moment.
fn next(releases: &[f64], moment: f64) -> Option<f64> {
    releases.iter().copied().find(|&release| release > moment)
}

/// Blocks that all live until the next release.
fn held(random: &mut Random, program: &mut Program, blocks: u64, releases: &[f64]) {
    let size = size(random);
    for birth in random.moments(blocks, 0.0, 1.0) {
        match next(releases, birth) {
            Some(release) => program.freed(birth, release + NEXT, size),
            None => program.kept(birth, size),
        }
    }
}

fn flushed(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let count = random.count(3, 12);
    let blocks = random.count(100, 800);
    let releases = releases(random, &mut program, count);
    held(random, &mut program, blocks, &releases);
    program
}

/// A clock that is fine enough for [`NEXT`].
fn trace_of(random: &mut Random) -> Program {
    let mut program = trace(random);
    program.end = 1_000_000_000;
    program.others_until = program.end;
    program
}

fn flushed_partly(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let count = random.count(3, 12);
    let blocks = random.count(200, 800);
    let releases = releases(random, &mut program, count);
    let size = size(random);
    let share = random.between(0.02, 0.2);
    for birth in random.moments(blocks, 0.0, 1.0) {
        match next(&releases, birth) {
            Some(release) if random.chance(share) => {
                program.freed(birth, (release - 10.0 * NEXT).max(birth), size);
            }
            Some(release) => program.freed(birth, release + NEXT, size),
            None => program.kept(birth, size),
        }
    }
    program
}

fn kept_until_flush(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let count = random.count(2, 10);
    let messages = random.count(500, 2000);
    let releases = releases(random, &mut program, count);
    let kept = random.between(0.01, 0.1);
    let life = random.scale(1e-4, 1e-2);
    let size = size(random);
    for birth in random.moments(messages, 0.0, 1.0) {
        let death = birth + random.exponential(life);
        match next(&releases, birth) {
            Some(release) if random.chance(kept) => program.freed(birth, release + NEXT, size),
            None if random.chance(kept) => program.kept(birth, size),
            _ => program.freed(birth, death, size),
        }
    }
    program
}

fn reconnect(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let count = random.count(4, 20);
    let releases = releases(random, &mut program, count);
    let blocks = random.count(5, 40);
    let size = size(random);
    let mut births = vec![0.01; blocks as usize];
    for release in releases {
        for birth in &mut births {
            program.freed(*birth, release + NEXT, size);
            *birth = release + random.between(2.0, 3000.0) * NEXT;
        }
    }
    for birth in births {
        program.kept(birth, size);
    }
    program
}

fn freed_in_bursts(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let count = random.count(20, 100);
    let blocks = random.count(200, 1500);
    let releases = releases(random, &mut program, count);
    held(random, &mut program, blocks, &releases);
    program
}

fn single_release(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let moment = random.between(0.3, 0.7);
    let blocks = random.count(30, 300);
    program.floods = vec![program.tick(moment)];
    held(random, &mut program, blocks, &[moment]);
    program
}

fn dropped_backlog(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let count = random.count(3, 10);
    let messages = random.count(500, 2000);
    let releases = releases(random, &mut program, count);
    let service = random.between(1.1, 1.5) / messages as f64;
    let mut free_at = 0.0_f64;
    let size = size(random);
    for birth in random.moments(messages, 0.0, 1.0) {
        let begin = free_at.max(birth);
        match next(&releases, birth) {
            Some(release) if begin + service > release => {
                program.freed(birth, release + NEXT, size);
                free_at = release;
            }
            _ => {
                free_at = begin + service;
                program.freed(birth, free_at, size);
            }
        }
    }
    program
}

fn long_sessions(random: &mut Random) -> Program {
    let mut program = trace_of(random);
    let count = random.count(10, 40);
    let sessions = random.count(200, 1000);
    let releases = releases(random, &mut program, count);
    let long = random.between(0.05, 0.3);
    let size = size(random);
    for birth in random.moments(sessions, 0.0, 1.0) {
        let is_long = random.chance(long);
        let life = random.exponential(if is_long { 0.1 } else { 1e-3 });
        match next(&releases, birth + life) {
            Some(release) if is_long => program.freed(birth, release + NEXT, size),
            None if is_long => program.kept(birth, size),
            _ => program.freed(birth, birth + life, size),
        }
    }
    program
}
