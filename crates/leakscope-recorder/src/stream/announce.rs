//! What a stream says of itself and of the system: in the start sequence, and when asked.

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Init, Packet, Text};

use super::config::Config;
use super::output::Output;
use super::{MODULE_OFFSET, TEXT};
use crate::dialect::Dialect;
use crate::event::{Task, until_nul};

/// Bytes of a task's name on the wire.
const TASK_NAME: usize = 32;

/// How many modules a stream has: the heap's.
const MODULES: u32 = 1;

impl Output<'_> {
    /// The order of SystemView V3; module descriptions, which V3 sends when asked only, close it.
    pub(super) fn start_sequence<'t, D: Dialect>(
        &mut self,
        dialect: &mut D,
        config: &Config,
        clock_hz: u32,
        microseconds: Option<u64>,
        tasks: impl Iterator<Item = Task<'t>>,
    ) {
        self.raw(&SYNC);
        self.packet(&Packet::TraceStart);
        self.init(config, clock_hz);
        self.system_description(config);
        self.system_time(microseconds);
        tasks.for_each(|task| self.task(&task, config));
        self.module_count();
        self.module_descriptions::<D>();
        dialect.start(self, config);
    }

    /// An upper bound of the bytes that [`start_sequence`](Self::start_sequence) takes.
    pub(super) fn start_sequence_bound<D: Dialect>(config: &Config, tasks: usize) -> usize {
        const LONGEST_TEXT: usize = TEXT + 16;
        const LONGEST_TASK: usize = 1 + 5 + 5 + 1 + TASK_NAME + 5 + 1 + 4 * 5 + 5;
        // Four short descriptions can at worst take four packets.
        let texts = D::DESCRIPTION.len() + config.descriptions.len() + 4;
        SYNC.len() + 64 + D::LONGEST + texts * LONGEST_TEXT + tasks * LONGEST_TASK
    }

    pub(super) fn init(&mut self, config: &Config, clock_hz: u32) {
        self.packet(&Packet::Init(Init {
            timestamp_hz: clock_hz,
            cpu_hz: if config.cpu_hz == 0 {
                clock_hz
            } else {
                config.cpu_hz
            },
            ram_base: config.ram_base as u32,
            id_shift: u32::from(config.id_shift),
        }));
    }

    /// `N=…,D=…,C=…,O=…` in as few packets as hold them, then the others.
    pub(super) fn system_description(&mut self, config: &Config) {
        let mut text = Joined::NEW;
        for (key, value) in [
            ("N=", config.application),
            ("D=", config.device),
            ("C=", config.core),
            ("O=", config.operating_system),
        ] {
            if value.is_empty() {
                continue;
            }
            if !text.fits(key, value) {
                self.system_text(text.bytes());
                text = Joined::NEW;
            }
            text.push(key, value);
        }
        if !text.bytes().is_empty() {
            self.system_text(text.bytes());
        }
        for text in config.descriptions {
            self.system_text(cut(text.as_bytes(), TEXT));
        }
    }

    fn system_text(&mut self, text: &[u8]) {
        self.packet(&Packet::SysDesc { text: Text(text) });
    }

    pub(super) fn system_time(&mut self, microseconds: Option<u64>) {
        self.packet(&match microseconds {
            Some(microseconds) => Packet::SystimeUs { microseconds },
            None => Packet::SystimeCycles { cycles: self.now },
        });
    }

    /// A task's name and its stack.
    pub(super) fn task(&mut self, task: &Task<'_>, config: &Config) {
        let id = config.shrink(task.id);
        self.packet(&Packet::TaskInfo {
            task: id,
            priority: task.priority,
            name: Text(cut(until_nul(task.name), TASK_NAME)),
        });
        self.packet(&Packet::StackInfo {
            task: id,
            base: task.stack_base as u32,
            size: task.stack_size as u32,
            usage: 0,
        });
    }

    pub(super) fn module_count(&mut self) {
        self.packet(&Packet::NumModules { count: MODULES });
    }

    pub(super) fn module_descriptions<D: Dialect>(&mut self) {
        for text in D::DESCRIPTION {
            self.packet(&Packet::ModuleDesc {
                module: 0,
                offset: MODULE_OFFSET,
                text: Text(text.as_bytes()),
            });
        }
    }
}

/// At most `length` bytes, and no piece of a character.
pub(super) fn cut(text: &[u8], length: usize) -> &[u8] {
    let Some(head) = text.get(..length) else {
        return text;
    };
    if text.len() == length {
        return head;
    }
    // A byte 0b10…: the cut would fall inside a character.
    let is_inside = |end: usize| text[end] & 0xC0 == 0x80;
    let mut end = length;
    while end > 0 && length - end < 3 && is_inside(end) {
        end -= 1;
    }
    if is_inside(end) { head } else { &text[..end] }
}

/// Items with commas between them.
struct Joined {
    bytes: [u8; TEXT],
    length: usize,
}

impl Joined {
    const NEW: Self = Self {
        bytes: [0; TEXT],
        length: 0,
    };

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn fits(&self, key: &str, value: &str) -> bool {
        self.length == 0 || self.length + 1 + key.len() + value.len() <= TEXT
    }

    fn push(&mut self, key: &str, value: &str) {
        if self.length > 0 {
            self.append(b",");
        }
        self.append(key.as_bytes());
        self.append(cut(value.as_bytes(), TEXT - self.length));
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}
