//! A stream as a debug probe sees it: bytes in memory, found by their first sixteen.

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::Silent;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Recorder, SystemEvent};
use leakscope_systemview::id;

use crate::host::packets;

type Example = Stream<Leakscope<0>, Silent, 2048>;

/// One channel's descriptor, by SEGGER's layout.
struct Channel {
    name: String,
    buffer: *mut u8,
    size: u32,
    /// Where the write and read positions lie.
    positions: *mut u32,
}

/// What is at `address`. The program is never at work meanwhile.
fn read<T: Copy>(address: *const u8) -> T {
    // SAFETY: the callers read fields of the control block, at their places.
    unsafe { address.cast::<T>().read_volatile() }
}

impl Channel {
    const LENGTH: usize = 2 * size_of::<usize>() + 16;

    fn at(address: *mut u8) -> Self {
        let pointer = size_of::<usize>();
        let name: *const i8 = read(address);
        Self {
            // SAFETY: the name is a string with a zero at its end.
            name: unsafe { std::ffi::CStr::from_ptr(name.cast()) }
                .to_string_lossy()
                .into_owned(),
            buffer: read(address.wrapping_add(pointer)),
            size: read(address.wrapping_add(2 * pointer)),
            positions: address.wrapping_add(2 * pointer + 4).cast(),
        }
    }

    fn position(&self, which: usize) -> u32 {
        read(self.positions.wrapping_add(which).cast())
    }

    fn set_position(&self, which: usize, value: u32) {
        // SAFETY: one of the two positions.
        unsafe { self.positions.wrapping_add(which).write_volatile(value) };
    }

    /// Reads what the target wrote, as a probe does.
    fn take(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut at = self.position(1);
        while at != self.position(0) {
            bytes.push(read(self.buffer.wrapping_add(at as usize)));
            at = (at + 1) % self.size;
        }
        self.set_position(1, at);
        bytes
    }

    /// Writes to the target.
    fn give(&self, bytes: &[u8]) {
        for &byte in bytes {
            let at = self.position(0);
            // SAFETY: inside the buffer.
            unsafe { self.buffer.wrapping_add(at as usize).write_volatile(byte) };
            self.set_position(0, (at + 1) % self.size);
        }
    }
}

#[test]
fn a_probe_finds_reads_and_commands_it() {
    static STREAM: Example = Stream::new();
    let block = (&raw const STREAM).cast::<u8>().cast_mut();
    let magic = |block: *const u8| (0..16).map(|at| read(block.wrapping_add(at))).collect();
    let before: Vec<u8> = magic(block);
    assert_eq!(before, [0; 16], "not to be found before it is ready");
    assert!(STREAM.init(Silent, Config::new("rtt")));
    assert!(!STREAM.init(Silent, Config::new("again")));
    let after: Vec<u8> = magic(block);
    assert_eq!(after, *b"SEGGER RTT\0\0\0\0\0\0");

    let counts: [u32; 2] = read(block.wrapping_add(16));
    assert_eq!(counts, [2, 2]);
    let channel = |index| Channel::at(block.wrapping_add(24 + index * Channel::LENGTH));
    let [terminal, up, _, down] = [0, 1, 2, 3].map(channel);
    assert_eq!((terminal.name.as_str(), terminal.size), ("Terminal", 0));
    assert_eq!(
        (up.name.as_str(), down.name.as_str()),
        ("SysView", "SysView")
    );
    assert!(up.size < 2048 && up.size > 1700, "{}", up.size);

    down.give(&[1]);
    assert!(!STREAM.is_recording());
    STREAM.poll();
    assert!(STREAM.is_recording());
    let start = packets(&up.take());
    assert_eq!(start[0].id, id::TRACE_START);

    // Many times around both buffers.
    for round in 0..1000u32 {
        STREAM.event(SystemEvent::MarkStart(round));
        down.give(&[127, 6]);
        STREAM.event(SystemEvent::MarkStop(round));
        STREAM.poll();
        let packets = packets(&up.take());
        let ids: Vec<_> = packets.iter().map(|packet| packet.id).collect();
        assert_eq!(ids, [id::MARK_START, id::MARK_STOP, id::NUMMODULES]);
        assert_eq!(packets[1].numbers(), [round]);
    }

    // A probe that writes nonsense harms nobody: neither memory nor what comes later.
    for nonsense in [u32::MAX, up.size, up.size + 1, 1 << 31] {
        up.set_position(1, nonsense);
        for mark in 0..300 {
            STREAM.event(SystemEvent::Mark(mark));
        }
        let written = up.position(0);
        assert!(written < up.size, "{written}");
    }
    up.set_position(1, up.position(0));
    let taken = down.position(1);
    for nonsense in [u32::MAX, down.size, down.size + 1] {
        down.set_position(0, nonsense);
        STREAM.poll();
        STREAM.event(SystemEvent::Mark(1));
    }
    down.set_position(0, taken);
    down.give(&[2]);
    STREAM.poll();
    assert!(!STREAM.is_recording());
}
