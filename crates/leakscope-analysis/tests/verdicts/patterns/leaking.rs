//! Programs that leak.

use super::{Draw, size, trace};
use crate::program::{Block, Program};
use crate::random::Random;

pub(super) const PATTERNS: &[(&str, Draw)] = &[
    ("steady", steady),
    ("steady, with pauses", steady_with_pauses),
    ("steady, slow", steady_slow),
    ("steady, then the program falls silent", steady_then_silence),
    ("steady, begins late", steady_late),
    ("steady, start-up objects beside", steady_beside_objects),
    ("steady, very short trace", very_short),
    ("steady, very long trace", very_long),
    ("error path", error_path),
    ("error path, rare", error_path_rare),
    ("error path, very long trace", error_path_very_long),
    ("reconnect loses 1 in N", reconnect),
    (
        "messages of all lifetimes, 1 in N kept",
        heavy_tail_and_leak,
    ),
    ("leak beside a full cache", cache_and_leak),
    ("leak beside long sessions", sessions_and_leak),
    ("leak beside what is released at once", leak_beside_release),
    ("one wrapper, whose blocks are freed or not", shared_wrapper),
    ("growing table", growing_table),
    ("growing with hysteresis", hysteresis),
    ("queue filled faster than emptied", unbounded_queue),
    ("array enlarged by a constant", enlarged_array),
    ("array enlarged by a constant, freed first", freed_first),
    ("one block a cycle", one_a_cycle),
    ("one block a cycle, marked", one_a_cycle_marked),
    ("one block in half of the cycles, marked", one_in_two_cycles),
    ("array enlarged each cycle, marked", enlarged_each_cycle),
];

fn steady(random: &mut Random) -> Program {
    let mut program = trace(random);
    let blocks = random.count(8, 500);
    let size = size(random);
    for birth in random.moments(blocks, 0.0, 1.0) {
        program.kept(birth, size);
    }
    program
}

fn steady_with_pauses(random: &mut Random) -> Program {
    let mut program = trace(random);
    let bursts = random.count(5, 12);
    for burst in random.moments(bursts, 0.0, 1.0) {
        for _ in 0..random.count(2, 20) {
            let birth = burst + random.between(0.0, 0.01);
            let size = size(random);
            program.kept(birth, size);
        }
    }
    program
}

fn steady_slow(random: &mut Random) -> Program {
    let mut program = trace(random);
    let period = random.between(0.12, 0.25);
    let mut birth = random.between(0.0, period);
    while birth < 1.0 {
        let size = size(random);
        program.kept(birth, size);
        birth += period * random.between(0.9, 1.1);
    }
    program
}

fn steady_then_silence(random: &mut Random) -> Program {
    let mut program = trace(random);
    let silent_from = random.between(0.6, 0.9);
    let blocks = random.count(10, 100);
    for birth in random.beats(blocks, 0.0, silent_from) {
        program.kept(birth, 10);
    }
    program.others_until = program.tick(silent_from);
    program
}

fn steady_late(random: &mut Random) -> Program {
    let mut program = trace(random);
    let begin = random.between(0.2, 0.7);
    let blocks = random.count(10, 200);
    for birth in random.beats(blocks, begin, 1.0) {
        program.kept(birth, 32);
    }
    program
}

fn steady_beside_objects(random: &mut Random) -> Program {
    let mut program = steady(random);
    for _ in 0..random.count(3, 30) {
        let birth = random.between(0.0, 0.04);
        program.kept(birth, 200);
    }
    program
}

fn very_short(random: &mut Random) -> Program {
    let mut program = Program::new(random.count(20, 300));
    let blocks = random.count(5, 12);
    for birth in random.beats(blocks, 0.0, 1.0) {
        program.kept(birth, 24);
    }
    program
}

fn very_long(random: &mut Random) -> Program {
    let mut program = Program::new(random.scale(1e13, 1e16) as u64);
    let blocks = random.count(50, 3000);
    for birth in random.moments(blocks, 0.0, 1.0) {
        program.kept(birth, 24);
    }
    program
}

/// Requests that come at random and are done soon, but for one in `kept` on average.
fn requests(random: &mut Random, program: &mut Program, requests: u64, kept: f64) {
    let life = random.scale(1e-4, 1e-2);
    let size = size(random);
    for birth in random.moments(requests, 0.0, 1.0) {
        if random.chance(1.0 / kept) {
            program.kept(birth, size);
        } else {
            let death = birth + random.exponential(life);
            program.freed(birth, death, size);
        }
    }
}

fn error_path(random: &mut Random) -> Program {
    let mut program = trace(random);
    let count = random.count(400, 2000);
    let kept = random.between(5.0, 30.0);
    requests(random, &mut program, count, kept);
    program
}

fn error_path_rare(random: &mut Random) -> Program {
    let mut program = trace(random);
    requests(random, &mut program, 2000, 200.0);
    program
}

fn error_path_very_long(random: &mut Random) -> Program {
    let mut program = Program::new(random.scale(1e13, 1e15) as u64);
    requests(random, &mut program, 2000, 50.0);
    program
}

fn reconnect(random: &mut Random) -> Program {
    let mut program = trace(random);
    let connections = random.count(30, 80);
    let lost = random.between(2.0, 5.0);
    let length = 1.0 / connections as f64;
    for begin in random.beats(connections, 0.0, 1.0) {
        let end = begin + length * random.between(0.2, 0.8);
        for _ in 0..random.count(3, 10) {
            let size = size(random);
            program.freed(begin, end, size);
        }
        if random.chance(1.0 / lost) {
            program.kept(begin, 48);
        }
    }
    program
}

fn heavy_tail_and_leak(random: &mut Random) -> Program {
    let mut program = trace(random);
    let index = random.between(1.3, 3.0);
    for birth in random.moments(2000, 0.0, 1.0) {
        if random.chance(0.02) {
            program.kept(birth, 64);
        } else {
            let death = birth + random.pareto(1e-4, index);
            program.freed(birth, death, 64);
        }
    }
    program
}

fn cache_and_leak(random: &mut Random) -> Program {
    let mut program = trace(random);
    let capacity = random.count(10, 60) as usize;
    let kept = random.between(15.0, 40.0);
    let mut entries = std::collections::VecDeque::new();
    for moment in random.moments(2000, 0.0, 1.0) {
        if random.chance(1.0 / kept) {
            program.kept(moment, 64);
            continue;
        }
        entries.push_back(moment);
        if entries.len() > capacity {
            let birth = entries.pop_front().unwrap_or_default();
            program.freed(birth, moment, 64);
        }
    }
    for birth in entries {
        program.kept(birth, 64);
    }
    program
}

fn sessions_and_leak(random: &mut Random) -> Program {
    let mut program = trace(random);
    let mean = random.between(0.02, 0.06);
    for birth in random.moments(400, 0.0, 1.0) {
        if random.chance(0.2) {
            program.kept(birth, 300);
        } else {
            let death = birth + random.exponential(mean);
            program.freed(birth, death, 300);
        }
    }
    program
}

/// Half-way, all blocks of another kind are released, of which no more come.
fn leak_beside_release(random: &mut Random) -> Program {
    let mut program = trace(random);
    let release = random.between(0.3, 0.7);
    let others = random.count(50, 300);
    let blocks = random.count(30, 200);
    for birth in random.moments(others, 0.0, release) {
        program.freed(birth, release, 64);
    }
    for birth in random.moments(blocks, 0.0, 1.0) {
        program.kept(birth, 64);
    }
    program
}

/// Stacks of one frame: who leaks shares a call site with who hands each block on until the next round.
fn shared_wrapper(random: &mut Random) -> Program {
    let mut program = trace(random);
    let count = random.count(20, 500);
    let rounds: Vec<f64> = (0..count)
        .map(|round| (round as f64 + random.between(0.0, 0.01)) / count as f64)
        .collect();
    let held = random.count(1, 3) as usize;
    for (round, &birth) in rounds.iter().enumerate() {
        match rounds.get(round + held) {
            Some(&death) => program.freed(birth, death + 1e-6, 32),
            None => program.kept(birth, 32),
        }
        program.kept(birth + 1e-5, 32);
    }
    program
}

fn growing_table(random: &mut Random) -> Program {
    let mut program = trace(random);
    let removed = random.between(0.3, 0.6);
    let life = random.between(0.05, 0.3);
    let entries = random.count(200, 1500);
    for birth in random.moments(entries, 0.0, 1.0) {
        if random.chance(removed) {
            let death = birth + random.exponential(life);
            program.freed(birth, death, 40);
        } else {
            program.kept(birth, 40);
        }
    }
    program
}

fn hysteresis(random: &mut Random) -> Program {
    let mut program = trace(random);
    let phases = random.count(10, 30);
    let oldest_first = random.chance(0.5);
    let length = 1.0 / phases as f64;
    let mut entries = std::collections::VecDeque::new();
    for phase in 0..phases {
        let begin = phase as f64 * length;
        let grown = random.count(20, 40);
        entries.extend(random.moments(grown, begin, begin + length * 0.7));
        let shrunk = (grown as f64 * random.between(0.3, 0.6)) as u64;
        for death in random.moments(shrunk, begin + length * 0.75, begin + length) {
            let birth = if oldest_first {
                entries.pop_front()
            } else {
                entries.pop_back()
            };
            program.freed(birth.unwrap_or_default(), death, 72);
        }
    }
    for birth in entries {
        program.kept(birth, 72);
    }
    program
}

fn unbounded_queue(random: &mut Random) -> Program {
    let mut program = trace(random);
    let messages = random.count(300, 2000);
    let slower = random.between(1.3, 2.0);
    let service = slower / messages as f64;
    let mut free_at = 0.0_f64;
    for birth in random.moments(messages, 0.0, 1.0) {
        free_at = free_at.max(birth) + service * random.between(0.5, 1.5);
        program.freed(birth, free_at, 128);
    }
    program
}

fn enlarged_array(random: &mut Random) -> Program {
    let mut program = trace(random);
    let steps = random.count(20, 200);
    let moments = random.beats(steps, 0.0, 1.0);
    for (step, &birth) in moments.iter().enumerate() {
        let size = 64 * (step as u64 + 1);
        match moments.get(step + 1) {
            Some(&death) => program.freed(birth, death, size),
            None => program.kept(birth, size),
        }
    }
    program
}

/// The old one is freed, and then the new one allocated, after a part of the time that it is used.
fn freed_first(random: &mut Random) -> Program {
    let mut program = trace(random);
    let steps = random.count(20, 200);
    let missing = random.scale(1e-4, 0.1) / steps as f64;
    for (step, birth) in random.beats(steps, 0.0, 1.0).into_iter().enumerate() {
        let size = 64 * (step as u64 + 1);
        program.kept(birth, size);
    }
    let births: Vec<u64> = program.blocks.iter().map(|block| block.birth).collect();
    let missing = program.tick(missing);
    for (block, next) in program.blocks.iter_mut().zip(&births[1..]) {
        block.death = Some(next.saturating_sub(missing).max(block.birth));
    }
    program
}

/// Cycles of work that frees all but one of its blocks; the moments between them.
fn cycles(random: &mut Random, program: &mut Program) -> Vec<f64> {
    let cycles = random.count(8, 30);
    let length = 1.0 / (cycles as f64 + 0.5);
    let bounds: Vec<f64> = (0..=cycles).map(|cycle| cycle as f64 * length).collect();
    for begin in &bounds[..bounds.len() - 1] {
        let leaked = begin + length * random.between(0.1, 0.8);
        program.kept(leaked, 100);
        for _ in 0..random.count(3, 20) {
            let birth = begin + length * random.between(0.05, 0.6);
            let death = birth + length * random.between(0.05, 0.3);
            program.freed(birth, death, 100);
        }
    }
    bounds
}

fn one_a_cycle(random: &mut Random) -> Program {
    let mut program = trace(random);
    cycles(random, &mut program);
    program
}

fn one_a_cycle_marked(random: &mut Random) -> Program {
    let mut program = trace(random);
    let bounds = cycles(random, &mut program);
    program.marks = bounds.iter().map(|&bound| program.tick(bound)).collect();
    program
}

fn one_in_two_cycles(random: &mut Random) -> Program {
    let mut program = trace(random);
    let bounds = cycles(random, &mut program);
    program.marks = bounds.iter().map(|&bound| program.tick(bound)).collect();
    let blocks = std::mem::take(&mut program.blocks);
    let is_left = |block: &Block| block.death.is_some() || random.chance(0.5);
    program.blocks = blocks.into_iter().filter(is_left).collect();
    program
}

fn enlarged_each_cycle(random: &mut Random) -> Program {
    let mut program = trace(random);
    let cycles = random.count(8, 30);
    let bound = |cycle: u64| cycle as f64 / (cycles as f64 + 0.5);
    for cycle in 0..cycles {
        let size = 100 * (cycle + 1);
        let birth = bound(cycle) + 0.3 / cycles as f64;
        if cycle + 1 < cycles {
            program.freed(birth, bound(cycle + 1) + 0.3 / cycles as f64, size);
        } else {
            program.kept(birth, size);
        }
    }
    program.marks = (0..=cycles)
        .map(|cycle| program.tick(bound(cycle)))
        .collect();
    program
}
