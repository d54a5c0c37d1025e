//! Call sites that fill up in the course of a program's life, and leaks of the same kinds. Shares are of the whole life;
//! a recording may hold its beginning only.

use std::collections::{HashSet, VecDeque};

use super::Draw;
use crate::program::Program;
use crate::random::Random;

pub(super) const HEALTHY: &[(&str, Draw)] = &[
    ("cache filled one by one", |random| cache(random, true)),
    ("cache of keys that return", |random| keys(random, true)),
    ("pool up to a high-water mark", high_water),
    ("pool that grows by chunks", |random| chunks(random, true)),
    ("queue filled up to its limit", |random| queue(random, true)),
    ("ring of log lines", |random| ring(random, true)),
    ("sessions that live long", |random| sessions(random, true)),
    ("requests, some cached", |random| requests(random, true)),
    ("table of subscriptions", |random| table(random, true)),
    ("names, ever fewer new ones", |random| names(random, true)),
    ("cache emptied rarely", emptied),
    ("array up to its size", |random| array(random, true)),
];

pub(super) const LEAKING: &[(&str, Draw)] = &[
    ("cache without a limit", |random| cache(random, false)),
    ("cache of keys that never return", |random| {
        keys(random, false)
    }),
    ("pool whose chunks are forgotten", |random| {
        chunks(random, false)
    }),
    ("queue without a limit", |random| queue(random, false)),
    ("log lines that nobody drops", |random| ring(random, false)),
    ("sessions, some never closed", |random| {
        sessions(random, false)
    }),
    ("requests, some forgotten", |random| requests(random, false)),
    ("table that forgets to remove", |random| {
        table(random, false)
    }),
    ("names, all of them new", |random| names(random, false)),
    ("array enlarged without end", |random| array(random, false)),
    ("leak in one mode of the program", one_mode),
    ("leak beside blocks freed in bulk", beside_bulk),
    ("queue filled a little faster than emptied", slow_queue),
];

/// A whole life.
fn life() -> Program {
    Program::new(10_000_000_000)
}

/// When something is full: at any time of the life, each order of magnitude as likely as the other.
fn full_at(random: &mut Random) -> f64 {
    random.scale(0.01, 1.0)
}

/// How often something happens in a life, so that it happens some times in its beginning, too.
fn often(random: &mut Random) -> u64 {
    random.scale(100.0, 4000.0) as u64
}

fn cache(random: &mut Random, is_limited: bool) -> Program {
    let mut program = life();
    let until = if is_limited { full_at(random) } else { 1.0 };
    let blocks = often(random);
    for birth in random.moments(blocks, 0.0, 1.0) {
        if birth < until {
            program.kept(birth, 64);
        }
    }
    program
}

fn keys(random: &mut Random, do_return: bool) -> Program {
    let mut program = life();
    let (uses, skew) = (often(random), random.between(1.0, 3.0));
    let keys = uses as f64 * random.scale(0.02, 0.6);
    let mut known = HashSet::new();
    for birth in random.moments(uses, 0.0, 1.0) {
        let key = (keys * random.share().powf(skew)) as u64;
        if known.insert(key) || !do_return && random.chance(0.3) {
            program.kept(birth, 48);
        }
    }
    program
}

/// A block is allocated when none is idle: the most that were ever used at once.
fn high_water(random: &mut Random) -> Program {
    let mut program = life();
    let (uses, time) = (often(random), random.scale(1e-3, 0.05));
    let mut used: Vec<f64> = Vec::new();
    let mut blocks = 0;
    for birth in random.moments(uses, 0.0, 1.0) {
        used.retain(|&until| until > birth);
        used.push(birth + random.exponential(time));
        if used.len() > blocks {
            blocks += 1;
            program.kept(birth, 512);
        }
    }
    program
}

fn chunks(random: &mut Random, is_limited: bool) -> Program {
    let mut program = life();
    let until = if is_limited { full_at(random) } else { 1.0 };
    let chunks = random.count(30, 300);
    for birth in random.beats(chunks, 0.0, 1.0) {
        for _ in 0..random.count(1, 4) {
            if birth < until {
                program.kept(birth, 1024);
            }
        }
    }
    program
}

/// Filled faster than emptied; once it is full, what does not fit is not allocated.
fn queue(random: &mut Random, is_limited: bool) -> Program {
    let mut program = life();
    let messages = often(random).max(400);
    let (slower, until) = (random.between(1.1, 2.0), full_at(random));
    let service = slower / messages as f64;
    let most = if is_limited {
        (until * messages as f64 * (1.0 - 1.0 / slower)) as usize + 1
    } else {
        usize::MAX
    };
    let mut waiting: VecDeque<f64> = VecDeque::new();
    let mut free_at = 0.0_f64;
    for birth in random.moments(messages, 0.0, 1.0) {
        while waiting.front().is_some_and(|&death| death <= birth) {
            waiting.pop_front();
        }
        if waiting.len() < most {
            free_at = free_at.max(birth) + service * random.between(0.5, 1.5);
            waiting.push_back(free_at);
            program.freed(birth, free_at, 128);
        }
    }
    program
}

fn ring(random: &mut Random, is_limited: bool) -> Program {
    let mut program = life();
    let lines = often(random);
    let capacity = (lines as f64 * full_at(random)) as usize;
    let moments = random.moments(lines, 0.0, 1.0);
    for (index, &birth) in moments.iter().enumerate() {
        match moments.get(index + capacity).filter(|_| is_limited) {
            Some(&death) => program.freed(birth, death, 80),
            None => program.kept(birth, 80),
        }
    }
    program
}

fn sessions(random: &mut Random, are_closed: bool) -> Program {
    let mut program = life();
    let count = random.count(60, 600);
    let (median, spread) = (random.scale(0.02, 0.8), random.between(0.1, 0.8));
    let forgotten = if are_closed {
        0.0
    } else {
        random.between(0.1, 0.5)
    };
    let begin = random.between(0.0, 0.02);
    for birth in random.moments(count, begin, 1.0) {
        if random.chance(forgotten) {
            program.kept(birth, 300);
        } else {
            let death = birth + random.log_normal(median, spread);
            program.freed(birth, death, 300);
        }
    }
    program
}

/// Most are done soon; of some the answer is cached until the cache is full.
fn requests(random: &mut Random, is_limited: bool) -> Program {
    let mut program = life();
    let until = if is_limited { full_at(random) } else { 1.0 };
    let (count, kept) = (often(random), random.between(0.02, 0.3));
    let time = random.scale(1e-5, 1e-3);
    for birth in random.moments(count, 0.0, 1.0) {
        if birth < until && random.chance(kept) {
            program.kept(birth, 96);
        } else {
            let death = birth + random.exponential(time);
            program.freed(birth, death, 96);
        }
    }
    program
}

/// Some entries are removed; once it is full, the oldest makes room.
fn table(random: &mut Random, is_limited: bool) -> Program {
    let mut program = life();
    let entries = often(random);
    let (removed, time) = (random.between(0.3, 0.7), random.scale(0.005, 0.1));
    let limit = full_at(random);
    for birth in random.moments(entries, 0.0, 1.0) {
        let ends = if random.chance(removed) {
            birth + random.exponential(time)
        } else if is_limited {
            birth + limit
        } else {
            2.0
        };
        program.freed(birth, ends, 40);
    }
    program
}

/// New names become rarer as a text goes on: their number grows by a power of its length.
fn names(random: &mut Random, become_rare: bool) -> Program {
    let mut program = life();
    let (names, power) = (often(random), random.between(0.3, 0.6));
    let power = if become_rare { power } else { 1.0 };
    for at in random.moments(names, 0.0, 1.0) {
        program.kept(at.powf(1.0 / power), 24);
    }
    program
}

fn emptied(random: &mut Random) -> Program {
    let mut program = life();
    let period = full_at(random);
    let entries = often(random);
    for birth in random.moments(entries, 0.0, 1.0) {
        let end = ((birth / period).floor() + 1.0) * period;
        program.freed(birth, end, 64);
    }
    program
}

fn array(random: &mut Random, is_limited: bool) -> Program {
    let mut program = life();
    let until = if is_limited { full_at(random) } else { 1.0 };
    let steps = random.count(60, 600);
    let moments = random.beats(steps, 0.0, 1.0);
    let last = moments.partition_point(|&moment| moment < until).max(1);
    for (step, &birth) in moments[..last].iter().enumerate() {
        let size = 64 * (step as u64 + 1);
        match moments[..last].get(step + 1) {
            Some(&death) => program.freed(birth, death, size),
            None => program.kept(birth, size),
        }
    }
    program
}

/// It leaks in some of the modes between which the program changes, and rests in the others.
fn one_mode(random: &mut Random) -> Program {
    let mut program = life();
    let (changes, blocks) = (random.count(1, 6), often(random));
    let changes = random.moments(changes, 0.0, 1.0);
    for birth in random.moments(blocks, 0.0, 1.0) {
        let mode = changes.iter().filter(|&&change| change <= birth).count();
        if mode % 2 == 0 {
            program.kept(birth, 120);
        } else if random.chance(0.1) {
            let death = birth + random.exponential(1e-3);
            program.freed(birth, death, 120);
        }
    }
    program
}

/// Most blocks are freed together now and then; some of them are forgotten.
fn beside_bulk(random: &mut Random) -> Program {
    let mut program = life();
    let blocks = often(random).max(400);
    let (period, forgotten) = (random.scale(0.02, 0.3), random.between(0.05, 0.5));
    let release = random.between(0.7, 1.3);
    for birth in random.moments(blocks, 0.0, 1.0) {
        if random.chance(forgotten) {
            program.kept(birth, 72);
        } else {
            let turn = (birth / period).floor() + 1.0;
            let death = (turn + release * (turn * 7.0).sin().abs()) * period;
            program.freed(birth, death.max(birth), 72);
        }
    }
    program
}

fn slow_queue(random: &mut Random) -> Program {
    let mut program = life();
    let messages = often(random).max(400);
    let service = random.between(1.05, 1.3) / messages as f64;
    let mut free_at = 0.0_f64;
    for birth in random.moments(messages, 0.0, 1.0) {
        free_at = free_at.max(birth) + service * random.between(0.5, 1.5);
        program.freed(birth, free_at, 128);
    }
    program
}
