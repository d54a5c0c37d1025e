//! A link that is slower than the device at times: packets wait in a buffer, and are dropped when it is full.

use leakscope_systemview::{Init, Packet, sync::SYNC, varint};

/// How much a link loses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Loss {
    Nothing,
    /// It carries so many times what the device sends on average.
    Rate(f64),
    /// This share of the time nothing arrives, in stretches of so many ticks.
    Outages {
        share: f64,
        ticks: u64,
    },
    /// Nothing arrives from one moment to the other.
    Once {
        from: u64,
        to: u64,
    },
}

/// Bytes that wait for the link at the most.
const BUFFER: f64 = 4096.0;

/// Bytes of a packet, on average: what the rate of the link is measured by.
const USUAL_PACKET: f64 = 22.0;

#[derive(Clone, Copy)]
pub(crate) enum Message {
    Allocation {
        address: u64,
        size: u64,
        caller: u64,
    },
    Free {
        address: u64,
        caller: u64,
    },
    /// Anything else.
    Chatter,
}

pub(crate) struct Recording {
    pub(crate) bytes: Vec<u8>,
    pub(crate) packets: u64,
    pub(crate) lost: u64,
}

pub(crate) struct Sender {
    loss: Loss,
    /// Bytes a tick.
    rate: f64,
    waiting: f64,
    drained_at: u64,
    /// When the last packet was sent that arrived.
    sent_at: u64,
    /// Whether the last packet found no room.
    is_full: bool,
    /// Packets that were dropped since, and before: the one that finds no room is not counted.
    dropped: u32,
    recording: Recording,
}

impl Sender {
    /// For so many packets in so many ticks.
    pub(crate) fn new(loss: Loss, packets: u64, ticks: u64) -> Self {
        let factor = match loss {
            Loss::Rate(factor) => factor,
            _ => f64::INFINITY,
        };
        let mut sender = Self {
            loss,
            rate: factor * USUAL_PACKET * packets as f64 / ticks as f64,
            waiting: 0.0,
            drained_at: 0,
            sent_at: 0,
            is_full: false,
            dropped: 0,
            recording: Recording {
                bytes: SYNC.to_vec(),
                packets: 0,
                lost: 0,
            },
        };
        let init = Init {
            timestamp_hz: 1_000_000,
            cpu_hz: 160_000_000,
            ram_base: 0,
            id_shift: 0,
        };
        let text = "M=ESP32 SystemView Heap Tracing Module".into();
        sender.write(Packet::TraceStart, 0);
        sender.write(Packet::Init(init), 0);
        sender.write(
            Packet::ModuleDesc {
                module: 0,
                offset: 512,
                text,
            },
            0,
        );
        sender
    }

    pub(crate) fn send(&mut self, time: u64, message: Message) {
        let (id, numbers): (u32, &[u64]) = match &message {
            Message::Allocation {
                address,
                size,
                caller,
            } => (512, &[*address, *size, *caller, 0x4200_F000]),
            Message::Free { address, caller } => (513, &[*address, *caller, 0x4200_F000]),
            Message::Chatter => (60, &[u64::MAX; 4]),
        };
        let numbers = numbers.iter().map(|&number| varint::write(number as u32));
        let payload: Vec<u8> = numbers
            .flat_map(|(bytes, length)| bytes.into_iter().take(length))
            .collect();
        let room = payload.len() as f64 + 6.0;
        self.waiting = (self.waiting - (time - self.drained_at) as f64 * self.rate).max(0.0);
        self.drained_at = time;
        let fits = match self.loss {
            Loss::Outages { share, ticks } => !is_outage(time, share, ticks),
            Loss::Once { from, to } => !(from..to).contains(&time),
            _ => self.rate.is_infinite() || self.waiting + room <= BUFFER,
        };
        if !fits {
            self.dropped += u32::from(std::mem::replace(&mut self.is_full, true));
            self.recording.lost += 1;
            return;
        }
        if std::mem::take(&mut self.is_full) {
            let drop_count = self.dropped;
            self.write(Packet::Overflow { drop_count }, time);
        }
        self.write(
            Packet::Other {
                id,
                payload: &payload,
            },
            time,
        );
        self.waiting += room;
    }

    fn write(&mut self, packet: Packet<'_>, time: u64) {
        let mut buffer = [0; 128];
        let delta = (time - self.sent_at) as u32;
        let length = packet.encode(delta, &mut buffer).expect("a short packet");
        self.recording.bytes.extend(&buffer[..length]);
        self.recording.packets += 1;
        self.sent_at = time;
    }

    pub(crate) fn finish(mut self, time: u64) -> Recording {
        self.write(
            Packet::Other {
                id: 60,
                payload: &[],
            },
            time,
        );
        self.recording
    }
}

/// Each stretch is an outage with the same probability, whatever came before.
fn is_outage(time: u64, share: f64, ticks: u64) -> bool {
    let hash = (time / ticks + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((hash >> 11) as f64 / (1_u64 << 53) as f64) < share
}
