//! Tracks: what is drawn in a row of its own.

use std::io;

use leakscope_analysis::trace::{Context, TaskIndex};
use rustc_hash::FxHashSet;

use super::packet::{PROCESS, Packets, kind};
use crate::facts::{Facts, Names};
use crate::protobuf::Message;

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Track {
    /// Who runs on a core.
    Core(u8),
    /// What a task does.
    Task(TaskIndex),
    /// Bytes that live.
    Live,
    /// Bytes that live in a heap, by its place.
    LiveIn(usize),
    /// Bytes of it that no block holds.
    FreeIn(usize),
    /// Leaks, where their first and their last block was allocated.
    Verdicts,
    /// What the user marked.
    Marks,
    /// Data that a core lost.
    Lost(u8),
}

impl Track {
    /// The row of what runs in a context: the task's own, or its core's.
    pub(super) const fn of(context: Context, core: u8) -> Self {
        match context {
            Context::Task(task) => Self::Task(task),
            _ => Self::Core(core),
        }
    }

    const fn number(self) -> u64 {
        match self {
            Self::Live => 2,
            Self::Verdicts => 3,
            Self::Marks => 4,
            Self::Core(core) => 0x100 + core as u64,
            Self::Lost(core) => 0x200 + core as u64,
            Self::LiveIn(heap) => 0x300 + heap as u64,
            Self::FreeIn(heap) => 0x400 + heap as u64,
            Self::Task(task) => 0x1000 + task.index() as u64,
        }
    }

    /// Of a number of bytes: what is counted.
    const fn counted(self) -> Option<&'static str> {
        match self {
            Self::Live | Self::LiveIn(_) => Some(
                "of blocks that the recording saw being allocated; of each millisecond, the least, the most and the last \
                 value",
            ),
            Self::FreeIn(_) => Some(
                "at most: the heap's size without the blocks that the recording saw being allocated; what was allocated \
                 before and what the allocator itself needs counts as free",
            ),
            _ => None,
        }
    }
}

/// The tracks that were described.
pub(super) struct Tracks<'r> {
    facts: &'r Facts<'r>,
    pub(super) names: Names<'r>,
    known: FxHashSet<u64>,
}

impl<'r> Tracks<'r> {
    pub(super) fn new(facts: &'r Facts<'r>) -> Self {
        Self {
            facts,
            names: Names::new(facts),
            known: FxHashSet::default(),
        }
    }

    /// The number of a track, which is described before it is used.
    pub(super) fn define(&mut self, track: Track, packets: &mut Packets<'_>) -> io::Result<u64> {
        let number = track.number();
        if !self.known.insert(number) {
            return Ok(number);
        }
        if self.known.insert(PROCESS) {
            let program = self.facts.program_name();
            describe(packets, |descriptor| {
                descriptor.number(1, PROCESS);
                descriptor.message(3, |process| {
                    process.number(1, PROCESS).text(6, &program);
                });
            })?;
        }
        let name = match track {
            Track::Core(core) => format!("core {core}"),
            Track::Task(task) => self.names.of(Context::Task(task)).to_string(),
            Track::Live => "bytes that live".to_owned(),
            Track::LiveIn(heap) => format!("bytes that live, {}", packets.heaps.name(Some(heap))),
            Track::FreeIn(heap) => {
                format!("bytes that are free, {}", packets.heaps.name(Some(heap)))
            }
            Track::Verdicts => "leakscope".to_owned(),
            Track::Marks => "marks".to_owned(),
            Track::Lost(core) => format!("lost data, core {core}"),
        };
        describe(packets, |descriptor| {
            descriptor.number(1, number).text(2, &name);
            match track {
                Track::Task(_) => {
                    descriptor.message(4, |thread| {
                        thread.number(1, PROCESS).number(2, number).text(5, &name);
                    });
                }
                _ => {
                    descriptor.number(5, PROCESS);
                }
            }
            if let Some(text) = track.counted() {
                /// `UNIT_SIZE_BYTES`.
                const BYTES: u64 = 3;
                descriptor.message(8, |counter| {
                    counter.number(3, BYTES);
                });
                descriptor.text(14, text);
            }
        })?;
        Ok(number)
    }
}

fn describe(packets: &mut Packets<'_>, write: impl FnOnce(&mut Message)) -> io::Result<()> {
    packets.packet(None, |packet| {
        packet.message(kind::TRACK_DESCRIPTOR, write);
    })
}
