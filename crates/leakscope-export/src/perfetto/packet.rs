//! Packets, and the tables of names and stacks that they refer to by number.

use std::io::{self, Write};

use indexmap::IndexSet;
use leakscope_analysis::heap::SiteId;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::Output;
use crate::facts::{Facts, Frame};
use crate::protobuf::Message;

/// The process that stands for the firmware.
pub(super) const PROCESS: u64 = 1;
/// The sequence that all packets are of.
const SEQUENCE: u64 = 1;
/// The only module that code lies in, and the names of both.
const MAPPING: u64 = 1;

/// Flags of a sequence: it begins here, with empty tables; it needs the tables before.
const STATE_CLEARED: u64 = 1;
const NEEDS_STATE: u64 = 2;

/// `TracePacket`'s field for the packet's kind.
pub(super) mod kind {
    pub(crate) const CLOCK_SNAPSHOT: u64 = 6;
    pub(crate) const TRACK_EVENT: u64 = 11;
    pub(crate) const INTERNED_DATA: u64 = 12;
    pub(crate) const PROFILE_PACKET: u64 = 37;
    pub(crate) const ANDROID_LOG: u64 = 39;
    pub(crate) const TRACK_DESCRIPTOR: u64 = 60;
}

/// `InternedData`'s fields.
mod table {
    pub(crate) const EVENT_NAMES: u64 = 2;
    pub(crate) const ARGUMENT_NAMES: u64 = 3;
    pub(crate) const FUNCTION_NAMES: u64 = 5;
    pub(crate) const FRAMES: u64 = 6;
    pub(crate) const CALLSTACKS: u64 = 7;
    pub(crate) const BUILD_IDS: u64 = 16;
    pub(crate) const MAPPING_PATHS: u64 = 17;
    pub(crate) const SOURCE_PATHS: u64 = 18;
    pub(crate) const MAPPINGS: u64 = 19;
}

/// Something that happens on a track.
pub(super) enum Happening<'h> {
    /// Something with this name begins.
    Begin(u64),
    /// What began last ends.
    End,
    /// It is over as it begins.
    Instant {
        name: u64,
        stack: Option<u64>,
        /// The block that it is about, and whether the block ends.
        block: Option<(u64, bool)>,
        arguments: &'h [(u64, Argument<'h>)],
    },
    /// A number has this value now.
    Value(u64),
}

/// A value beside an event.
pub(super) enum Argument<'a> {
    Number(u64),
    Address(u64),
    Text(&'a str),
}

/// The packets of a trace.
pub(super) struct Packets<'r> {
    facts: &'r Facts<'r>,
    out: Output<'r>,
    packet: Message,
    /// What was interned: numbers count from 1.
    names: IndexSet<String, FxBuildHasher>,
    arguments: IndexSet<String, FxBuildHasher>,
    functions: IndexSet<String, FxBuildHasher>,
    files: IndexSet<String, FxBuildHasher>,
    frames: IndexSet<Frame, FxBuildHasher>,
    stacks: FxHashMap<SiteId, u64>,
    has_begun: bool,
}

impl<'r> Packets<'r> {
    pub(super) fn new(facts: &'r Facts<'r>, out: Output<'r>) -> Self {
        Self {
            facts,
            out,
            packet: Message::default(),
            names: IndexSet::default(),
            arguments: IndexSet::default(),
            functions: IndexSet::default(),
            files: IndexSet::default(),
            frames: IndexSet::default(),
            stacks: FxHashMap::default(),
            has_begun: false,
        }
    }

    /// Writes a packet.
    pub(super) fn packet(
        &mut self,
        time: Option<u64>,
        write: impl FnOnce(&mut Message),
    ) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.begin()?;
        }
        self.raw(time, NEEDS_STATE, write)
    }

    fn raw(
        &mut self,
        time: Option<u64>,
        flags: u64,
        write: impl FnOnce(&mut Message),
    ) -> io::Result<()> {
        self.packet.clear();
        self.packet.message(1, |packet| {
            if let Some(time) = time {
                packet.number(8, time);
            }
            packet.number(10, SEQUENCE).number(13, flags);
            write(packet);
        });
        self.out.write_all(self.packet.bytes_so_far())
    }

    /// The clocks, which all begin with the recording: heap dumps have their times in one, log messages in another,
    /// and those that cannot be converted are dropped without a word. Then, where code lies.
    fn begin(&mut self) -> io::Result<()> {
        /// REALTIME, MONOTONIC, MONOTONIC_COARSE, BOOTTIME.
        const CLOCKS: [u64; 4] = [1, 3, 4, 6];
        self.raw(Some(0), STATE_CLEARED, |packet| {
            packet.message(kind::CLOCK_SNAPSHOT, |snapshot| {
                for clock in CLOCKS {
                    snapshot.message(1, |message| {
                        message.number(1, clock).number(2, 0);
                    });
                }
            });
        })?;
        let facts = self.facts;
        let build = facts.report.trace.elf_sha256.as_deref().unwrap_or_default();
        let program = facts.program_name();
        self.intern(|tables| {
            for (field, text) in [(table::BUILD_IDS, build), (table::MAPPING_PATHS, &*program)] {
                tables.message(field, |string| {
                    string.number(1, MAPPING).text(2, text);
                });
            }
            tables.message(table::MAPPINGS, |mapping| {
                mapping.number(1, MAPPING).number(2, MAPPING).number(4, 0);
                mapping.number(5, i64::MAX as u64).number(7, MAPPING);
            });
        })
    }

    fn intern(&mut self, write: impl FnOnce(&mut Message)) -> io::Result<()> {
        self.packet(None, |packet| {
            packet.message(kind::INTERNED_DATA, write);
        })
    }

    /// The number of an event's name.
    pub(super) fn name(&mut self, name: &str) -> io::Result<u64> {
        if let Some(known) = self.names.get_index_of(name) {
            return Ok(known as u64 + 1);
        }
        let number = self.names.insert_full(name.to_owned()).0 as u64 + 1;
        self.intern(|tables| named(tables, table::EVENT_NAMES, number, name))?;
        Ok(number)
    }

    /// The number of an argument's name.
    pub(super) fn argument(&mut self, name: &str) -> io::Result<u64> {
        if let Some(known) = self.arguments.get_index_of(name) {
            return Ok(known as u64 + 1);
        }
        let number = self.arguments.insert_full(name.to_owned()).0 as u64 + 1;
        self.intern(|tables| named(tables, table::ARGUMENT_NAMES, number, name))?;
        Ok(number)
    }

    /// The number of a call site's stack.
    pub(super) fn stack(&mut self, site: SiteId) -> io::Result<u64> {
        if let Some(&known) = self.stacks.get(&site) {
            return Ok(known);
        }
        let number = self.stacks.len() as u64 + 1;
        self.stacks.insert(site, number);
        let frames = self.facts.frames(site);
        let mut tables = Message::default();
        let mut numbers = Vec::with_capacity(frames.len());
        // The outermost first.
        for frame in frames.into_iter().rev() {
            numbers.push(self.frame(frame, &mut tables));
        }
        tables.message(table::CALLSTACKS, |stack| {
            stack.number(1, number);
            for frame in numbers {
                stack.number(2, frame);
            }
        });
        self.packet(None, |packet| {
            packet.bytes(kind::INTERNED_DATA, tables.bytes_so_far());
        })?;
        Ok(number)
    }

    fn frame(&mut self, frame: Frame, tables: &mut Message) -> u64 {
        if let Some(known) = self.frames.get_index_of(&frame) {
            return known as u64 + 1;
        }
        let function = string(
            &mut self.functions,
            table::FUNCTION_NAMES,
            &frame.function,
            tables,
        );
        let file = frame.file.as_deref();
        let file = file.map(|file| string(&mut self.files, table::SOURCE_PATHS, file, tables));
        let (address, line) = (frame.address, frame.line);
        let number = self.frames.insert_full(frame).0 as u64 + 1;
        tables.message(table::FRAMES, |message| {
            message.number(1, number).number(2, function);
            message.number(3, MAPPING).number(4, address);
            if let Some(file) = file {
                message.number(5, file).number(6, line.into());
            }
        });
        number
    }

    /// Something happens on a track.
    pub(super) fn happening(
        &mut self,
        time: u64,
        track: u64,
        happening: &Happening<'_>,
    ) -> io::Result<()> {
        self.packet(Some(time), |packet| {
            packet.message(kind::TRACK_EVENT, |event| {
                event.number(11, track);
                match happening {
                    Happening::Begin(name) => {
                        event.number(9, 1).number(10, *name);
                    }
                    Happening::End => {
                        event.number(9, 2);
                    }
                    Happening::Value(value) => {
                        event.number(9, 4).number(30, *value);
                    }
                    Happening::Instant {
                        name,
                        stack,
                        block,
                        arguments,
                    } => {
                        event.number(9, 3).number(10, *name);
                        if let Some(stack) = stack {
                            event.number(56, *stack);
                        }
                        match block {
                            Some((block, false)) => event.fixed(47, *block),
                            Some((block, true)) => event.fixed(48, *block),
                            None => event,
                        };
                        for (name, argument) in *arguments {
                            event.message(4, |annotation| {
                                annotation.number(1, *name);
                                match argument {
                                    Argument::Number(number) => annotation.number(3, *number),
                                    Argument::Address(address) => annotation.number(7, *address),
                                    Argument::Text(text) => annotation.text(6, text),
                                };
                            });
                        }
                    }
                }
            });
        })
    }

    /// A log message, with Android's number of its priority.
    pub(super) fn log(
        &mut self,
        time: u64,
        priority: u64,
        tag: &str,
        text: &str,
    ) -> io::Result<()> {
        self.packet(Some(time), |packet| {
            packet.message(kind::ANDROID_LOG, |log| {
                log.message(1, |event| {
                    event.number(1, 0).number(2, PROCESS).number(3, PROCESS);
                    event.number(5, time).text(6, tag);
                    event.number(7, priority).text(8, text);
                });
            });
        })
    }

    pub(super) fn close(mut self) -> io::Result<()> {
        // A trace without events is one too.
        if !self.has_begun {
            self.packet(None, |_| {})?;
        }
        self.out.close()
    }
}

/// The number of a string in a table.
fn string(
    known: &mut IndexSet<String, FxBuildHasher>,
    field: u64,
    text: &str,
    tables: &mut Message,
) -> u64 {
    if let Some(place) = known.get_index_of(text) {
        return place as u64 + 1;
    }
    let number = known.insert_full(text.to_owned()).0 as u64 + 1;
    named(tables, field, number, text);
    number
}

fn named(tables: &mut Message, field: u64, number: u64, text: &str) {
    tables.message(field, |entry| {
        entry.number(1, number).text(2, text);
    });
}
