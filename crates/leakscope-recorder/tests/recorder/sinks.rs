//! Ways out of the buffer, and in from the host.

use std::io;

use leakscope_recorder::Recorder;
use leakscope_recorder::description::FILES;
use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::sink::host::Output;
use leakscope_recorder::sink::uart::{HELLO, Handshake};
use leakscope_recorder::stream::{Config, Stream};
use leakscope_systemview::id;

use crate::host::{CountingClock, drained, packets};

#[test]
fn a_serial_host_says_hello_or_not() {
    let mut handshake = Handshake::new();
    let mut commands = Vec::new();
    let mut answers = Vec::new();
    for byte in *b"\x01SV\x03\x00\x01\x05SSV\x09\x09\x02" {
        match handshake.push(byte) {
            Some(Ok(command)) => commands.push(command),
            Some(Err(answer)) => answers.push(answer),
            None => {}
        }
    }
    assert_eq!(commands, [1, 1, 5, 2]);
    assert_eq!(answers, [HELLO, HELLO]);
}

/// Takes three bytes at a time, is interrupted, blocks now and then, and breaks in the end.
struct Moody {
    taken: Vec<u8>,
    calls: usize,
}

impl io::Write for Moody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        match self.calls % 4 {
            1 => Err(io::ErrorKind::Interrupted.into()),
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ if self.calls > 500 => Err(io::ErrorKind::BrokenPipe.into()),
            _ => {
                let length = bytes.len().min(3);
                self.taken.extend_from_slice(&bytes[..length]);
                Ok(length)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_sink_does_not_take_stays() {
    let stream: Stream<Leakscope<0>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    let mut sink = Output(Moody {
        taken: Vec::new(),
        calls: 0,
    });
    let mut total = 0;
    for _ in 0..5 {
        total += stream.drain(0, &mut sink).expect("no error yet");
    }
    assert_eq!(total, sink.0.taken.len());
    assert_eq!(total, 30);
    let mut bytes = sink.0.taken.clone();
    bytes.extend(drained(&stream, 0));
    assert_eq!(packets(&bytes).last().expect("packets").id, id::MODULEDESC);

    sink.0.calls = 501;
    stream.event(leakscope_recorder::SystemEvent::IsrExit);
    let error = stream.drain(0, &mut sink).expect_err("a broken pipe");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(
        drained(&stream, 0).len(),
        2,
        "nothing was lost by the error"
    );
}

#[test]
fn there_is_one_reader_at_a_time() {
    let stream: Stream<Leakscope<0>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x"));
    stream.start();
    let mut outer = Vec::new();
    let mut inner = Vec::new();
    let Ok(total) = stream.drain(0, &mut |bytes: &[u8]| {
        // As an interrupt would, in the middle of the other's work.
        inner.extend(drained(&stream, 0));
        outer.extend_from_slice(bytes);
        bytes.len()
    });
    assert_eq!(inner, []);
    assert_eq!(total, outer.len());
    stream.event(leakscope_recorder::SystemEvent::IsrExit);
    assert_eq!(drained(&stream, 0).len(), 2, "the first reader has gone");
}

#[test]
fn descriptions_name_the_events_by_number() {
    for (name, text) in FILES {
        assert!(name.starts_with("SYSVIEW_"), "{name}");
        let mut next = 512;
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let id = line.split(' ').next().expect("a word");
            assert_eq!(id.parse(), Ok(next), "{line}");
            next += 1;
        }
        assert!(next > 512);
    }
}
