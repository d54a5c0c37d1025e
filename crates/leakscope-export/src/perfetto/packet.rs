//! Packets, and the tables of names and stacks that they refer to by number.

use std::io::{self, Write};

use indexmap::IndexSet;
use leakscope_analysis::heap::SiteId;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::heaps::Heaps;
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

/// Arguments of a happening are no more than these.
const MOST_ARGUMENTS: usize = 2;

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
    Begin(&'h str),
    /// What began last ends.
    End,
    /// It is over as it begins.
    Instant {
        name: &'h str,
        stack: Option<u64>,
        /// The block that it is about, and whether the block ends.
        block: Option<(u64, bool)>,
        /// What is known of it, by name.
        arguments: &'h [(&'h str, Argument<'h>)],
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
    pub(super) heaps: Heaps,
    out: Output<'r>,
    packet: Message,
    /// What the next packet is the first to refer to, and defines.
    new: Message,
    names: Strings,
    arguments: Strings,
    functions: Strings,
    files: Strings,
    /// Numbers count from 1, as those of strings and stacks do.
    frames: IndexSet<Frame, FxBuildHasher>,
    /// By call site and place of the heap.
    stacks: FxHashMap<(SiteId, Option<usize>), u64>,
}

impl<'r> Packets<'r> {
    /// Begins with the clocks, which all begin with the recording: heap dumps have their times in one, log messages in
    /// another, and those that cannot be converted are dropped without a word.
    pub(super) fn new(facts: &'r Facts<'r>, out: Output<'r>) -> io::Result<Self> {
        /// REALTIME, MONOTONIC, MONOTONIC_COARSE, BOOTTIME.
        const CLOCKS: [u64; 4] = [1, 3, 4, 6];
        let mut packets = Self {
            facts,
            heaps: Heaps::of(facts.outcome),
            out,
            packet: Message::default(),
            new: Message::default(),
            names: Strings::new(table::EVENT_NAMES),
            arguments: Strings::new(table::ARGUMENT_NAMES),
            functions: Strings::new(table::FUNCTION_NAMES),
            files: Strings::new(table::SOURCE_PATHS),
            frames: IndexSet::default(),
            stacks: FxHashMap::default(),
        };
        packets.send(Some(0), STATE_CLEARED, |packet| {
            packet.message(kind::CLOCK_SNAPSHOT, |snapshot| {
                for clock in CLOCKS {
                    snapshot.message(1, |message| {
                        message.number(1, clock).number(2, 0);
                    });
                }
            });
        })?;
        packets.define_program();
        Ok(packets)
    }

    /// Where code lies.
    fn define_program(&mut self) {
        let build = self.facts.report.trace.elf_sha256.as_deref();
        let program = self.facts.program_name();
        let build = build.unwrap_or_default();
        for (field, text) in [(table::BUILD_IDS, build), (table::MAPPING_PATHS, &*program)] {
            named(&mut self.new, field, MAPPING, text);
        }
        self.new.message(table::MAPPINGS, |mapping| {
            mapping.number(1, MAPPING).number(2, MAPPING).number(4, 0);
            mapping.number(5, i64::MAX as u64).number(7, MAPPING);
        });
    }

    /// Writes a packet, which defines what it is the first to refer to.
    pub(super) fn packet(
        &mut self,
        time: Option<u64>,
        write: impl FnOnce(&mut Message),
    ) -> io::Result<()> {
        self.send(time, NEEDS_STATE, write)
    }

    fn send(
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
            if !self.new.bytes_so_far().is_empty() {
                packet.bytes(kind::INTERNED_DATA, self.new.bytes_so_far());
                self.new.clear();
            }
            write(packet);
        });
        self.out.write_all(self.packet.bytes_so_far())
    }

    /// The number of a call site's stack; of one heap among others, whose name is its outermost frame: the importer
    /// takes sums of one stack for sums of one heap.
    pub(super) fn stack(&mut self, site: SiteId, heap: Option<usize>) -> u64 {
        if let Some(&known) = self.stacks.get(&(site, heap)) {
            return known;
        }
        let number = self.stacks.len() as u64 + 1;
        self.stacks.insert((site, heap), number);
        let mut frames = self.facts.frames(site);
        frames.extend(heap.map(|_| Frame::named(self.heaps.name(heap))));
        // The outermost first.
        let numbers: Vec<u64> = frames
            .into_iter()
            .rev()
            .map(|frame| self.frame(frame))
            .collect();
        self.new.message(table::CALLSTACKS, |stack| {
            stack.number(1, number);
            for frame in numbers {
                stack.number(2, frame);
            }
        });
        number
    }

    fn frame(&mut self, frame: Frame) -> u64 {
        if let Some(known) = self.frames.get_index_of(&frame) {
            return known as u64 + 1;
        }
        let function = self.functions.number(&frame.function, &mut self.new);
        let file = frame.file.as_deref();
        let file = file.map(|file| self.files.number(file, &mut self.new));
        let (address, line) = (frame.address, frame.line);
        let number = self.frames.insert_full(frame).0 as u64 + 1;
        self.new.message(table::FRAMES, |message| {
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
        let (name, arguments) = match *happening {
            Happening::Begin(name) => (Some(name), &[][..]),
            Happening::Instant {
                name, arguments, ..
            } => (Some(name), arguments),
            Happening::End | Happening::Value(_) => (None, &[][..]),
        };
        let name = name.map(|name| self.names.number(name, &mut self.new));
        let mut labels = [0; MOST_ARGUMENTS];
        for (label, (text, _)) in labels.iter_mut().zip(arguments) {
            *label = self.arguments.number(text, &mut self.new);
        }
        self.packet(Some(time), |packet| {
            packet.message(kind::TRACK_EVENT, |event| {
                event.number(11, track);
                event.number(
                    9,
                    match happening {
                        Happening::Begin(_) => 1,
                        Happening::End => 2,
                        Happening::Instant { .. } => 3,
                        Happening::Value(_) => 4,
                    },
                );
                if let Some(name) = name {
                    event.number(10, name);
                }
                if let Happening::Value(value) = happening {
                    event.number(30, *value);
                }
                if let Happening::Instant { stack, block, .. } = happening {
                    if let Some(stack) = stack {
                        event.number(56, *stack);
                    }
                    match block {
                        Some((block, false)) => event.fixed(47, *block),
                        Some((block, true)) => event.fixed(48, *block),
                        None => event,
                    };
                }
                for (label, (_, argument)) in labels.into_iter().zip(arguments) {
                    event.message(4, |annotation| {
                        annotation.number(1, label);
                        match argument {
                            Argument::Number(number) => annotation.number(3, *number),
                            Argument::Address(address) => annotation.number(7, *address),
                            Argument::Text(text) => annotation.text(6, text),
                        };
                    });
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

    pub(super) fn close(self) -> io::Result<()> {
        self.out.close()
    }
}

/// Strings that are referred to by number.
struct Strings {
    /// `InternedData`'s field for them.
    field: u64,
    known: IndexSet<String, FxBuildHasher>,
}

impl Strings {
    fn new(field: u64) -> Self {
        Self {
            field,
            known: IndexSet::default(),
        }
    }

    /// The number of a string, which is defined among what is `new` if it is.
    fn number(&mut self, text: &str, new: &mut Message) -> u64 {
        if let Some(place) = self.known.get_index_of(text) {
            return place as u64 + 1;
        }
        let number = self.known.insert_full(text.to_owned()).0 as u64 + 1;
        named(new, self.field, number, text);
        number
    }
}

fn named(tables: &mut Message, field: u64, number: u64, text: &str) {
    tables.message(field, |entry| {
        entry.number(1, number).text(2, text);
    });
}
