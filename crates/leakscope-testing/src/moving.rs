//! Recordings of a program whose tasks reallocate, some of it in vain, and are interrupted in it.

use crate::program::Random;
use crate::scenario::{IDF_HEAP, MAIN, Scenario, WORKER};

const BASE: u32 = 0x3FC8_0000;
const CODE: u32 = 0x4008_0000;
const TASKS: [u32; 3] = [MAIN, WORKER, WORKER + 0x1000];
const PLACES: usize = 256;
const FRAMES: u32 = 6;

/// What a task is in the middle of: where the block lies, where it will, and of how many bytes; nowhere if there is no memory.
struct UnderWay {
    from: u32,
    to: Option<u32>,
    size: u32,
    caller: u32,
}

/// The program. `is_own`: it is recorded in the recorder's own dialect, otherwise in ESP-IDF's.
struct Moving {
    recording: Scenario,
    random: Random,
    is_own: bool,
    free: Vec<u32>,
    /// Blocks that nobody is reallocating; some are older than the recording.
    live: Vec<u32>,
    under_way: [Option<UnderWay>; 3],
}

/// The program, after `steps` steps that `seed` draws.
pub fn moving(seed: u64, steps: u64, is_own: bool) -> Scenario {
    let mut places: Vec<u32> = (1..=PLACES as u32)
        .map(|place| BASE + 256 * place)
        .collect();
    let live = places.split_off(PLACES - 20);
    let mut program = Moving {
        recording: Scenario::empty(),
        random: Random(seed),
        is_own,
        free: places,
        live,
        under_way: [const { None }; 3],
    };
    program.begin();
    let mut task = 0;
    for _ in 0..steps {
        let ticks = program.random.below(4);
        program.recording.after(ticks);
        if program.random.below(3) == 0 {
            task = program.random.below(3) as usize;
            program.recording.run(TASKS[task]);
        }
        program.step(task);
    }
    program.recording.after(1);
    program.recording.idle().stop();
    program.recording
}

impl Moving {
    fn begin(&mut self) {
        let recording = &mut self.recording;
        recording.start();
        if self.is_own {
            recording.module(512, "M=leakscope heap");
            recording.event(516, &[2, 4, 2, 4, 0, BASE, 0, CODE, 0, 128]);
            for number in 1..=FRAMES {
                recording.event(517, &[number, 16 * number]);
            }
        } else {
            recording.module(512, IDF_HEAP);
        }
        for (task, name) in TASKS.into_iter().zip(["main", "worker", "net"]) {
            recording.task(task, name);
        }
        recording.run(MAIN);
    }

    fn step(&mut self, task: usize) {
        if let Some(under_way) = self.under_way[task].take() {
            return self.end(&under_way);
        }
        let caller = 1 + self.random.below(FRAMES.into()) as u32;
        let size = 1 + self.random.below(200) as u32;
        match self.random.below(10) {
            0..5 => {
                if let Some(place) = self.take_free() {
                    self.live.push(place);
                    self.allocate(place, size, caller);
                }
            }
            5..8 => {
                if let Some(place) = self.take_live() {
                    self.free.push(place);
                    self.tell(7, 1, place, &[], caller);
                }
            }
            _ => {
                if let Some(from) = self.take_live() {
                    let is_vain = self.random.below(2) == 0;
                    let to = if is_vain { None } else { self.take_free() };
                    // Others may use its memory before it is known to live elsewhere.
                    self.free.extend(to.map(|_| from));
                    self.tell(8, 1, from, &[], caller);
                    self.under_way[task] = Some(UnderWay {
                        from,
                        to,
                        size,
                        caller,
                    });
                }
            }
        }
    }

    fn end(&mut self, under_way: &UnderWay) {
        let &UnderWay {
            from,
            to,
            size,
            caller,
        } = under_way;
        self.live.push(to.unwrap_or(from));
        match to {
            Some(to) if self.is_own => self.tell(9, 0, to, &[size, caller, turned(from)], 0),
            Some(to) => self.allocate(to, size, caller),
            None if self.is_own => self.tell(10, 0, from, &[size], caller),
            None => self.allocate(0, size, caller),
        }
    }

    fn allocate(&mut self, place: u32, size: u32, caller: u32) {
        self.tell(0, 0, place, &[size], caller);
    }

    /// An event with its number in either dialect, or one whose caller is among its fields.
    fn tell(&mut self, own: u32, of_idf: u32, place: u32, more: &[u32], caller: u32) {
        let caller = (caller > 0).then_some(caller);
        let (id, mut fields) = if self.is_own {
            (512 + own, vec![turned(place)])
        } else {
            (512 + of_idf, vec![place])
        };
        fields.extend(more);
        let address = |caller| {
            if self.is_own {
                caller
            } else {
                CODE + 16 * caller
            }
        };
        fields.extend(caller.map(address));
        if !self.is_own {
            fields.extend([0; 3]);
        }
        self.recording.event(id, &fields);
    }

    fn take_free(&mut self) -> Option<u32> {
        take(&mut self.free, &mut self.random)
    }

    fn take_live(&mut self) -> Option<u32> {
        take(&mut self.live, &mut self.random)
    }
}

fn take(places: &mut Vec<u32>, random: &mut Random) -> Option<u32> {
    let place = random.below(places.len().max(1) as u64) as usize;
    (place < places.len()).then(|| places.swap_remove(place))
}

/// An address as the recorder's own dialect sends it.
fn turned(address: u32) -> u32 {
    address.wrapping_sub(BASE).rotate_right(2)
}
