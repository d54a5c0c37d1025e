//! What a stream says of itself and of the system: in the start sequence, when asked, and again now and then.
//!
//! It is told in parts, each inside a critical section of its own. A recording begins with those without which its events
//! mean nothing; the others follow between events.

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Text, id};

use super::TEXT;
use crate::config::Config;
use crate::dialect::{Dialect, MODULE_OFFSET};
use crate::event::{SystemEvent, Task, until_nul};
use crate::packets::{OVERFLOW, Output, Running};

/// Bytes of a task's name on the wire.
const TASK_NAME: usize = 32;

/// The last field of `STACK_INFO`.
const STACK_USAGE_NOT_KNOWN: u32 = 0;

/// How many modules a stream has: the heap's.
const MODULES: u32 = 1;

/// A part of the start sequence: what is written inside one critical section.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Init,
    /// The module's first description, and the units of its events: without these, a host would misread those.
    Units,
    /// Another description of the module.
    Module(usize),
    /// A text of the system's description.
    Text(usize),
    /// The task at a place of the list.
    Task(usize),
    ModuleCount,
    Running,
}

impl Part {
    /// How many parts stand at the very beginning: what a host must know of the events that follow.
    pub(super) const FIRST: usize = 2;
    /// The most bytes that a part takes.
    pub(super) const LONGEST: usize = {
        const TASK: usize = (1 + 5 + 5 + 1 + TASK_NAME + 5) + (1 + 4 * 5 + 5);
        const MODULE: usize = 1 + 2 + 5 + 5 + 1 + TEXT + 5;
        const UNITS: usize = 2 + 2 + 14 * 5 + 5;
        if TASK > MODULE + UNITS {
            TASK
        } else {
            MODULE + UNITS
        }
    };

    /// All parts, in order; `None` behind the last one.
    pub(super) fn at(index: usize, config: &Config, tasks: usize, modules: usize) -> Option<Self> {
        let texts = JOINED + config.descriptions.len();
        let mut index = index;
        let mut is_in = |count: usize| match index.checked_sub(count) {
            Some(rest) => {
                index = rest;
                None
            }
            None => Some(index),
        };
        if let Some(place) = is_in(Self::FIRST) {
            return Some([Self::Init, Self::Units][place]);
        }
        if let Some(text) = is_in(texts) {
            return Some(Self::Text(text));
        }
        if let Some(task) = is_in(tasks) {
            return Some(Self::Task(task));
        }
        if is_in(1).is_some() {
            return Some(Self::ModuleCount);
        }
        if let Some(module) = is_in(modules - 1) {
            return Some(Self::Module(module + 1));
        }
        is_in(1).map(|_| Self::Running)
    }
}

/// Into how many texts the four short descriptions go at worst.
pub(super) const JOINED: usize = 4;

impl Output<'_> {
    /// What a recording begins with. A host counts from here.
    pub(super) fn begin(&mut self) {
        // A loss before it is told before it.
        self.is_ready();
        self.sync();
        self.bare(id::TRACE_START);
    }

    /// Whether a part of the start sequence finds room, with what has to be told before it.
    pub(super) fn has_room_for_part(&self) -> bool {
        self.chain.owed == 0 && self.ring.free() > Part::LONGEST + OVERFLOW
    }

    /// A place at which a host can begin to read.
    pub(super) fn sync(&mut self) {
        self.raw(&SYNC);
    }

    /// An upper bound of the bytes that all parts take.
    pub(super) fn start_sequence_bound<D: Dialect>(config: &Config, tasks: usize) -> usize {
        const LONGEST_TEXT: usize = TEXT + 16;
        const LONGEST_TASK: usize = 1 + 5 + 5 + 1 + TASK_NAME + 5 + 1 + 4 * 5 + 5;
        let texts = D::DESCRIPTION.len() + config.descriptions.len() + JOINED;
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

    pub(super) fn system_text(&mut self, text: &[u8]) {
        if !text.is_empty() {
            self.packet(id::SYSDESC, &mut |fields| fields.string(Text(text)));
        }
    }

    pub(super) fn system_time(&mut self, microseconds: Option<u64>) {
        match microseconds {
            Some(time) => self.packet(id::SYSTIME_US, &mut |fields| {
                fields.number(time as u32)?;
                fields.number((time >> 32) as u32)
            }),
            None => {
                // Of a narrow counter, a host would take each time that it comes around for a reset.
                let is_wide = self.scale.mask == u32::MAX;
                let cycles = if is_wide { self.now } else { self.time as u32 };
                self.packet(id::SYSTIME_CYCLES, &mut |fields| fields.number(cycles))
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

    pub(super) fn module_description<D: Dialect>(&mut self, part: usize) {
        if let Some(text) = D::DESCRIPTION.get(part) {
            self.packet(id::MODULEDESC, &mut |fields| {
                fields.number(0)?;
                fields.number(MODULE_OFFSET)?;
                fields.string(Text(text.as_bytes()))
            });
        }
    }

    /// What runs at present, for a host that has not seen how it came to that.
    pub(super) fn running(&mut self, config: &Config) {
        match self.chain.running {
            Running::Unknown => {}
            Running::Task(task) => self.event(SystemEvent::TaskStartExec(task), config),
            Running::Nothing => self.event(SystemEvent::Idle, config),
        }
    }
}

/// One of the texts that describe the system: `N=…,D=…,C=…,O=…` in as few as hold them, then the user's own. Empty if
/// there is none.
pub(super) struct SystemText {
    joined: Joined,
    own: &'static str,
}

impl SystemText {
    pub(super) const NONE: Self = Self {
        joined: Joined::NEW,
        own: "",
    };

    pub(super) fn new(config: &Config, number: usize) -> Self {
        let mut text = Self::NONE;
        if let Some(own) = number.checked_sub(JOINED) {
            text.own = config.descriptions.get(own).copied().unwrap_or("");
            return text;
        }
        let mut full = 0;
        for (key, value) in [
            ("N=", config.application),
            ("D=", config.device),
            ("C=", config.core),
            ("O=", config.operating_system),
        ] {
            if value.is_empty() {
                continue;
            }
            if !text.joined.fits(key, value) {
                if full == number {
                    return text;
                }
                full += 1;
                text.joined = Joined::NEW;
            }
            text.joined.push(key, value);
        }
        if full == number { text } else { Self::NONE }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self.own {
            "" => self.joined.bytes(),
            own => cut(own.as_bytes(), TEXT),
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
        let start = self.length;
        self.append(cut(value.as_bytes(), TEXT - start));
        // A comma ends a value.
        let value = self.bytes[start..self.length].iter_mut();
        value
            .filter(|byte| **byte == b',')
            .for_each(|byte| *byte = b';');
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}
