//! Made-up programs of which one call site leaks, recorded in all the forms that there are.

use std::collections::BTreeMap;

use leakscope_systemview::Packet;
use leakscope_testing::scenario::{HZ, Scenario};

use super::random::Random;

/// A recording, and the call stack that leaks.
pub(crate) struct Program {
    pub(crate) bytes: Vec<u8>,
    pub(crate) leak: Vec<u64>,
}

/// What goes on in a program: a call site, and what becomes of its blocks.
struct Site {
    stack: Vec<u32>,
    freeing: Vec<u32>,
    size: u32,
    core: u8,
    freeing_core: u8,
    /// How long its blocks live, in ticks, at the most; `None` if they stay.
    life: Option<u32>,
    /// One block in so many stays all the same.
    kept: Option<u32>,
}

/// A heap that hands memory out again, what was freed last first.
#[derive(Default)]
struct Heap {
    end: u32,
    free: BTreeMap<u32, Vec<u32>>,
}

impl Heap {
    fn take(&mut self, size: u32) -> u32 {
        let known = self.free.get_mut(&size).and_then(Vec::pop);
        known.unwrap_or_else(|| {
            self.end += size.next_multiple_of(16) + 16;
            0x3FFB_0000 + self.end - size.next_multiple_of(16)
        })
    }
}

impl Program {
    /// A program that leaks at every turn, or now and then beside ordinary work; on one core, or on two.
    pub(crate) fn draw(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let form = random.number(3);
        let cores = if form == 0 { 1 } else { 2 };
        let depth = 2 + random.below(7);
        let mut sites: Vec<Site> = (0..4 + random.below(5))
            .map(|_| Site::draw(random, depth, cores))
            .collect();
        sites[0].life = random.once_in(2).then_some(20_000);
        sites[0].kept = Some(4 + random.number(8));
        let leak = sites[0].stack.iter().map(|&frame| frame.into()).collect();

        let mut recording = Scenario::begun();
        recording.depth = depth;
        let tasks: Vec<u32> = (1..6).map(|task| 0x3FFC_0000 + 0x400 * task).collect();
        for (number, &task) in tasks.iter().enumerate() {
            recording.task(task, &format!("task {number}"));
        }
        let mut heap = Heap::default();
        // What the program needs as long as it runs.
        for _ in 0..6 {
            let stack = stack(random, depth);
            let size = 64 + 16 * random.number(100);
            recording.after(300).allocate(heap.take(size), size, &stack);
        }
        let mut live: BTreeMap<(u64, u32), usize> = BTreeMap::new();
        let turns = 300 + random.below(600);
        let pause = 200 + random.number(3000);
        for turn in 0..turns {
            recording.after(random.number(pause).into());
            while let Some((&(time, address), &site)) = live.first_key_value()
                && time <= recording.time()
            {
                live.pop_first();
                let site = &sites[site];
                recording.on(site.freeing_core).free(address, &site.freeing);
                heap.free.entry(site.size).or_default().push(address);
            }
            let task = tasks[random.below(tasks.len())];
            let core = random.number(cores) as u8;
            recording.on(core);
            let id = recording.shrink(task);
            match random.number(8) {
                0 | 1 => recording.enter(5).after(15).exit(),
                2 => recording.print(&format!("I ({turn}) example: {turn} turns\n")),
                3 | 4 => {
                    recording.packet(&Packet::TaskStartReady { task: id });
                    recording.after(12).run(task)
                }
                5 => recording
                    .packet(&Packet::TaskStopReady { task: id, cause: 4 })
                    .after(9)
                    .idle(),
                _ => recording.event(40, &[random.number(1 << 16), task]),
            };
            let place = random.below(sites.len());
            let site = &sites[place];
            let address = heap.take(site.size);
            recording
                .on(site.core)
                .after(20)
                .allocate(address, site.size, &site.stack);
            let stays = site
                .kept
                .is_some_and(|times| site.life.is_none() || random.once_in(times));
            if !stays {
                let life = site.life.unwrap_or(2000);
                let end = recording.time() + 1 + u64::from(random.number(life));
                live.insert((end, address), place);
            }
        }
        recording.after(u64::from(HZ) / 1000).stop();
        let bytes = match form {
            0 => recording.openocd(),
            1 => recording.with_core_bit(),
            _ => recording.joined(),
        };
        Self { bytes, leak }
    }
}

impl Site {
    fn draw(random: &mut Random, depth: usize, cores: u32) -> Self {
        Self {
            stack: stack(random, depth),
            freeing: stack(random, depth),
            size: 8 + 8 * random.number(20),
            core: random.number(cores) as u8,
            freeing_core: random.number(cores) as u8,
            life: Some(1 << (10 + random.number(6))),
            kept: None,
        }
    }
}

fn stack(random: &mut Random, depth: usize) -> Vec<u32> {
    (0..depth)
        .map(|_| 0x400D_0000 + random.number(1 << 17))
        .collect()
}
