//! Small recordings by leakscope's recorder: few events of few kinds, a heap at any power of two, long waits and short ones.

use leakscope_systemview::id;

use super::{Valid, encoded};

/// How a small program goes about its blocks.
struct Program {
    /// Where its heap begins, as addresses are told.
    base: u32,
    /// Where its code is, as that is told.
    code: u32,
    /// How large its blocks may be, in bytes.
    sizes: u32,
    /// The least and the most ticks between two packets, and between two that come at once.
    pace: [u32; 2],
    quick: u32,
    /// How many blocks it holds, and which it frees: the newest, or the oldest.
    holds: usize,
    frees_newest: bool,
    /// One block in so many stays.
    keeps: u32,
    /// One event in so many is a switch or an interrupt; none if this is 0.
    switches: u32,
}

impl Valid {
    /// A whole small program.
    pub(super) fn small(&mut self) {
        let random = &mut self.random;
        let wait = 1 << random.number(25);
        let most = wait << random.number(3);
        let shift = random.number(4);
        let beyond = 1 << random.number(17);
        let address = (1 << (12 + random.number(20))) + 8 * random.number(beyond);
        let [is_told, is_code_told] = [3, 2].map(|times| random.once_in(times));
        let depth = 1 << random.number(5);
        let code = 1 << (12 + random.number(20));
        let program = Program {
            base: if is_told { 0 } else { address >> shift },
            code: if is_code_told { 0 } else { code },
            sizes: 1 << (3 + random.number(9)),
            pace: [wait, most],
            quick: 1 << random.number(8),
            holds: random.below(7),
            frees_newest: random.once_in(2),
            keeps: 2 + random.number(40),
            switches: [0, 0, 3, 20][random.below(4)],
        };
        let base = if is_told { address } else { 0 };
        let from = if is_code_told { code } else { 0 };
        self.start_recorder(0);
        self.describe_heap([shift, depth, 0, base, from]);
        self.run(&program, depth as usize);
        self.put(id::TRACE_STOP, &[], 0);
    }

    fn run(&mut self, program: &Program, depth: usize) {
        let random = &mut self.random;
        let sites = 1 + random.below(4);
        let new: Vec<(u32, Vec<u32>)> = (0..2 * sites)
            .map(|_| {
                let stack = 1 + random.number(1 << 9);
                let depth = 1 + random.below(depth);
                let frames = (0..depth).map(|_| program.code + random.number(1 << 13));
                (stack, frames.collect())
            })
            .collect();
        let mut told = Vec::new();
        // Where blocks begin, and how long they are.
        let mut live: Vec<(u32, u32)> = Vec::new();
        let mut kept = Vec::new();
        let task = 1 << (4 + self.random.number(24));
        for _ in 0..10 + self.random.below(120) {
            if program.switches > 0 && self.random.once_in(program.switches) {
                self.switch(program, task);
            }
            let frees = live.len() > self.random.below(program.holds + 1);
            let site = self.random.below(sites);
            let place = if frees { sites + site } else { site };
            let (stack, frames) = new[place].clone();
            let wait = self.wait(program);
            let is_new = !told.contains(&place);
            if is_new {
                told.push(place);
                self.put(517, &encoded(&[&[stack][..], &frames].concat()), wait);
            }
            let wait = if is_new { 0 } else { wait };
            if frees {
                let at = if program.frees_newest {
                    live.len() - 1
                } else {
                    0
                };
                let (address, _) = live.remove(at);
                self.put(519, &encoded(&[address, stack]), wait);
            } else {
                let size = 1 + self.random.number(program.sizes);
                let units = size / 8 + 2;
                let address = first_fit(live.iter().chain(&kept), program.base, units);
                self.put(512, &encoded(&[address, size, stack]), wait);
                let blocks = if self.random.once_in(program.keeps) {
                    &mut kept
                } else {
                    &mut live
                };
                blocks.push((address, units));
            }
        }
    }

    fn wait(&mut self, program: &Program) -> u32 {
        let [least, most] = program.pace;
        least + self.random.number(most - least + 1)
    }

    fn switch(&mut self, program: &Program, task: u32) {
        let wait = self.wait(program);
        let soon = self.random.number(program.quick);
        if self.random.once_in(2) {
            let interrupt = 15 + self.random.number(40);
            self.put(id::ISR_ENTER, &encoded(&[interrupt]), wait);
            self.put(id::ISR_EXIT, &[], soon);
        } else {
            self.put(id::TASK_START_READY, &encoded(&[task]), wait);
            self.put(id::TASK_START_EXEC, &encoded(&[task]), soon);
        }
    }
}

/// The lowest address behind which so many units are free.
fn first_fit<'b>(blocks: impl Iterator<Item = &'b (u32, u32)>, base: u32, units: u32) -> u32 {
    let mut blocks: Vec<(u32, u32)> = blocks.copied().collect();
    blocks.sort_unstable();
    blocks.iter().fold(base, |free, &(address, length)| {
        if free + units <= address {
            free
        } else {
            free.max(address + length)
        }
    })
}
