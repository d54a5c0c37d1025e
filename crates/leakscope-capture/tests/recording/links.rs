//! Devices at the end of a link, which has to be spoken over in its own way.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use leakscope_capture::Interrupt;
use leakscope_capture::recording::Reason;
use leakscope_capture::source::{Item, SourceEvent, network};
use leakscope_systemview::{Frame, id, sync};
use leakscope_testing::device::{Board, Firmware, Manners, on_network};

use crate::record::{self, Recorded};

const ROUNDS: usize = 200;

/// A device that is told to start, works, and is told to stop; what it has sent.
fn obey(listener: &TcpListener, manners: Manners) -> Vec<u8> {
    let (link, _) = listener.accept().expect("a host");
    let mut firmware = Firmware::new(link, manners);
    firmware.wait_for_start().expect("START");
    firmware.work(ROUNDS).expect("a host that reads");
    firmware.wait_for_stop().expect("STOP");
    firmware.sent
}

/// Whether the file has exactly what was sent, from the start to the stop.
#[track_caller]
fn check(recorded: &Recorded, sent: &[u8]) {
    assert!(matches!(recorded.ending.reason, Reason::Size));
    assert!(recorded.ending.not_stopped.is_none());
    recorded.check_data(sent);
    assert_eq!(recorded.ending.bytes, sent.len() as u64);
    assert_eq!(sync::find(sent, 0, false), Some(0));
    let mut rest = &sent[sync::SYNC.len()..];
    let mut last = 0;
    while !rest.is_empty() {
        let frame = Frame::split(rest).expect("whole packets");
        last = frame.id;
        rest = &rest[frame.length..];
    }
    assert_eq!(last, id::TRACE_STOP);
}

/// No fewer bytes than the device sends before it is told to stop.
fn enough() -> usize {
    Board::trace(ROUNDS).len() - 64
}

#[test]
fn systemview_over_ip() {
    let (address, device) = on_network(|listener| obey(&listener, Manners::Ip));
    let source = network::connect(&address.to_string(), &Interrupt::default()).expect("it listens");
    assert_eq!(source.name(), address.to_string());
    let recorded = record::so_many(source, enough());
    check(&recorded, &device.join().expect("no fault"));
    assert_eq!(recorded.events, [SourceEvent::Started]);
}

#[test]
fn an_rtt_server() {
    let (address, device) = on_network(|listener| obey(&listener, Manners::Plain));
    let source = network::connect_rtt(&address.to_string(), None, &Interrupt::default())
        .expect("it listens");
    let recorded = record::so_many(source, enough());
    check(&recorded, &device.join().expect("no fault"));
}

#[test]
fn jlinks_rtt_server_says_who_it_is() {
    let (address, device) = on_network(|listener| {
        let (mut link, _) = listener.accept().expect("a host");
        let mut wish = [0; b"$$SEGGER_TELNET_ConfigStr=RTTCh;1$$".len()];
        link.read_exact(&mut wish).expect("a wish");
        assert_eq!(&wish, b"$$SEGGER_TELNET_ConfigStr=RTTCh;1$$");
        link.write_all(b"SEGGER J-Link V8.10 - Real time terminal output\r\nProcess: JLinkExe\r\n")
            .expect("a host that reads");
        let mut firmware = Firmware::new(link, Manners::Plain);
        firmware.board.hear(&[1]);
        firmware.work(ROUNDS).expect("a host that reads");
        firmware.wait_for_stop().expect("STOP");
        firmware.sent
    });
    let source = network::connect_rtt(&address.to_string(), Some(1), &Interrupt::default())
        .expect("it listens");
    let recorded = record::so_many(source, enough());
    check(&recorded, &device.join().expect("no fault"));
}

/// A device that connects to this address, and works; what it has sent.
fn device_that_connects(address: String) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let link = TcpStream::connect(address).expect("somebody listens");
        let mut firmware = Firmware::new(link, Manners::Ip);
        firmware.wait_for_start().expect("START");
        firmware.work(ROUNDS).expect("a host that reads");
        firmware.wait_for_stop().expect("STOP");
        firmware.sent
    })
}

#[test]
fn a_device_that_connects_to_us() {
    let source = network::listen("127.0.0.1:0").expect("a free port");
    let name = source.name();
    let address = name.rsplit(' ').next().expect("an address").to_owned();
    let device = device_that_connects(address);
    let recorded = record::so_many(source, enough());
    check(&recorded, &device.join().expect("no fault"));
    assert_eq!(
        recorded.events,
        [
            SourceEvent::Waiting(format!("for {name}")),
            SourceEvent::Started
        ]
    );
}

/// Who connects and says nothing keeps the device away no longer, however many they are; they are told to go.
#[test]
fn a_device_behind_others_that_say_nothing() {
    let source = network::listen("127.0.0.1:0").expect("a free port");
    let name = source.name();
    let address = name.rsplit(' ').next().expect("an address").to_owned();
    let silent: Vec<_> = (0..5)
        .map(|_| TcpStream::connect(&address).expect("somebody listens"))
        .collect();
    let device = device_that_connects(address);
    let recorded = record::so_many(source, enough());
    check(&recorded, &device.join().expect("no fault"));
    let is_notice = |event: &&SourceEvent| matches!(event, SourceEvent::Notice(text) if text.contains("the first that sends"));
    assert_eq!(recorded.events.iter().filter(is_notice).count(), 1);
    for mut link in silent {
        // A hello, at most, and the end.
        let mut said = Vec::new();
        let _ = link.read_to_end(&mut said);
    }
}

/// Who comes while another one is recorded waits, which is said, and is recorded when that has gone.
#[test]
fn a_device_that_comes_too_early() {
    let mut source = network::listen("127.0.0.1:0").expect("a free port");
    let name = source.name();
    let address = name.rsplit(' ').next().expect("an address").to_owned();
    let mut next = || {
        let mut bytes = Vec::new();
        let item = source.next(&mut bytes, Duration::from_millis(10));
        (item.expect("it listens"), bytes)
    };
    let mut first = TcpStream::connect(&address).expect("somebody listens");
    first.write_all(b"first").expect("a host that reads");
    while next().1 != b"first" {}
    let mut second = TcpStream::connect(&address).expect("somebody listens");
    second.write_all(b"second").expect("a host that reads");
    while !matches!(next().0, Item::Event(SourceEvent::Notice(text)) if text.contains("waits")) {}
    drop(first);
    while !matches!(next().0, Item::Event(SourceEvent::LinkLost(_))) {}
    while next().1 != b"second" {}
}

/// OpenOCD sends `; lines` first, and never listens.
#[test]
fn a_server_that_only_sends() {
    let header = b";\n; Version     SEGGER SystemViewer V2.42\n; Author      Espressif Inc\n;\n";
    let trace = Board::trace(ROUNDS);
    let sent = trace.clone();
    let (address, device) = on_network(move |listener| {
        let (mut link, _) = listener.accept().expect("a host");
        link.write_all(header).expect("a host that reads");
        link.write_all(&sent).expect("a host that reads");
        link.shutdown(std::net::Shutdown::Write).expect("a socket");
        let mut heard = Vec::new();
        link.read_to_end(&mut heard).expect("a host that ends");
        heard
    });
    let source = network::connect(&address.to_string(), &Interrupt::default()).expect("it listens");
    let recorded = record::until_lost(source);
    assert_eq!(recorded.file, [&header[..], &trace[..]].concat());
    let heard = device.join().expect("no fault");
    assert_eq!(heard.len(), 32, "hello, and no command");
}

/// A stream that is caught in the middle is begun anew; what came before stays.
#[test]
fn a_stream_that_runs_already() {
    let (address, device) = on_network(|listener| {
        let (link, _) = listener.accept().expect("a host");
        let mut firmware = Firmware::new(link, Manners::Plain);
        firmware.board.hear(&[1]);
        firmware.board.work(50);
        let missed = firmware.board.sent();
        let middle = &missed[missed.len() / 2..];
        firmware.send_raw(middle).expect("a host that reads");
        let before = firmware.sent.len();
        firmware.wait_for_start().expect("START");
        firmware.work(ROUNDS).expect("a host that reads");
        firmware.wait_for_stop().expect("STOP");
        (firmware.sent, before)
    });
    let source = network::connect(&address.to_string(), &Interrupt::default()).expect("it listens");
    let recorded = record::so_many(source, enough());
    let (sent, before) = device.join().expect("no fault");
    recorded.check_data(&sent);
    assert_eq!(sync::find(&sent, 0, false), Some(before));
}

#[cfg(unix)]
mod serial {
    use std::time::Duration;

    use leakscope_capture::source::serial;
    use serialport::{SerialPort, TTYPort};

    use super::*;

    /// The board's end of a pseudo-terminal, and the path of the other one, which nobody has open.
    fn pseudo_terminal() -> (TTYPort, String) {
        let (mut board, host) = TTYPort::pair().expect("a pseudo-terminal");
        board
            .set_timeout(Duration::from_mins(1))
            .expect("a terminal");
        let path = host.name().expect("a terminal has a path");
        (board, path)
    }

    /// Records a board that sends when it is told to.
    fn record(manners: Manners, baud: u32) {
        let (board, path) = pseudo_terminal();
        let source = serial::open(&path, baud, false).expect("a terminal");
        assert_eq!(source.name(), format!("{path} at {baud} baud"));
        let device = thread::spawn(move || {
            let mut firmware = Firmware::new(board, manners);
            firmware.wait_for_start().expect("START");
            firmware.work(ROUNDS).expect("a host that reads");
            firmware.wait_for_stop().expect("STOP");
            // A terminal forgets what was not read when one side goes away.
            firmware
        });
        let recorded = record::so_many(source, enough());
        check(&recorded, &device.join().expect("no fault").sent);
    }

    #[test]
    fn systemview_over_a_uart() {
        record(Manners::Uart, 115_200);
    }

    /// ESP-IDF's port says no hello.
    #[test]
    fn packets_without_hello() {
        record(Manners::Plain, 1_000_000);
    }

    #[test]
    fn a_port_that_somebody_has() {
        let (_board, path) = pseudo_terminal();
        let _open = serial::open(&path, 115_200, false).expect("a terminal");
        let error = serial::open(&path, 115_200, false)
            .err()
            .expect("it is taken");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("another program"))
        );
    }

    #[test]
    fn a_port_that_is_not_there() {
        let error = serial::open("/nowhere/tty", 115_200, false)
            .err()
            .expect("no such port");
        assert_eq!(
            error.to_string(),
            "`/nowhere/tty` cannot be opened at 115200 baud"
        );
        assert_eq!(error.hint(), Some("is the board plugged in?"));
    }
}

#[test]
fn nobody_there() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    drop(listener);
    let error = network::connect(&address, &Interrupt::default())
        .err()
        .expect("nobody is there");
    assert_eq!(
        error.to_string(),
        format!("`{address}` cannot be connected to")
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("--listen")));
}
