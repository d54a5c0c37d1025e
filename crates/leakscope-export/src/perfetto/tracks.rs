//! Tracks: what is drawn in a row of its own.

use std::io;
use std::rc::Rc;

use leakscope_analysis::trace::{Context, TaskIndex};
use rustc_hash::FxHashSet;

use super::packet::{PROCESS, Packets, kind};

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Track {
    /// Who runs on a core.
    Core(u8),
    /// What a task does.
    Task(TaskIndex),
    /// Bytes that live.
    Level,
    /// Leaks, where their first and their last block was allocated.
    Verdicts,
    /// What the user marked.
    Marks,
    /// Data that a core lost.
    Lost(u8),
}

impl Track {
    const fn number(self) -> u64 {
        match self {
            Self::Level => 2,
            Self::Verdicts => 3,
            Self::Marks => 4,
            Self::Core(core) => 0x100 + core as u64,
            Self::Lost(core) => 0x200 + core as u64,
            Self::Task(task) => 0x1000 + task.index() as u64,
        }
    }
}

/// The tracks that were described.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    known: FxHashSet<u64>,
}

impl Tracks {
    /// The number of a track, which is described before it is used.
    pub(super) fn define(
        &mut self,
        track: Track,
        program: &str,
        packets: &mut Packets<'_>,
        name_of: impl FnOnce(Context) -> Rc<str>,
    ) -> io::Result<u64> {
        let number = track.number();
        if self.known.contains(&number) {
            return Ok(number);
        }
        if self.known.insert(PROCESS) {
            describe(packets, |descriptor| {
                descriptor.number(1, PROCESS);
                descriptor.message(3, |process| {
                    process.number(1, PROCESS).text(6, program);
                });
            })?;
        }
        self.known.insert(number);
        let name = match track {
            Track::Core(core) => format!("core {core}").into(),
            Track::Task(task) => name_of(Context::Task(task)),
            Track::Level => "bytes that live".into(),
            Track::Verdicts => "leakscope".into(),
            Track::Marks => "marks".into(),
            Track::Lost(core) => format!("lost data, core {core}").into(),
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
            if track == Track::Level {
                /// `UNIT_SIZE_BYTES`.
                const BYTES: u64 = 3;
                descriptor.message(8, |counter| {
                    counter.number(3, BYTES);
                });
                let text = "of blocks that the recording saw being allocated; of each millisecond, the least, the most \
                            and the last value";
                descriptor.text(14, text);
            }
        })?;
        Ok(number)
    }
}

fn describe(
    packets: &mut Packets<'_>,
    write: impl FnOnce(&mut crate::protobuf::Message),
) -> io::Result<()> {
    packets.packet(None, |packet| {
        packet.message(kind::TRACK_DESCRIPTOR, write);
    })
}
