//! What a stream says of itself and of the system: in the start sequence, and when asked.

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Text, id};

use super::TEXT;
use crate::config::Config;
use crate::dialect::{Dialect, MODULE_OFFSET};
use crate::event::{SystemEvent, Task, until_nul};
use crate::packets::{Output, Running};

/// Bytes of a task's name on the wire.
const TASK_NAME: usize = 32;

/// The last field of `STACK_INFO`.
const STACK_USAGE_NOT_KNOWN: u32 = 0;

/// How many modules a stream has: the heap's.
const MODULES: u32 = 1;

impl Output<'_> {
    /// What a recording begins with. A host counts from here.
    pub(super) fn begin(&mut self) {
        self.raw(&SYNC);
        self.bare(id::TRACE_START);
    }

    /// What follows, in the order of SystemView V3; module descriptions, which V3 sends when asked only, close it. Then comes what
    /// runs.
    pub(super) fn start_sequence<'t, D: Dialect>(
        &mut self,
        dialect: &mut D,
        config: &Config,
        clock_hz: u32,
        microseconds: Option<u64>,
        tasks: impl Iterator<Item = Task<'t>>,
    ) {
        self.init(config, clock_hz);
        self.system_description(config);
        self.system_time(microseconds);
        tasks.for_each(|task| self.task(&task, config));
        self.module_count();
        self.module_descriptions::<D>();
        dialect.start(self, config);
        match self.chain.running {
            Running::Unknown => {}
            Running::Task(task) => self.event(SystemEvent::TaskStartExec(task), config),
            Running::Nothing => self.event(SystemEvent::Idle, config),
        }
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
        let cpu_hz = match config.cpu_hz {
            0 => clock_hz,
            hz => hz,
        };
        self.packet(id::INIT, &mut |fields| {
            fields.number(clock_hz)?;
            fields.number(cpu_hz)?;
            fields.number(config.ram_base as u32)?;
            fields.number(u32::from(config.id_shift))
        });
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
        self.packet(id::SYSDESC, &mut |fields| fields.string(Text(text)));
    }

    pub(super) fn system_time(&mut self, microseconds: Option<u64>) {
        match microseconds {
            Some(time) => self.packet(id::SYSTIME_US, &mut |fields| {
                fields.number(time as u32)?;
                fields.number((time >> 32) as u32)
            }),
            None => {
                let now = self.now;
                self.packet(id::SYSTIME_CYCLES, &mut |fields| fields.number(now))
            }
        };
    }

    /// A task's name and its stack.
    pub(super) fn task(&mut self, task: &Task<'_>, config: &Config) {
        let task_id = config.shrink(task.id);
        self.packet(id::TASK_INFO, &mut |fields| {
            fields.number(task_id)?;
            fields.number(task.priority)?;
            fields.string(Text(cut(until_nul(task.name), TASK_NAME)))
        });
        self.packet(id::STACK_INFO, &mut |fields| {
            fields.number(task_id)?;
            fields.number(task.stack_base as u32)?;
            fields.number(task.stack_size as u32)?;
            fields.number(STACK_USAGE_NOT_KNOWN)
        });
    }

    pub(super) fn module_count(&mut self) {
        self.packet(id::NUMMODULES, &mut |fields| fields.number(MODULES));
    }

    pub(super) fn module_descriptions<D: Dialect>(&mut self) {
        for text in D::DESCRIPTION {
            self.packet(id::MODULEDESC, &mut |fields| {
                fields.number(0)?;
                fields.number(MODULE_OFFSET)?;
                fields.string(Text(text.as_bytes()))
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
