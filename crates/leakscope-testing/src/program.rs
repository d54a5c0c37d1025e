//! Recordings of a made-up program, for those who care what happens in them and not how it is written.

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Extended, Init, Packet, Text};

/// Random numbers that are the same each time.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// One core's stream of packets.
pub struct Stream {
    pub bytes: Vec<u8>,
    time: u64,
}

/// It begins with a sync.
impl Default for Stream {
    fn default() -> Self {
        Self {
            bytes: SYNC.to_vec(),
            time: 0,
        }
    }
}

impl Stream {
    pub fn send(&mut self, now: u64, packet: Packet<'_>) {
        let mut buffer = [0; 512];
        let length = packet
            .encode((now - self.time) as u32, &mut buffer)
            .unwrap();
        self.time = now;
        self.bytes.extend_from_slice(&buffer[..length]);
    }
}

/// Numbers as a payload.
pub fn numbers(values: &[u32]) -> Vec<u8> {
    let fields = values
        .iter()
        .map(|&value| leakscope_systemview::varint::write(value));
    let fields: Vec<_> = fields.collect();
    fields
        .iter()
        .flat_map(|(bytes, length)| &bytes[..*length])
        .copied()
        .collect()
}

/// Addresses are sent as their distance from here.
pub const RAM: u32 = 0x3F40_0000;

/// What a device says of itself at the start.
pub fn introduce(stream: &mut Stream, names: &[&str]) {
    let init = Init {
        timestamp_hz: 1_000_000,
        cpu_hz: 160_000_000,
        ram_base: RAM,
        id_shift: 0,
    };
    stream.send(0, Packet::TraceStart);
    stream.send(0, Packet::Init(init));
    stream.send(
        0,
        Packet::SysDesc {
            text: "N=Made up,D=esp32,O=FreeRTOS".into(),
        },
    );
    stream.send(
        0,
        Packet::SysDesc {
            text: "I#5=SysTick".into(),
        },
    );
    stream.send(
        0,
        Packet::ModuleDesc {
            module: 0,
            offset: 512,
            text: "M=ESP32 SystemView Heap Tracing Module".into(),
        },
    );
    for (task, name) in (1..).zip(names) {
        let name = Text(name.as_bytes());
        stream.send(
            0,
            Packet::TaskInfo {
                task: task * 64,
                priority: task,
                name,
            },
        );
    }
}

const HEAP: Extended<'static> = Extended::HeapDefine {
    heap: 0x3FFA_0000,
    base: 0x3FFA_0000,
    size: 0x1_0000,
    metadata_size: 8,
};

const STACK: Packet<'static> = Packet::StackInfo {
    task: 64,
    base: 0x3FFC_0000,
    size: 4096,
    usage: 100,
};

/// The recording of a program to whose heap everything happens that can: blocks are lost and revived, move, are freed
/// twice or inside, and the target restarts. Many events share a tick.
pub fn eventful(seed: u64, steps: u64) -> Vec<Vec<u8>> {
    let mut random = Random(seed);
    let mut cores = [Stream::default(), Stream::default()];
    for core in &mut cores {
        introduce(core, &["main", "worker", "net"]);
        core.send(0, STACK);
    }
    let mut now = 0;
    for _ in 0..steps {
        now += random.below(3);
        let address = 0x3FFB_0000 + 64 * random.below(150) as u32;
        let caller = 0x4008_0000 + 16 * random.below(300) as u32;
        let most = if random.below(50) == 0 { 32 } else { 10 };
        let size = 1 << random.below(most);
        let allocation = numbers(&[address, size, caller]);
        let free = numbers(&[address, caller]);
        let failure = numbers(&[0, size, caller]);
        let core = &mut cores[random.below(2) as usize];
        let mut heap = |id: u32, payload: &[u8]| core.send(now, Packet::Other { id, payload });
        match random.below(1000) {
            0..400 => heap(512, &allocation),
            400..700 => heap(513, &free),
            700..760 => {
                // A reallocation.
                heap(513, &free);
                heap(512, &allocation);
            }
            760..800 => {
                // One that fails, and perhaps is tried again.
                heap(513, &free);
                heap(512, &failure);
                if size >= 16 {
                    heap(513, &free);
                }
                if size >= 4 {
                    heap(512, &allocation);
                }
            }
            800..818 => heap(512, &failure),
            818 => core.send(now, Packet::Extended(HEAP)),
            819 => {
                let allocation = Extended::HeapAlloc {
                    heap: 0x3FFA_0000,
                    block: address,
                    length: 64,
                    tag: None,
                };
                core.send(now, Packet::Extended(allocation));
            }
            820..830 => heap(513, &numbers(&[address + 4, caller])),
            830..840 => heap(513, &numbers(&[0, caller])),
            840..842 => {
                let drop_count = now as u32;
                core.send(now, Packet::Overflow { drop_count });
            }
            842 => {
                for core in &mut cores {
                    core.send(now, Packet::TraceStop);
                    core.send(now, Packet::TraceStart);
                    let init = Init {
                        timestamp_hz: 1_000_000,
                        cpu_hz: 160_000_000,
                        ram_base: RAM,
                        id_shift: 0,
                    };
                    core.send(now, Packet::Init(init));
                }
            }
            843..860 => {
                let interrupt = 1 + random.below(400) as u32;
                core.send(now, Packet::IsrEnter { interrupt });
            }
            860..880 => core.send(now, Packet::IsrExit),
            _ => {
                let task = 64 * (1 + random.below(3)) as u32;
                core.send(now, Packet::TaskStartExec { task });
            }
        }
    }
    cores.into_iter().map(|core| core.bytes).collect()
}
