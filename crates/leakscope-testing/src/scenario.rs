//! Recordings, written packet by packet: what happened, then the form of the file.

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Arguments, Extended, Frame, Init, Packet, Print, Text, id, varint};

/// The clock of every scenario ticks a million times a second.
pub const HZ: u32 = 1_000_000;

/// What task ids are relative to.
pub const RAM: u32 = 0x3FC0_0000;

/// The name of ESP-IDF's heap module, as newer versions send it.
pub const IDF_HEAP: &str = "M=ESP32 SystemView Heap Tracing Module";

/// Control blocks of tasks.
pub const MAIN: u32 = RAM + 0x1000;
pub const WORKER: u32 = RAM + 0x2000;

/// A recording: what happened on all cores, in order of time.
#[derive(Clone, Debug)]
pub struct Scenario {
    entries: Vec<Entry>,
    time: u64,
    core: u8,
    /// The id of the heap module's first event.
    pub heap: u32,
    /// Slots for callers in each heap event.
    pub depth: usize,
    shift: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    time: u64,
    core: u8,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Sync,
    Packet {
        id: u32,
        payload: Vec<u8>,
    },
    /// Bytes that are no packet, or take part of one away.
    Raw(Vec<u8>),
}

/// The header of OpenOCD's files.
const OPENOCD: &str =
    ";\n; Version     SEGGER SystemViewer V2.42\n; Author      Espressif Inc\n;\n";

impl Scenario {
    /// Nothing yet.
    pub fn empty() -> Self {
        Self {
            entries: Vec::new(),
            time: 0,
            core: 0,
            heap: 512,
            depth: 4,
            shift: 0,
        }
    }

    /// A recording that has begun, with ESP-IDF's heap module and two tasks, of which `main` runs.
    pub fn begun() -> Self {
        let mut recording = Self::empty();
        recording
            .start()
            .module(512, IDF_HEAP)
            .task(MAIN, "main")
            .task(WORKER, "worker")
            .run(MAIN);
        recording
    }

    /// Lets time pass.
    pub fn after(&mut self, ticks: u64) -> &mut Self {
        self.time += ticks;
        self
    }

    pub fn time(&self) -> u64 {
        self.time
    }

    /// When the last packet was sent.
    pub fn time_of_last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.time)
    }

    /// What follows happens on this core.
    pub fn on(&mut self, core: u8) -> &mut Self {
        self.core = core;
        self
    }

    pub fn packet(&mut self, packet: &Packet<'_>) -> &mut Self {
        let mut buffer = vec![0; 70_000];
        let length = packet.encode(0, &mut buffer).expect("room for any packet");
        let frame = Frame::split(&buffer[..length]).expect("what was just written");
        self.add(What::Packet {
            id: frame.id,
            payload: frame.payload.to_vec(),
        })
    }

    /// A packet with numbers for fields.
    pub fn event(&mut self, id: u32, numbers: &[u32]) -> &mut Self {
        let payload = encoded(numbers);
        self.add(What::Packet { id, payload })
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.add(What::Raw(bytes.to_vec()))
    }

    fn add(&mut self, what: What) -> &mut Self {
        self.entries.push(Entry {
            time: self.time,
            core: self.core,
            what,
        });
        self
    }

    /// The start sequence, up to the description of the system.
    pub fn start(&mut self) -> &mut Self {
        self.sync()
            .packet(&Packet::TraceStart)
            .init()
            .system("N=Scenario,D=esp32,C=core0,O=FreeRTOS")
    }

    pub fn sync(&mut self) -> &mut Self {
        self.add(What::Sync)
    }

    pub fn init(&mut self) -> &mut Self {
        let init = Init {
            timestamp_hz: HZ,
            cpu_hz: 160 * HZ,
            ram_base: RAM,
            id_shift: self.shift,
        };
        self.packet(&Packet::Init(init))
    }

    /// From the next `INIT` on, ids lose this many low bits.
    pub fn shift(&mut self, shift: u32) -> &mut Self {
        self.shift = shift;
        self
    }

    pub fn shrink(&self, address: u32) -> u32 {
        address.wrapping_sub(RAM) >> self.shift
    }

    pub fn system(&mut self, text: &str) -> &mut Self {
        self.packet(&Packet::SysDesc { text: text.into() })
    }

    pub fn module(&mut self, offset: u32, text: &str) -> &mut Self {
        self.packet(&Packet::ModuleDesc {
            module: 0,
            offset,
            text: text.into(),
        })
    }

    pub fn task(&mut self, address: u32, name: &str) -> &mut Self {
        let task = self.shrink(address);
        self.packet(&Packet::TaskInfo {
            task,
            priority: 5,
            name: name.into(),
        })
    }

    pub fn run(&mut self, address: u32) -> &mut Self {
        let task = self.shrink(address);
        self.packet(&Packet::TaskStartExec { task })
    }

    pub fn idle(&mut self) -> &mut Self {
        self.packet(&Packet::Idle)
    }

    pub fn enter(&mut self, interrupt: u32) -> &mut Self {
        self.packet(&Packet::IsrEnter { interrupt })
    }

    pub fn exit(&mut self) -> &mut Self {
        self.packet(&Packet::IsrExit)
    }

    pub fn stop(&mut self) -> &mut Self {
        self.packet(&Packet::TraceStop)
    }

    pub fn overflow(&mut self, drop_count: u32) -> &mut Self {
        self.packet(&Packet::Overflow { drop_count })
    }

    pub fn systime_us(&mut self, microseconds: u64) -> &mut Self {
        self.packet(&Packet::SystimeUs { microseconds })
    }

    pub fn mark(&mut self, marker: u32) -> &mut Self {
        self.packet(&Packet::Extended(Extended::Mark { marker }))
    }

    pub fn print(&mut self, text: &str) -> &mut Self {
        self.print_bytes(text.as_bytes())
    }

    pub fn print_bytes(&mut self, text: &[u8]) -> &mut Self {
        self.packet(&Packet::PrintFormatted(Print {
            text: Text(text),
            options: 0,
            arguments: Arguments::NONE,
        }))
    }

    /// ESP-IDF's allocation, one tick after what came before.
    pub fn allocate(&mut self, address: u32, size: u32, callers: &[u32]) -> &mut Self {
        let mut numbers = vec![address, size];
        self.push_callers(&mut numbers, callers);
        let id = self.heap;
        self.after(1).event(id, &numbers)
    }

    /// ESP-IDF's free, one tick after what came before.
    pub fn free(&mut self, address: u32, callers: &[u32]) -> &mut Self {
        let mut numbers = vec![address];
        self.push_callers(&mut numbers, callers);
        let id = self.heap + 1;
        self.after(1).event(id, &numbers)
    }

    fn push_callers(&self, numbers: &mut Vec<u32>, callers: &[u32]) {
        numbers.extend((0..self.depth).map(|slot| callers.get(slot).copied().unwrap_or(0)));
    }

    /// How many packets there are.
    pub fn packets(&self) -> usize {
        let is_packet = |entry: &&Entry| matches!(entry.what, What::Packet { .. });
        self.entries.iter().filter(is_packet).count()
    }

    /// Drops the packets that `is_lost` says, by their number, as a target does whose buffer is full: the
    /// next one that is kept comes behind an `OVERFLOW`. Returns how many were dropped.
    pub fn lose(&mut self, mut is_lost: impl FnMut(usize) -> bool) -> u64 {
        let entries = std::mem::take(&mut self.entries);
        let (mut number, mut lost, mut pending, mut drop_count) = (0, 0, 0_u32, 0);
        for entry in entries {
            if matches!(entry.what, What::Packet { .. }) {
                number += 1;
                if is_lost(number - 1) {
                    lost += 1;
                    pending += 1;
                    continue;
                }
            }
            if pending > 0 {
                // The packet that found the buffer full is not counted.
                drop_count += pending - 1;
                pending = 0;
                self.entries.push(Entry {
                    time: entry.time,
                    core: entry.core,
                    what: What::Packet {
                        id: id::OVERFLOW,
                        payload: encoded(&[drop_count]),
                    },
                });
            }
            self.entries.push(entry);
        }
        lost - u64::from(pending)
    }

    /// All on one core, as a dump of the target's buffer: without header.
    pub fn plain(&self) -> Vec<u8> {
        self.stream(|_| true, encode)
    }

    /// [`Scenario::plain`], and where in it each packet stands.
    pub fn plain_with_places(&self) -> (Vec<u8>, Vec<std::ops::Range<usize>>) {
        let mut places = Vec::new();
        let mut end = 0;
        let mut time = 0;
        for entry in &self.entries {
            let length = match &entry.what {
                What::Sync => SYNC.len(),
                What::Raw(bytes) => bytes.len(),
                What::Packet { id, payload } => {
                    let delta = (entry.time - time) as u32;
                    time = entry.time;
                    let length = encode(*id, payload, delta).len();
                    places.push(end..end + length);
                    length
                }
            };
            end += length;
        }
        (self.plain(), places)
    }

    /// A file of OpenOCD's for one core.
    pub fn openocd(&self) -> Vec<u8> {
        [OPENOCD.as_bytes(), &self.plain()].concat()
    }

    /// OpenOCD's two files for two cores: what concerns both stands in both.
    pub fn openocd_by_core(&self) -> [Vec<u8>; 2] {
        [0, 1].map(|core| [OPENOCD.as_bytes(), &self.part(core)].concat())
    }

    /// OpenOCD's one file for two cores (V3.60).
    pub fn joined(&self) -> Vec<u8> {
        let parts = [0, 1].map(|core| self.part(core));
        let header = format!(
            ";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n\
             ; Offset Core0 0\n; Offset Core1 {}\n;\n",
            parts[0].len()
        );
        [header.as_bytes(), &parts[0], &parts[1]].concat()
    }

    /// OpenOCD's old one file for two cores, which share one chain of deltas.
    pub fn with_core_bit(&self) -> Vec<u8> {
        let header = ";\n; Version\t\tSEGGER SystemViewer V2.42\n; Author\t\tEspressif Inc\n\
                      ; ESP_Extension\n;\n";
        let mut bytes = header.as_bytes().to_vec();
        let mut time = 0;
        for entry in &self.entries {
            match &entry.what {
                What::Sync => bytes.extend(SYNC),
                What::Raw(raw) => bytes.extend(raw),
                What::Packet { id, payload } => {
                    let packet = Packet::Other { id: *id, payload };
                    let mut buffer = vec![0; payload.len() + 32];
                    let length = packet
                        .encode_with_core_bit(entry.core, (entry.time - time) as u32, &mut buffer)
                        .expect("room for the packet");
                    time = entry.time;
                    bytes.extend(&buffer[..length]);
                }
            }
        }
        bytes
    }

    /// What OpenOCD writes for one core: its own packets, and those that concern both.
    fn part(&self, core: u8) -> Vec<u8> {
        self.stream(
            |entry| match &entry.what {
                What::Packet { id, .. } => entry.core == core || is_for_both(*id),
                What::Sync => true,
                What::Raw(_) => entry.core == core,
            },
            |id, payload, delta| encode(id, &renamed(id, payload, core), delta),
        )
    }

    fn stream(
        &self,
        is_kept: impl Fn(&Entry) -> bool,
        encode: impl Fn(u32, &[u8], u32) -> Vec<u8>,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut time = 0;
        for entry in self.entries.iter().filter(|entry| is_kept(entry)) {
            match &entry.what {
                What::Sync => bytes.extend(SYNC),
                What::Raw(raw) => bytes.extend(raw),
                What::Packet { id, payload } => {
                    bytes.extend(encode(*id, payload, (entry.time - time) as u32));
                    time = entry.time;
                }
            }
        }
        bytes
    }
}

/// Numbers as they stand in a payload.
pub fn encoded(numbers: &[u32]) -> Vec<u8> {
    let mut payload = Vec::new();
    for &number in numbers {
        let (bytes, length) = varint::write(number);
        payload.extend(&bytes[..length]);
    }
    payload
}

fn encode(id: u32, payload: &[u8], delta: u32) -> Vec<u8> {
    let mut buffer = vec![0; payload.len() + 32];
    let packet = Packet::Other { id, payload };
    let length = packet
        .encode(delta, &mut buffer)
        .expect("room for the packet");
    buffer.truncate(length);
    buffer
}

/// The packets that OpenOCD writes to the files of both cores (`esp32_sysview.c`).
fn is_for_both(id: u32) -> bool {
    matches!(
        id,
        id::TRACE_START
            | id::TRACE_STOP
            | id::SYSTIME_CYCLES
            | id::SYSTIME_US
            | id::SYSDESC
            | id::TASK_INFO
            | id::STACK_INFO
            | id::MODULEDESC
            | id::INIT
            | id::NUMMODULES
            | id::OVERFLOW
            | id::TASK_START_READY
    )
}

/// OpenOCD writes the core's own number into the copies of the system description.
fn renamed(id: u32, payload: &[u8], core: u8) -> Vec<u8> {
    let mut payload = payload.to_vec();
    if id == id::SYSDESC && core == 1 {
        let key = b"C=core0";
        let found = payload.windows(key.len()).position(|bytes| bytes == key);
        if let Some(at) = found {
            payload[at + key.len() - 1] = b'1';
        }
    }
    payload
}
