//! The host's side: a clock to set by hand, and decoders.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use leakscope_recorder::dialect::Dialect;
use leakscope_recorder::platform::{Clock, CoreNumber};
use leakscope_recorder::stream::Stream;
use leakscope_systemview::varint::Numbers;
use leakscope_systemview::{Frame, Packet, sync};

/// A clock that a test sets.
#[derive(Debug, Default)]
pub(crate) struct FakeClock(pub(crate) AtomicU32);

impl FakeClock {
    pub(crate) const fn at(time: u32) -> Self {
        Self(AtomicU32::new(time))
    }
}

impl Clock for &FakeClock {
    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}

/// A clock that ticks each time it is read.
#[derive(Debug, Default)]
pub(crate) struct CountingClock(AtomicU32);

impl Clock for CountingClock {
    fn now(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}

thread_local! {
    /// On which core the running test believes to be.
    pub(crate) static CORE: Cell<usize> = const { Cell::new(0) };
}

pub(crate) struct FakeCore;

impl CoreNumber for FakeCore {
    fn core() -> usize {
        CORE.get()
    }
}

/// Everything in a stream's buffer.
pub(crate) fn drained<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize>(
    stream: &Stream<D, C, BYTES, CORES, N, TASKS>,
    core: usize,
) -> Vec<u8>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
    let mut bytes = Vec::new();
    let Ok(_) = stream.drain(core, &mut |part: &[u8]| {
        bytes.extend_from_slice(part);
        part.len()
    });
    bytes
}

/// A packet as its frame and the time since the stream's beginning.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: u32,
    pub(crate) payload: Vec<u8>,
    pub(crate) time: u64,
    bytes: Vec<u8>,
}

impl Stored {
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let mut numbers = Numbers::new(&self.payload);
        let values = numbers.by_ref().collect();
        assert!(numbers.is_whole(), "{self:?}");
        values
    }

    /// What the host makes of it.
    pub(crate) fn with_packet<R>(&self, look: impl FnOnce(Packet<'_>) -> R) -> R {
        let frame = Frame::split(&self.bytes).expect("it was split before");
        look(Packet::parse(&frame).expect("every packet can be read"))
    }
}

/// Cuts a whole stream into packets; syncs are left out. Fails if a byte is left over.
pub(crate) fn packets(mut bytes: &[u8]) -> Vec<Stored> {
    let mut time = 0;
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        if bytes.starts_with(&sync::SYNC) {
            bytes = &bytes[sync::SYNC.len()..];
            continue;
        }
        let frame = Frame::split(bytes)
            .unwrap_or_else(|error| panic!("{error} at {:02x?}", &bytes[..bytes.len().min(40)]));
        time += u64::from(frame.delta);
        let stored = Stored {
            id: frame.id,
            payload: frame.payload.to_vec(),
            time,
            bytes: bytes[..frame.length].to_vec(),
        };
        stored.with_packet(|_| ());
        packets.push(stored);
        bytes = &bytes[frame.length..];
    }
    packets
}

/// A heap event, as a host of leakscope's dialect understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeapEvent {
    Alloc {
        address: u64,
        size: u32,
        stack: Vec<u64>,
    },
    Free {
        address: u64,
        stack: Vec<u64>,
    },
    Move {
        address: u64,
        stack: Vec<u64>,
    },
    Moved {
        address: u64,
        size: u32,
        stack: Vec<u64>,
        from: u64,
    },
    Kept {
        address: u64,
        size: u32,
        stack: Vec<u64>,
    },
    Failed {
        size: u32,
        stack: Vec<u64>,
    },
}

/// Reads leakscope's dialect, written from `docs/dialects.md` alone.
#[derive(Default)]
pub(crate) struct LeakscopeReader {
    units: Option<Units>,
    stacks: HashMap<u32, Vec<u64>>,
    pub(crate) definitions: usize,
}

#[derive(Clone, Copy, Debug)]
struct Units {
    pointer_bytes: u32,
    shift: u32,
    base: u64,
    code: u64,
}

impl LeakscopeReader {
    const OFFSET: u32 = 512;

    /// For a recording of which the start was read before: addresses as they are, shift 2.
    pub(crate) fn with_default_units() -> Self {
        Self {
            units: Some(Units {
                pointer_bytes: size_of::<usize>() as u32,
                shift: 2,
                base: 0,
                code: 0,
            }),
            ..Self::default()
        }
    }

    pub(crate) fn read(&mut self, packet: &Stored) -> Option<HeapEvent> {
        let number = packet.id.checked_sub(Self::OFFSET)?;
        let fields = packet.numbers();
        let field = |index: usize| fields.get(index).copied().unwrap_or(0);
        if number == 4 {
            assert_eq!(field(0), 2, "version");
            self.units = Some(Units {
                pointer_bytes: field(1),
                shift: field(2),
                base: u64::from(field(6)) << 32 | u64::from(field(5)),
                code: u64::from(field(8)) << 32 | u64::from(field(7)),
            });
            if field(10) == 0 {
                self.stacks.clear();
            }
            return None;
        }
        let units = self.units.expect("a Heap event comes first");
        let wrap = |value: u64| {
            if units.pointer_bytes == 4 {
                value & 0xFFFF_FFFF
            } else {
                value
            }
        };
        let address = |low: u32, high: u32| {
            let offset = u64::from(high) << 32 | u64::from(low.rotate_left(units.shift));
            wrap(units.base.wrapping_add(offset))
        };
        let stack = |number: u32| match number {
            0 => Vec::new(),
            number => self.stacks[&number].clone(),
        };
        Some(match number {
            0 => HeapEvent::Alloc {
                address: address(field(0), field(3)),
                size: field(1),
                stack: stack(field(2)),
            },
            7 => HeapEvent::Free {
                address: address(field(0), field(2)),
                stack: stack(field(1)),
            },
            8 => HeapEvent::Move {
                address: address(field(0), field(2)),
                stack: stack(field(1)),
            },
            9 => HeapEvent::Moved {
                address: address(field(0), field(4)),
                size: field(1),
                stack: stack(field(2)),
                from: address(field(3), field(5)),
            },
            10 => HeapEvent::Kept {
                address: address(field(0), field(3)),
                size: field(1),
                stack: stack(field(2)),
            },
            3 => HeapEvent::Failed {
                size: field(0),
                stack: stack(field(1)),
            },
            5 => {
                let frames = fields[1..]
                    .iter()
                    .map(|&frame| wrap(units.code.wrapping_add(u64::from(frame))));
                let frames = frames.collect();
                self.stacks.insert(field(0), frames);
                self.definitions += 1;
                return None;
            }
            6 => {
                let frames = fields[1..].chunks(2).map(|words| {
                    let offset = u64::from(words[1]) << 32 | u64::from(words[0]);
                    wrap(units.code.wrapping_add(offset))
                });
                let frames = frames.collect();
                self.stacks.insert(field(0), frames);
                self.definitions += 1;
                return None;
            }
            _ => return None,
        })
    }

    pub(crate) fn read_all(packets: &[Stored]) -> Vec<HeapEvent> {
        let mut reader = Self::default();
        packets
            .iter()
            .filter_map(|packet| reader.read(packet))
            .collect()
    }
}
