//! Healthy programs, and some that free a block twice, whose recordings are damaged in several places: what is said of their frees.

use std::collections::BTreeMap;

use leakscope_analysis::outcome::Outcome;
use leakscope_testing::scenario::{HZ, Scenario};

use crate::harm::{Harm, HarmKind};
use crate::random::Random;
use crate::reading::outcome;

const MODULE: u32 = 512;
const HEAP: u32 = 0x3FFB_0000;
const CODE: u32 = 0x400D_0000;

/// A program's recording, and the address of the block that it frees twice.
struct Recorded {
    bytes: Vec<u8>,
    twice: Option<u64>,
}

struct Site {
    /// The call stacks that allocate and free, and the numbers that leakscope's dialect gives them.
    stacks: [(u32, Vec<u32>); 2],
    size: u32,
    core: u8,
    life: u32,
}

/// How a program tells of its heap, and its events.
struct Writer {
    is_idf: bool,
    recording: Scenario,
}

/// Memory that is handed out first fit.
#[derive(Default)]
struct Memory(BTreeMap<u32, u32>);

impl Memory {
    fn take(&mut self, size: u32) -> u32 {
        let size = size.next_multiple_of(8) + 8;
        let mut at = HEAP + 0xA40;
        for (&start, &end) in &self.0 {
            if start >= at + size {
                break;
            }
            at = end;
        }
        self.0.insert(at, at + size);
        at
    }
}

impl Writer {
    fn begin(is_idf: bool, depth: usize, cores: u32, sites: &[Site]) -> Self {
        let mut recording = if is_idf {
            Scenario::begun()
        } else {
            Scenario::empty()
        };
        recording.depth = depth;
        if !is_idf {
            recording.start().module(MODULE, "M=leakscope heap");
        }
        for core in (0..cores).filter(|_| !is_idf) {
            recording.on(core as u8);
            recording.event(MODULE + 4, &[2, 4, 3, 10, 0, HEAP, 0, CODE, 0, 128, 0]);
            for (number, stack) in sites.iter().flat_map(|site| &site.stacks) {
                let frames = stack.iter().map(|frame| frame - CODE);
                let numbers: Vec<u32> = [*number].into_iter().chain(frames).collect();
                recording.event(MODULE + 5, &numbers);
            }
        }
        Self { is_idf, recording }
    }

    fn allocate(&mut self, address: u32, site: &Site) {
        let (number, stack) = &site.stacks[0];
        self.recording.on(site.core).after(20);
        if self.is_idf {
            self.recording.allocate(address, site.size, stack);
        } else {
            let offset = (address - HEAP).rotate_right(3);
            self.recording.event(MODULE, &[offset, site.size, *number]);
        }
    }

    fn free(&mut self, address: u32, site: &Site) {
        let (number, stack) = &site.stacks[1];
        self.recording.on(site.core).after(1);
        if self.is_idf {
            self.recording.free(address, stack);
        } else {
            let offset = (address - HEAP).rotate_right(3);
            self.recording.event(MODULE + 7, &[offset, *number]);
        }
    }
}

impl Recorded {
    /// A program of either dialect, on one core or two, that tells its clock each second, or does not.
    fn draw(seed: u64, frees_twice: bool) -> Self {
        let random = &mut Random::new(seed * 2 + 1);
        let form = (seed / 2) % 3;
        let cores = if form == 0 { 1 } else { 2 };
        let depth = 2 + random.below(5);
        let sites = (0..3 + random.number(6)).map(|number| Site {
            stacks: [1, 2].map(|of_site| (2 * number + of_site, stack(random, depth))),
            size: 8 + 4 * random.number(60),
            core: random.number(cores) as u8,
            life: 1 << (12 + random.number(10)),
        });
        let sites: Vec<Site> = sites.collect();
        let mut writer = Writer::begin(seed.is_multiple_of(2), depth, cores, &sites);
        let tasks: Vec<u32> = (1..6).map(|task| 0x3FFC_0000 + 0x400 * task).collect();
        for (number, &task) in tasks.iter().enumerate() {
            writer.recording.task(task, &format!("task {number}"));
        }
        let mut memory = Memory::default();
        let mut live: BTreeMap<(u64, u32), usize> = BTreeMap::new();
        let turns = 400 + random.below(1200);
        let pause = 2000 + random.number(40_000);
        let (logs, tells_time) = (random.once_in(2), random.once_in(2));
        let at = turns / 4 + random.below(turns / 2);
        let (mut twice, mut due, mut second) = (None, None, 5_000_000);
        for turn in 0..turns {
            writer.recording.after(random.number(pause).into());
            let now = writer.recording.time();
            if tells_time && now > second {
                second += 1_000_000;
                writer.recording.systime_us(now + 200_000);
            }
            while let Some((&(time, address), &site)) = live.first_key_value()
                && time <= now
            {
                live.pop_first();
                writer.free(address, &sites[site]);
                if frees_twice && turn >= at && twice.is_none() {
                    twice = Some(u64::from(address));
                    due = Some((turn + random.below(12), address, site));
                } else {
                    memory.0.remove(&address);
                }
            }
            if let Some((_, address, site)) = due.take_if(|(when, ..)| turn >= *when) {
                writer.free(address, &sites[site]);
                memory.0.remove(&address);
            }
            let recording = writer.recording.on(random.number(cores) as u8);
            match random.number(8) {
                0 | 1 => recording.enter(5).after(15).exit(),
                2 if logs => recording.print(&format!("I ({turn}) example: {turn} turns\n")),
                3..=5 => recording.run(tasks[random.below(tasks.len())]),
                _ => recording.idle(),
            };
            let place = random.below(sites.len());
            let address = memory.take(sites[place].size);
            writer.allocate(address, &sites[place]);
            let life = 1 + u64::from(random.number(sites[place].life));
            live.insert((writer.recording.time() + life, address), place);
        }
        let recording = writer.recording.after(u64::from(HZ) / 1000).stop();
        let bytes = match form {
            0 => recording.openocd(),
            1 => recording.with_core_bit(),
            _ => recording.joined(),
        };
        Self { bytes, twice }
    }
}

fn stack(random: &mut Random, depth: usize) -> Vec<u32> {
    (0..depth).map(|_| CODE + random.number(1 << 17)).collect()
}

/// What is read of these bytes, damaged so often.
fn damaged(bytes: &[u8], kind: HarmKind, times: usize, random: &mut Random) -> Outcome {
    let header = bytes.windows(10).position(|zeros| zeros == [0; 10]);
    let header = header.unwrap_or(0);
    let bytes = (0..times).fold(bytes.to_vec(), |bytes, _| {
        Harm::draw(kind, &bytes, header, random).of(&bytes)
    });
    outcome(&bytes, usize::MAX)
}

fn shows_hole(outcome: &Outcome) -> bool {
    let mut codes = outcome.problems.iter().map(|problem| problem.kind.code());
    codes.any(|code| {
        matches!(
            code,
            "skipped-bytes" | "cut-off" | "bytes-before-start" | "no-start" | "unreadable-packet"
        )
    })
}

/// What is said of so many programs of both kinds, with 1 to 10 damages of each kind.
pub(crate) fn measure(first: usize, runs: usize) {
    println!(
        "of {runs} healthy programs: no hole shows, a double or wrong free proven (with a hole),"
    );
    println!("twice too long, ten times; of as many that free twice: proven, in doubt, not seen");
    for (kind, title) in HarmKind::ALL {
        for times in [1, 2, 5, 10] {
            let (mut without, mut proven, mut with_hole) = (0, 0, 0);
            let (mut longer, mut seen) = ([0; 2], [0; 3]);
            for run in first..first + runs {
                let mut random = Random::new(run as u64 * 11 + times as u64);
                let sound = Recorded::draw(run as u64, false);
                let end = outcome(&sound.bytes, usize::MAX).totals.end;
                let read = damaged(&sound.bytes, kind, times, &mut random);
                let is_proven = read.totals.double_frees + read.totals.wrong_frees > 0;
                without += usize::from(!shows_hole(&read));
                proven += usize::from(is_proven);
                with_hole += usize::from(is_proven && shows_hole(&read));
                for (count, factor) in longer.iter_mut().zip([2, 10]) {
                    *count += usize::from(read.totals.end > factor * end);
                }
                let twice = Recorded::draw(run as u64, true);
                let Some(address) = twice.twice else {
                    continue;
                };
                let read = damaged(&twice.bytes, kind, times, &mut random);
                let found = read.anomalies.iter().filter(|free| free.address == address);
                let best = found.map(|free| usize::from(free.is_doubtful)).min();
                seen[best.unwrap_or(2)] += 1;
            }
            println!(
                "  {times:2} x {title:16} {without:4} {proven:4} ({with_hole}) {longer:?}; {seen:?}"
            );
        }
    }
}
