//! The sink for Espressif's OpenOCD, with OpenOCD's part played here: blocks and a control word in memory.
//!
//! What OpenOCD does: `src/target/espressif/esp_riscv_apptrace.c` and `esp32_apptrace.c` of Espressif's fork.

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::sink::apptrace::Apptrace;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Recorder, SystemEvent};
use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Frame, id};
use proptest::prelude::*;

use crate::host::{CountingClock, packets};

const LENGTH: u32 = 0x7FFF;
const NUMBER: u32 = 0x7F << 15;
const HOST_DATA: u32 = 1 << 22;
const HOST_CONNECT: u32 = 1 << 23;

const START: u8 = 1;
const STOP: u8 = 2;

const SIZE: usize = 512;

/// OpenOCD's side.
struct OpenOcd {
    control_block: *const u32,
    /// What has come, without the headers of the chunks.
    chunks: Vec<Vec<u8>>,
}

/// What is at `address`. The program is never at work meanwhile.
fn read<T: Copy>(address: *const u8) -> T {
    // SAFETY: the callers read fields of the control block and bytes of the blocks, at their places.
    unsafe { address.cast::<T>().read_volatile() }
}

impl OpenOcd {
    fn new(apptrace: &'static Apptrace<SIZE>) -> Self {
        Self {
            control_block: apptrace.publish().cast(),
            chunks: Vec::new(),
        }
    }

    fn control(&self) -> u32 {
        read(self.control_block.cast())
    }

    fn set_control(&self, value: u32) {
        // SAFETY: the first word of the control block.
        unsafe { self.control_block.cast_mut().write_volatile(value) }
    }

    /// The second word: the target is in the middle of a change.
    fn guard(&self) -> usize {
        read(
            self.control_block
                .cast::<u8>()
                .wrapping_add(size_of::<usize>()),
        )
    }

    /// The block that is the host's.
    fn block(&self) -> *mut u8 {
        let pointer = size_of::<usize>();
        let places: *const u8 = read(self.control_block.cast::<u8>().wrapping_add(2 * pointer));
        let is_odd = (self.control() & NUMBER) >> 15 & 1 == 1;
        let place = places.wrapping_add(if is_odd { 0 } else { 2 * pointer });
        assert_eq!(read::<u32>(place.wrapping_add(pointer)), SIZE as u32);
        read(place)
    }

    fn connect(&mut self) {
        self.set_control(self.control() & NUMBER | HOST_CONNECT);
        self.send(START);
    }

    fn disconnect(&mut self) {
        self.set_control(self.control() & NUMBER);
    }

    /// Writes a command into the block that the target will fill next; it must be empty.
    fn send(&mut self, command: u8) {
        assert_eq!(self.control() & LENGTH, 0, "the block was not taken");
        for (offset, byte) in [1, 0, command].into_iter().enumerate() {
            // SAFETY: inside the block, which is the host's.
            unsafe { self.block().add(offset).write_volatile(byte) };
        }
        self.set_control(self.control() | HOST_DATA);
    }

    /// Takes the block that the target has handed over, if it has.
    fn take(&mut self) -> bool {
        let length = (self.control() & LENGTH) as usize;
        let mut position = 0;
        while position < length {
            let byte = |offset: usize| read::<u8>(self.block().wrapping_add(offset));
            let size = byte(position);
            assert_eq!(byte(position + 1), size, "the chunk is complete");
            assert_ne!(size, 0);
            position += 2;
            let end = position + usize::from(size);
            self.chunks.push((position..end).map(byte).collect());
            position = end;
        }
        assert_eq!(position, length, "a block ends with a chunk");
        if length > 0 {
            self.set_control(self.control() & (NUMBER | HOST_CONNECT));
        }
        length > 0
    }

    fn bytes(&self) -> Vec<u8> {
        self.chunks.concat()
    }
}

fn apptrace() -> &'static Apptrace<SIZE> {
    Box::leak(Box::new(Apptrace::new()))
}

/// What a program's idle task does.
fn idle(apptrace: &'static Apptrace<SIZE>, stream: &Stream<Leakscope<0>, CountingClock>) {
    apptrace.poll(|commands| stream.receive(commands));
    let Ok(_) = stream.drain(0, &mut &*apptrace);
}

#[test]
fn a_recording_from_start_to_stop() {
    let apptrace = apptrace();
    let stream: Stream<Leakscope<0>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    let mut openocd = OpenOcd::new(apptrace);
    idle(apptrace, &stream);
    assert!(!stream.is_recording());

    openocd.connect();
    idle(apptrace, &stream);
    assert!(stream.is_recording(), "START has come");
    for task in 0..200 {
        stream.event(SystemEvent::TaskStartExec(task));
        idle(apptrace, &stream);
        openocd.take();
    }
    openocd.send(STOP);
    while stream.is_recording() || openocd.take() {
        idle(apptrace, &stream);
    }
    idle(apptrace, &stream);
    while openocd.take() {
        idle(apptrace, &stream);
    }
    assert_eq!(openocd.guard(), 0);

    assert_eq!(openocd.chunks[0], SYNC);
    for chunk in &openocd.chunks[1..] {
        let frame = Frame::split(chunk).expect("a packet");
        assert_eq!(frame.length, chunk.len(), "and nothing else");
    }
    let packets = packets(&openocd.bytes());
    let switches = packets
        .iter()
        .filter(|packet| packet.id == id::TASK_START_EXEC);
    assert_eq!(switches.count(), 200);
    assert_eq!(packets.last().expect("some").id, id::TRACE_STOP);
}

#[test]
fn without_a_host_everything_is_dropped() {
    let apptrace = apptrace();
    let openocd = OpenOcd::new(apptrace);
    let bytes = [&SYNC[..], &[id::TRACE_START as u8, 0]].concat();
    assert_eq!(apptrace.write(&bytes), bytes.len());
    apptrace.poll(|_| unreachable!("nobody has sent anything"));
    assert_eq!(openocd.control(), 0);
    assert!(!apptrace.has_host());
}

#[test]
fn whoever_comes_later_gets_no_rest_of_an_old_recording() {
    let apptrace = apptrace();
    let stream: Stream<Leakscope<0>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    let mut openocd = OpenOcd::new(apptrace);
    openocd.connect();
    idle(apptrace, &stream);
    idle(apptrace, &stream);
    openocd.take();
    openocd.disconnect();
    stream.event(SystemEvent::TaskCreate(7));
    idle(apptrace, &stream);
    // Left in the buffer, and half of a packet has gone out.
    stream.event(SystemEvent::TaskCreate(8));

    openocd.chunks.clear();
    openocd.connect();
    for _ in 0..10 {
        idle(apptrace, &stream);
        openocd.take();
    }
    assert_eq!(openocd.chunks[0], SYNC);
    let packets = packets(&openocd.bytes());
    assert!(!packets.iter().any(|packet| packet.id == id::TASK_CREATE));
}

#[test]
fn a_busy_host_costs_nothing_but_time() {
    let apptrace = apptrace();
    let mut openocd = OpenOcd::new(apptrace);
    openocd.connect();
    let mut sent = SYNC.to_vec();
    for task in 0..0x7F {
        sent.extend([id::TASK_START_EXEC as u8, task, 1]);
        sent.extend([id::TASK_STOP_EXEC as u8, 1]);
    }
    sent = sent.repeat(4);
    let mut rest = &sent[..];
    let mut waits = 0;
    let mut commands = Vec::new();
    while !rest.is_empty() {
        let taken = apptrace.write(rest);
        rest = &rest[taken..];
        if taken == 0 {
            waits += 1;
            assert_eq!(apptrace.write(rest), 0, "there is no room");
            assert!(openocd.take(), "there is something to take");
            apptrace.poll(|bytes| commands.extend_from_slice(bytes));
        }
    }
    while openocd.take() {
        apptrace.poll(|_| {});
    }
    assert!(waits > 2);
    assert_eq!(commands, [START], "what the host sent is not lost either");
    assert_eq!(openocd.bytes(), sent);
}

#[test]
fn what_is_no_packet_ends_the_recording() {
    let apptrace = apptrace();
    let mut openocd = OpenOcd::new(apptrace);
    openocd.connect();
    apptrace.write(&SYNC);
    let long = [&[id::PRINT_FORMATTED as u8, 0xAC, 0x02][..], &[b'x'; 300]].concat();
    assert_eq!(apptrace.write(&long), long.len());
    assert_eq!(apptrace.write(&[id::TASK_STOP_EXEC as u8, 0]), 2);
    apptrace.poll(|_| {});
    openocd.take();
    assert_eq!(openocd.chunks, [SYNC]);
}

proptest! {
    /// The twin: everything that was written, from the first sync on.
    #[test]
    fn pieces_of_any_size_make_the_same_stream(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 1..40),
        pieces in proptest::collection::vec(1usize..200, 1..40),
        looks in proptest::collection::vec(0u8..3, 1..40),
    ) {
        let apptrace = apptrace();
        let mut openocd = OpenOcd::new(apptrace);
        openocd.connect();
        let mut sent = SYNC.to_vec();
        for payload in &payloads {
            sent.extend([0x80, 0x04, payload.len() as u8]);
            sent.extend(payload);
            sent.push(3);
        }
        let mut rest = &sent[..];
        let mut pieces = pieces.iter().cycle();
        let mut looks = looks.iter().cycle();
        while !rest.is_empty() {
            let piece = rest.len().min(*pieces.next().expect("it goes on"));
            let taken = apptrace.write(&rest[..piece]);
            rest = &rest[taken..];
            match looks.next() {
                Some(0) => apptrace.poll(|_| {}),
                Some(1) => drop(openocd.take()),
                _ => {}
            }
            if taken == 0 {
                openocd.take();
            }
        }
        loop {
            apptrace.poll(|_| {});
            if !openocd.take() {
                break;
            }
        }
        prop_assert_eq!(openocd.bytes(), sent);
    }
}
