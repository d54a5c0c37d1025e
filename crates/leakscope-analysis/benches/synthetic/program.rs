//! What the program does, step by step.

use leakscope_analysis::outcome::Totals;
use leakscope_systemview::{Arguments, Init, Packet, Print, Text};

use super::random::Random;
use super::stream::Stream;

const RAM: u32 = 0x3F40_0000;
const CODE: u32 = 0x4008_0000;
const HEAP: u32 = 0x3FFB_8000;

/// The first event of ESP-IDF's heap module; a free is the next one.
const ALLOCATION: u32 = 512;
const FREE: u32 = 513;

const TASKS: u32 = 8;
/// Call stacks that allocate, and as many others that free.
const CALL_SITES: usize = 64;
/// The call site of whose blocks one in twenty is never freed.
const LEAK: usize = 0;
const SIZES: [u32; 8] = [8, 16, 24, 40, 64, 128, 300, 1500];
/// Blocks that live before the program frees as often as it allocates.
const WORKING_SET: usize = 1000;

/// A program that runs on two cores and is being recorded.
pub(super) struct Program {
    pub(super) cores: [Stream; 2],
    pub(super) now: u64,
    /// What a reader finds in the recording, except its length.
    pub(super) totals: Totals,
    random: Random,
    allocating: Vec<[u32; 5]>,
    freeing: Vec<[u32; 5]>,
    live: Vec<Block>,
    /// Addresses of freed blocks, by [`SIZES`].
    freed: [Vec<u32>; SIZES.len()],
    fresh_address: u32,
}

#[derive(Clone, Copy)]
struct Block {
    address: u32,
    /// An index into [`SIZES`].
    size: usize,
}

impl Program {
    /// A program whose recording has begun.
    pub(super) fn new() -> Self {
        let mut random = Random::new();
        let mut stacks = || {
            let mut frame = |()| CODE + random.below(1 << 19) as u32;
            (0..CALL_SITES).map(|_| [(); 5].map(&mut frame)).collect()
        };
        let (allocating, freeing) = (stacks(), stacks());
        let mut program = Self {
            cores: [Stream::new(), Stream::new()],
            now: 0,
            totals: Totals::default(),
            allocating,
            freeing,
            random,
            live: Vec::new(),
            freed: Default::default(),
            fresh_address: HEAP,
        };
        program.start();
        program
    }

    /// The start sequence, as OpenOCD copies it to both cores.
    fn start(&mut self) {
        let init = Init {
            timestamp_hz: 40_000_000,
            cpu_hz: 160_000_000,
            ram_base: RAM,
            id_shift: 0,
        };
        for (core, system) in ["C=core0", "C=core1"].into_iter().enumerate() {
            let system = format!("N=Synthetic,D=esp32,{system},O=FreeRTOS");
            let names: Vec<String> = (0..TASKS).map(|task| format!("task {task}")).collect();
            let mut packets = vec![
                Packet::TraceStart,
                Packet::Init(init),
                Packet::SysDesc {
                    text: system.as_str().into(),
                },
                Packet::SysDesc {
                    text: "I#5=Timer".into(),
                },
                Packet::NumModules { count: 1 },
                Packet::ModuleDesc {
                    module: 0,
                    offset: ALLOCATION,
                    text: "M=ESP32 SystemView Heap Tracing Module".into(),
                },
            ];
            packets.extend((0..).zip(&names).map(|(number, name)| Packet::TaskInfo {
                task: task(number),
                priority: 5,
                name: name.as_str().into(),
            }));
            for packet in &packets {
                self.cores[core].send(0, packet);
            }
            // All but the system's description are the same on both cores.
            self.totals.copies = packets.len() as u64 - 1;
        }
    }

    /// Lets the next thing happen.
    pub(super) fn step(&mut self) {
        let core = self.random.below(2);
        self.now += 20 + self.random.below(400) as u64;
        self.totals.events += 1;
        match self.random.below(100) {
            0..35 => {
                let next = task(self.random.below(TASKS as usize) as u32);
                self.cores[core].send(self.now, &Packet::TaskStartExec { task: next });
            }
            35..40 => {
                self.cores[core].send(self.now, &Packet::IsrEnter { interrupt: 5 });
                self.now += 30;
                self.cores[core].send(self.now, &Packet::IsrExit);
                self.totals.events += 1;
            }
            40..45 => self.log(core),
            _ if self.random.below(WORKING_SET) >= self.live.len() / 2 => self.allocate(core),
            _ => self.free(core),
        }
    }

    fn log(&mut self, core: usize) {
        let text = format!("I ({}) example: step {}", self.now / 40_000, self.now);
        let print = Print {
            text: Text(text.as_bytes()),
            options: 0,
            arguments: Arguments::NONE,
        };
        self.cores[core].send(self.now, &Packet::PrintFormatted(print));
        self.totals.log_messages += 1;
    }

    fn allocate(&mut self, core: usize) {
        let size = self.random.below(SIZES.len());
        let bytes = SIZES[size];
        let address = self.freed[size].pop().unwrap_or(self.fresh_address);
        if address == self.fresh_address {
            self.fresh_address += (bytes + 15) & !7;
        }
        let site = self.random.below(CALL_SITES);
        if site != LEAK || self.random.below(20) > 0 {
            self.live.push(Block { address, size });
        }
        let stack = &self.allocating[site];
        self.cores[core].heap_event(self.now, ALLOCATION, &[address, bytes], stack);

        let totals = &mut self.totals;
        totals.heap_events += 1;
        totals.allocations += 1;
        totals.allocated_bytes += u64::from(bytes);
        totals.outstanding_blocks += 1;
        totals.outstanding_bytes += u64::from(bytes);
        totals.peak_bytes = totals.peak_bytes.max(totals.outstanding_bytes);
    }

    fn free(&mut self, core: usize) {
        let chosen = self.random.below(self.live.len());
        let Block { address, size } = self.live.swap_remove(chosen);
        self.freed[size].push(address);
        let stack = &self.freeing[self.random.below(CALL_SITES)];
        self.cores[core].heap_event(self.now, FREE, &[address], stack);

        let totals = &mut self.totals;
        totals.heap_events += 1;
        totals.frees += 1;
        totals.outstanding_blocks -= 1;
        totals.outstanding_bytes -= u64::from(SIZES[size]);
    }
}

/// A task's id on the wire.
fn task(number: u32) -> u32 {
    0x3FFB_0000 + number * 0x400 - RAM
}
