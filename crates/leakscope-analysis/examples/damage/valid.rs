//! Valid recordings with unusual content, of many kinds, and where their packets stand.

#[path = "small.rs"]
mod small;

use leakscope_systemview::{Packet, id, sync::SYNC, varint};

use super::random::Random;

/// How many kinds of unusual content there are.
pub(crate) const KINDS: u32 = 58;

/// A recording being written.
pub(crate) struct Valid {
    pub(crate) bytes: Vec<u8>,
    /// Where each packet stands, and its id.
    pub(crate) packets: Vec<(usize, u32)>,
    random: Random,
    core_bit: bool,
    /// Deltas are below this, in ticks.
    busy: u32,
    /// A quarter of the clock's period, if silences are told in these and in halves, and what has gone by beyond them, in ticks.
    quarter: u32,
    rest: u32,
    /// Ids, tasks and stacks of this program.
    api: Vec<u32>,
    tasks: Vec<u32>,
    stacks: Vec<Vec<u32>>,
    live: Vec<u32>,
}

/// The recording of a core that begins long after the others.
const LATE: u32 = KINDS - 3;

/// A small recording, every bit of which is unusual.
const SMALL: u32 = KINDS - 2;

/// The recording of a device that sleeps for many parts of its clock's period.
const SLEEPY: u32 = KINDS - 1;

const HEAP: &str = "M=ESP32 SystemView Heap Tracing Module";

impl Valid {
    /// A program with content of this kind now and then.
    pub(crate) fn recording(seed: u64, kind: u32) -> Self {
        let mut random = Random::new(seed);
        let code = |random: &mut Random| 0x400D_0000 + random.number(1 << 17);
        let depth = 1 + random.below(10);
        let mut valid = Self {
            bytes: Vec::new(),
            packets: Vec::new(),
            core_bit: random.once_in(4),
            busy: 16 << random.number(10),
            quarter: 0,
            rest: 0,
            api: (0..6).map(|_| 33 + random.number(30)).collect(),
            tasks: (0..4).map(|_| random.number(1 << 18) << 2).collect(),
            stacks: (0..8)
                .map(|_| (0..depth).map(|_| code(&mut random)).collect())
                .collect(),
            live: Vec::new(),
            random,
        };
        if valid.core_bit {
            valid.bytes.extend(b";\n; ESP_Extension\n;\n");
        }
        match kind {
            SMALL => {
                valid.small();
                return valid;
            }
            LATE => valid.start_late(),
            SLEEPY => valid.start_sleepy(),
            _ => valid.start(),
        }
        let often = 1 + valid.random.number(40);
        for _ in 0..60 + valid.random.below(300) {
            if valid.random.once_in(often) {
                valid.unusual(kind);
            } else {
                valid.usual();
            }
        }
        valid
    }

    fn start(&mut self) {
        self.bytes.extend(SYNC);
        self.put(id::TRACE_START, &[], 0);
        self.numbers(id::INIT, &[40_000_000, 160_000_000, 0x3F40_0000, 0]);
        self.text(
            id::SYSDESC,
            &[],
            b"N=Application,D=esp32,C=core0,O=FreeRTOS",
        );
        for task in self.tasks.clone() {
            self.text(id::TASK_INFO, &[task, 5], b"worker");
        }
        self.numbers(id::NUMMODULES, &[1]);
        self.text(id::MODULEDESC, &[0, 512], HEAP.as_bytes());
    }

    /// The recorder's own start sequence, behind as many parts of its clock's period as have gone by. The units of its heap are
    /// powers of two, as these are.
    fn start_late(&mut self) {
        let parts = self.random.number(80);
        self.start_recorder(parts);
        self.describe_any_heap();
    }

    fn describe_any_heap(&mut self) {
        let shift = self.random.number(5);
        let depth = 1 << self.random.number(6);
        let bases = [0x2000_0000, 0x3FC0_0000, 0x4_0000, 0x8000_0000];
        let base = bases[self.random.below(4)];
        let code = [0x0800_0000, 0x4200_0000, 0x1000_0000, 0][self.random.below(4)];
        let size = 1 << (14 + self.random.number(6));
        self.describe_heap([shift, depth, size, base, code]);
    }

    /// A recorder that sleeps, with a clock of 16 bits to 32, of which it may leave a few out.
    fn start_sleepy(&mut self) {
        self.quarter = 1 << (10 + self.random.number(21));
        self.busy = self.busy.min(self.quarter);
        if self.random.once_in(2) {
            return self.start();
        }
        self.start_recorder(0);
        self.describe_any_heap();
    }

    /// As often as a recorder looks at its clock, quarters or halves of the period have gone by, in any order, and some of it is left.
    fn sleep(&mut self) {
        let quarters_of = 1 + self.random.number(8);
        for _ in 0..1 << self.random.number(8) {
            let is_quarter = self.random.once_in(quarters_of);
            self.put(id::NOP, &[], self.quarter << u32::from(!is_quarter));
        }
        self.rest = self.random.number(self.quarter);
        let some = self.random.next() as u32 >> self.random.number(32);
        match self.random.number(8) {
            0 => self.numbers(id::OVERFLOW, &[some]),
            1 => {
                self.bytes.extend(SYNC);
                self.numbers(id::SYSTIME_CYCLES, &[some]);
            }
            _ => {}
        }
    }

    /// The recorder's start sequence up to the time, behind so many parts of its clock's period.
    fn start_recorder(&mut self, parts: u32) {
        self.bytes.extend(SYNC);
        self.put(id::TRACE_START, &[], 0);
        let hz = 1_000_000 * (1 + self.random.number(240));
        self.put(id::INIT, &encoded(&[hz, hz, 0, 0]), 0);
        let part = 1 << (14 + self.random.number(18));
        for _ in 0..parts {
            self.put(id::NOP, &[], part);
        }
        let now = self.random.next() as u32;
        let rest = self.random.number(part);
        self.put(id::SYSTIME_CYCLES, &encoded(&[now]), rest);
    }

    /// The recorder's heap module, and its units.
    fn describe_heap(&mut self, [shift, depth, size, base, code]: [u32; 5]) {
        self.text(id::MODULEDESC, &[0, 512], b"M=leakscope heap");
        let units = [
            2, 4, shift, depth, size, base, 0, code, 0, 256, 0, 0, 1, 0, 128,
        ];
        self.numbers(516, &units);
        self.text(id::SYSDESC, &[], b"N=app");
        self.numbers(id::NUMMODULES, &[1]);
        for events in [
            "0 Alloc Address=%p Size=%u Stack=%u,7 Free Address=%p Stack=%u,8 Move Address=%p Stack=%u",
            "9 Moved Address=%p Size=%u Stack=%u From=%p,10 Kept Address=%p Size=%u Stack=%u",
            "4 Heap Version=%u PointerBytes=%u Shift=%u Depth=%u HeapSize=%u Base=%p BaseHigh=%u Code=%p",
        ] {
            let text = format!("M=leakscope heap,{events}");
            self.text(id::MODULEDESC, &[0, 512], text.as_bytes());
        }
    }

    fn delta(&mut self) -> u32 {
        std::mem::take(&mut self.rest) + self.random.number(self.busy)
    }

    fn put(&mut self, id: u32, payload: &[u8], delta: u32) {
        let offset = self.bytes.len();
        let mut buffer = vec![0; payload.len() + 32];
        let packet = Packet::Other { id, payload };
        let length = if self.core_bit {
            let core = self.random.number(2) as u8;
            packet.encode_with_core_bit(core, delta, &mut buffer)
        } else {
            packet.encode(delta, &mut buffer)
        };
        self.bytes.extend(&buffer[..length.expect("room")]);
        self.packets.push((offset, id));
    }

    fn numbers(&mut self, id: u32, numbers: &[u32]) {
        let delta = self.delta();
        self.put(id, &encoded(numbers), delta);
    }

    fn text(&mut self, id: u32, numbers: &[u32], text: &[u8]) {
        let delta = self.delta();
        self.put(id, &[encoded(numbers), string(text)].concat(), delta);
    }

    fn usual(&mut self) {
        let task = self.tasks[self.random.below(4)];
        match self.random.number(12) {
            0 | 1 => {
                let interrupt = 5 + self.random.number(4);
                self.numbers(id::ISR_ENTER, &[interrupt]);
                self.numbers(id::ISR_EXIT, &[]);
            }
            2 | 3 => {
                self.numbers(id::TASK_START_READY, &[task]);
                self.numbers(id::TASK_START_EXEC, &[task]);
            }
            4 => {
                self.numbers(id::TASK_STOP_READY, &[task, 4]);
                self.numbers(id::IDLE, &[]);
            }
            5 | 6 => {
                let api = self.api[self.random.below(6)];
                let number = self.random.number(1000);
                self.numbers(api, &[0x3FFB_8000, number]);
            }
            7 => self.log(b"I (1234) example: all is well\n", &[]),
            8..=10 => {
                let address = 0x3FFB_0000 + self.random.number(4096) * 16;
                let size = 1 + self.random.number(2000);
                self.live.push(address);
                let stack = self.stacks[self.random.below(8)].clone();
                self.numbers(512, &[&[address, size][..], &stack].concat());
            }
            _ => {
                if let Some(address) = self.live.pop() {
                    let stack = self.stacks[self.random.below(8)].clone();
                    self.numbers(513, &[&[address][..], &stack].concat());
                }
            }
        }
    }

    fn log(&mut self, text: &[u8], arguments: &[u32]) {
        let head = [0, arguments.len() as u32];
        let payload = [string(text), encoded(&head), encoded(arguments)].concat();
        let delta = self.delta();
        self.put(id::PRINT_FORMATTED, &payload, delta);
    }

    fn letters(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| b' ' + self.random.number(95) as u8)
            .collect()
    }

    #[allow(clippy::too_many_lines, reason = "one arm a kind")]
    fn unusual(&mut self, kind: u32) {
        let any = self.random.next() as u32;
        let some = self.random.below(200);
        let delta = self.delta();
        match kind {
            0 => {
                let text = self.letters(some);
                self.log(&text, &[]);
            }
            1 => {
                let text = self
                    .random
                    .bytes(some)
                    .iter()
                    .map(|byte| byte | 0x80)
                    .collect::<Vec<_>>();
                self.log(&text, &[]);
            }
            2 => {
                let text = self.random.bytes(some);
                self.log(&text, &[]);
            }
            3 => self.log(
                b"%d %u %x at %p\n",
                &[any, any >> 8, any >> 20, 0x3FFB_0000],
            ),
            4 => {
                let text = self.letters(255 + some);
                self.log(&text, &[]);
            }
            5 => {
                let callers: Vec<u32> = (0..32)
                    .map(|_| 0x4200_0000 + self.random.number(1 << 20))
                    .collect();
                self.numbers(512, &[&[0x3FFB_0010, 24][..], &callers].concat());
            }
            6 => self.numbers(512, &[any, any >> 16]),
            7 => {
                let blob = self.random.bytes(some);
                self.put(40, &blob, delta);
            }
            8 => {
                let blob = self.random.bytes(some * 10);
                self.put(600, &blob, delta);
            }
            9 => self.put(40, &vec![0xFF; some], delta),
            10 => self.put(40, &vec![0; some], delta),
            11 => self.put(
                40,
                &(0..some).map(|index| (index % 2) as u8).collect::<Vec<_>>(),
                delta,
            ),
            12 => {
                let text = self.letters(some);
                self.text(
                    id::MODULEDESC,
                    &[0, 600],
                    &[b"M=Other,", &text[..]].concat(),
                );
            }
            13 => {
                let text = self.letters(some);
                self.text(id::SYSDESC, &[], &[b"I#5=", &text[..]].concat());
            }
            14 => {
                let text = self.letters(32);
                self.text(id::TASK_INFO, &[any >> 8, any >> 28], &text);
            }
            15 => self.text(id::TASK_INFO, &[any >> 8, 1], "Größe – 数".as_bytes()),
            16 => self.numbers(id::ISR_ENTER, &[1024 + any % 64_000]),
            17 => self.numbers(id::ISR_ENTER, &[any]),
            18 => self.put(id::IDLE, &[], any >> 11),
            19 => self.put(id::IDLE, &[], any >> 3 | 1 << 28),
            20 => self.put(id::ISR_EXIT, &[], any | 1 << 31),
            21 => self.put(id::ISR_EXIT, &[], 0),
            22 => self.numbers(32 + any % 480, &[any >> 9]),
            23 => self.numbers(512 + any % 7680, &[any >> 13, 7]),
            // With the core in the ids, there are half as many.
            24 if self.core_bit => self.numbers(4096 + any % 4096, &[any >> 13, any >> 20]),
            24 => self.numbers(8192 + any % 8192, &[any >> 13, any >> 20]),
            25 => self.numbers(300, &[any >> 20, 1, 2]),
            26 => self.numbers(id::OVERFLOW, &[any >> 20]),
            27 => {
                self.numbers(id::SYSTIME_CYCLES, &[any]);
                self.numbers(id::SYSTIME_US, &[any, any >> 30]);
            }
            28 => {
                self.numbers(id::MARK_START, &[any]);
                self.numbers(id::MARK_STOP, &[any]);
            }
            29 => {
                self.numbers(id::TIMER_ENTER, &[any >> 12]);
                self.numbers(id::TIMER_EXIT, &[]);
            }
            30 => self.numbers(
                id::STACK_INFO,
                &[any >> 12, 0x3FFB_0000 + (any >> 20), 4096, 0],
            ),
            31 => self.numbers(id::DATA_SAMPLE, &[3, any]),
            32 => {
                let text = self.letters(some / 2);
                self.text(id::NAME_RESOURCE, &[any >> 10], &text);
            }
            33 => self.numbers(id::NUMMODULES, &[any % 20]),
            34 => {
                self.numbers(id::END_CALL, &[33 + any % 400]);
                self.numbers(id::END_CALL, &[33 + any % 400, any >> 5]);
            }
            35 => self.numbers(id::TASK_TERMINATE, &[any >> 10]),
            36 => self.numbers(id::EX, &[0, any]),
            37 => self.text(id::EX, &[1, any], b"a marker"),
            38 => {
                self.numbers(id::EX, &[2, any, any >> 3, 1000, 8]);
                self.numbers(id::EX, &[3, any, any >> 5, 100]);
                self.numbers(id::EX, &[5, any, any >> 5]);
            }
            39 => self.text(id::EX, &[6, 3], b"voltage"),
            40 => self.numbers(id::EX, &[7, any, 0, any >> 7, any >> 14]),
            41 => {
                let blob = self.random.bytes(some / 4);
                self.put(id::EX, &[&[9][..], &blob].concat(), delta);
            }
            42 => self.numbers(id::TASK_CREATE, &[any >> 10]),
            43 => self.numbers(id::TASK_START_EXEC, &[any >> 6]),
            44 => {
                self.numbers(id::TRACE_STOP, &[]);
                self.start();
            }
            45 | 46 => {
                let zeros = if kind == 45 { 11 + some } else { some % 10 };
                self.numbers(id::TRACE_STOP, &[]);
                self.bytes.extend(vec![0; zeros]);
                self.numbers(id::TRACE_START, &[]);
                self.numbers(id::INIT, &[40_000_000, 160_000_000, 0x3F40_0000, 0]);
            }
            47 => self.numbers(127, &[any >> 3]),
            48 => self.log(
                b"==========================================================================\n",
                &[],
            ),
            49 => {
                let numbers: Vec<u32> = (0..10)
                    .map(|_| self.random.next() as u32 | 1 << 31)
                    .collect();
                self.numbers(77, &numbers);
            }
            50 => self.numbers(id::DATA_SAMPLE, &[any >> 29, (any as f32).to_bits()]),
            51 => self.numbers(30, &[any, any >> 4]),
            // Halves of a clock's period go by, and then more time.
            52 => {
                for _ in 0..=some / 20 {
                    self.put(id::NOP, &[], 1 << (11 + any % 21));
                }
                self.put(id::IDLE, &[], any >> 7);
            }
            // Sync and time are told again.
            53 => {
                self.bytes.extend(SYNC);
                let time = encoded(&[any]);
                self.put(id::SYSTIME_CYCLES, &time, any >> 4);
            }
            SLEEPY => self.sleep(),
            _ => {
                self.put(id::IDLE, &[], 40_000_000 + any % 400_000_000);
                self.numbers(id::ISR_ENTER, &[6]);
            }
        }
    }
}

fn encoded(numbers: &[u32]) -> Vec<u8> {
    let encoded = numbers.iter().map(|&number| varint::write(number));
    encoded
        .flat_map(|(bytes, length)| bytes.into_iter().take(length))
        .collect()
}

fn string(text: &[u8]) -> Vec<u8> {
    let length = if text.len() < 255 {
        vec![text.len() as u8]
    } else {
        [&[0xFF][..], &(text.len() as u16).to_be_bytes()].concat()
    };
    [&length, text].concat()
}
