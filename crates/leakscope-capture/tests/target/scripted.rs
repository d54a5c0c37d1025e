//! Servers that say one thing after another, however wrong.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use leakscope_capture::Interrupt;
use leakscope_capture::gdb::packet::{Decoder, Received, encode};
use leakscope_capture::gdb::{Client, Endpoint, EndpointError, GdbError, Server, Stop};
use leakscope_capture::memory::{Memory, MemoryError};

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that answers each packet with what `answer` says: bytes, as they are.
pub(crate) fn serve(mut answer: impl FnMut(&str) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut decoder = Decoder::default();
        let mut bytes = [0; 512];
        while let Ok(length @ 1..) = client.read(&mut bytes) {
            for &byte in &bytes[..length] {
                let request = match decoder.push(byte) {
                    Some(Received::Packet { payload, .. }) => payload.unwrap(),
                    Some(Received::Stray(3)) => b"\x03".to_vec(),
                    _ => continue,
                };
                let request = String::from_utf8_lossy(&request).into_owned();
                if client.write_all(&answer(&request)).is_err() {
                    return;
                }
            }
        }
    });
    address
}

/// What a polite server answers that has nothing to offer.
pub(crate) fn polite(request: &str) -> Vec<u8> {
    encode(match request {
        "?" => b"S05",
        _ => b"",
    })
}

pub(crate) fn connect(address: SocketAddr) -> Result<Client, GdbError> {
    Client::connect(
        &address.to_string().parse().unwrap(),
        PATIENCE,
        &Interrupt::default(),
    )
}

#[test]
fn nobody_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = connect(address).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("no GDB server answers at {address}: "))
    );
    assert!(error.hint().is_some());
}

#[test]
fn a_telnet_port_is_recognised() {
    let greeting = b"\xff\xfb\x03\xff\xfe\x22Open On-Chip Debugger\r\n> ".repeat(16);
    let address = serve(move |_| greeting.clone());
    let error = connect(address).unwrap_err();
    let GdbError::Protocol { .. } = &error else {
        panic!("{error}");
    };
    assert!(
        error.to_string().contains("Open On-Chip Debugger"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("4444"));
}

#[test]
fn whoever_says_something_else_and_goes_is_recognised() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(b"220 mail").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        client.read_to_end(&mut Vec::new())
    });
    let error = connect(address).unwrap_err();
    assert!(error.to_string().contains("220 mail"), "{error}");
    server.join().unwrap().unwrap();
}

#[test]
fn a_bare_server_will_do() {
    let mut client = connect(serve(polite)).unwrap();
    assert_eq!(client.server(), Server::Other);
    let stop = Stop::parse(b"T0528:78560000;thread:1;").unwrap();
    assert_eq!(client.program_counter(&stop).unwrap(), None);
    let error = client.set_breakpoint(0x100).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the GDB server does not support a breakpoint at 0x100"
    );
    let error = client.read(0x100, &mut [0; 4]).unwrap_err();
    assert!(matches!(
        error,
        MemoryError::Unmapped {
            address: 0x100,
            length: 4,
            ..
        }
    ));
}

/// An emulator says that its program has ended, whatever it was asked.
#[test]
fn a_program_that_has_ended_is_no_lost_link() {
    let address = serve(|request| match request {
        _ if request.starts_with('m') => encode(b"W00"),
        _ => polite(request),
    });
    let error = connect(address).unwrap().read(0, &mut [0; 4]).unwrap_err();
    let MemoryError::Lost(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.to_string(), "the target's program has ended");
}

#[test]
fn servers_are_told_apart() {
    let version = |text: &'static str| {
        serve(move |request| match request {
            request if request.starts_with("qRcmd") => {
                let mut said = String::from("O");
                text.bytes()
                    .for_each(|byte| write!(said, "{byte:02x}").unwrap());
                [encode(said.as_bytes()), encode(b"OK")].concat()
            }
            request => polite(request),
        })
    };
    for (text, server) in [
        (
            "Open On-Chip Debugger v0.12.0-esp32-20260831 (2026-08-31)\n",
            Server::EspressifOpenOcd,
        ),
        ("Open On-Chip Debugger 0.12.0\n", Server::OpenOcd),
        ("SEGGER J-Link GDB Server V8.10\n", Server::JLink),
        ("unknown command\n", Server::Other),
    ] {
        assert_eq!(connect(version(text)).unwrap().server(), server);
    }
    let qemu = serve(|request| match request {
        "qqemu.sstepbits" => encode(b"ENABLE=1,NOIRQ=2,NOTIMER=4"),
        request => polite(request),
    });
    assert_eq!(connect(qemu).unwrap().server(), Server::Qemu);
}

#[test]
fn memory_of_a_running_target_is_read_where_that_is_possible() {
    let address = serve(|request| match request {
        "qSupported:swbreak+;hwbreak+;vContSupported+;binary-upload+" => {
            encode(b"PacketSize=100;binary-upload+")
        }
        request if request.starts_with("qRcmd") => {
            let version = "4f70656e204f6e2d4368697020446562756767657220302e3132";
            [encode(format!("O{version}").as_bytes()), encode(b"OK")].concat()
        }
        // The target stops while its memory is read, and less is read than was asked for.
        "x1000,8" => [encode(b"O"), encode(b"T05"), encode(b"b}*#$abc")].concat(),
        "x1007,1" => encode(b"b!"),
        "c" => Vec::new(),
        request => polite(request),
    });
    let mut client = connect(address).unwrap();
    assert_eq!(client.server(), Server::OpenOcd);
    client.resume().unwrap();
    let mut bytes = [0; 8];
    client.read(0x1000, &mut bytes).unwrap();
    assert_eq!(&bytes, b"}*#$abc!");
    let stop = client.wait(Duration::ZERO).unwrap();
    assert_eq!(stop, Stop::parse(b"T05"));
    assert!(!client.is_running());
}

#[test]
fn an_interrupt_that_comes_late_stops_nothing() {
    let address = serve(|request| match request {
        "c" => encode(b"T05"),
        "\x03" => Vec::new(),
        // Only now the interrupt is noticed.
        "m10,2" => [encode(b"T02"), encode(b"abcd")].concat(),
        request => polite(request),
    });
    let mut client = connect(address).unwrap();
    client.resume().unwrap();
    assert_eq!(client.interrupt().unwrap(), Stop::parse(b"T05").unwrap());
    let mut bytes = [0; 2];
    client.read(0x10, &mut bytes).unwrap();
    assert_eq!(bytes, [0xAB, 0xCD]);
}

/// Whatever is answered, the client comes back, and asks on.
#[test]
fn nonsense_is_refused() {
    for nonsense in [
        "OK",
        "E01",
        "E.no",
        "l",
        "m",
        "x",
        "zz",
        "T",
        "Txx",
        "PacketSize=0",
        "PacketSize=ffffffffffffffff",
        "b",
        "O0",
        "O616",
        "123",
    ] {
        let address = serve(move |request| match request {
            "?" => encode(b"T05"),
            request if request.starts_with("qSupported") => {
                encode(format!("{nonsense};qXfer:features:read+").as_bytes())
            }
            // What seems to be text is no answer.
            _ if nonsense.starts_with("O0") || nonsense.starts_with("O6") => encode(b"E00"),
            _ => encode(nonsense.as_bytes()),
        });
        let Ok(mut client) = connect(address) else {
            continue;
        };
        let mut bytes = [0; 300];
        assert!(
            client.read(u64::MAX - 10, &mut bytes).is_err(),
            "{nonsense}"
        );
        let _ = client.write(u64::MAX - 10, &bytes);
        let _ = client.set_breakpoint(u64::MAX);
        let _ = client.monitor("version");
        let _ = client.program_counter(&Stop::Exited(0));
    }
}

#[test]
fn endpoints_are_hosts_and_ports() {
    let tcp = |host: &str, port| {
        Ok(Endpoint::Tcp {
            host: host.to_owned(),
            port,
        })
    };
    assert_eq!("localhost:3333".parse(), tcp("localhost", 3333));
    assert_eq!("3333".parse(), tcp("localhost", 3333));
    assert_eq!(":3333".parse(), tcp("localhost", 3333));
    assert_eq!("[::1]:3333".parse(), tcp("::1", 3333));
    assert_eq!(
        "./gdb.socket".parse(),
        Ok(Endpoint::Unix("./gdb.socket".into()))
    );
    for text in ["", "localhost", "localhost:", "localhost:65536", "a:b"] {
        let result: Result<Endpoint, EndpointError> = text.parse();
        assert!(result.is_err(), "{text}");
    }
    assert_eq!(
        "[::1]:1".parse::<Endpoint>().unwrap().to_string(),
        "[::1]:1"
    );
}

/// Who only talks fills the line until nothing more can be said to him.
#[cfg(unix)]
#[test]
fn a_server_that_never_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gdb");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let talker = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let said = encode(b"O");
        while client.write_all(&said).is_ok() {}
    });
    let interrupt = Interrupt::default();
    interrupt.after(Some(Duration::from_secs(1)));
    let begun = Instant::now();
    let error = Client::connect(&Endpoint::Unix(path), PATIENCE, &interrupt).unwrap_err();
    assert!(begun.elapsed() < PATIENCE / 2, "{error}");
    let GdbError::TimeOut { limit, .. } = error else {
        panic!("{error}");
    };
    assert!(limit < PATIENCE, "it says how long it was: {limit:?}");
    talker.join().unwrap();
}

/// Memory in small pieces is not read to its end once nobody wants it; and the target is let go.
#[test]
fn slow_memory() {
    let mut detached = false;
    let address = serve(move |request| match request.as_bytes() {
        [b'm', ..] => encode(b"00"),
        b"D" => encode(if std::mem::replace(&mut detached, true) {
            b"E01"
        } else {
            b"OK"
        }),
        _ => polite(request),
    });
    let interrupt = Interrupt::default();
    let endpoint = address.to_string().parse().unwrap();
    let mut client = Client::connect(&endpoint, PATIENCE, &interrupt).unwrap();
    interrupt.set();
    let error = client.read(0, &mut vec![0; 1 << 30]).unwrap_err();
    let error = GdbError::from(error);
    assert!(matches!(error, GdbError::TooSlow), "{error}");
    client.detach().unwrap();
}

#[test]
fn a_long_answer_is_not_shown_whole() {
    let long = encode(&[b'z'; 3000]);
    let mut client = connect(serve(move |request| match request.as_bytes() {
        [b'm', ..] => long.clone(),
        _ => polite(request),
    }))
    .unwrap();
    let error = client.read(0, &mut [0]).unwrap_err().to_string();
    assert!(
        error.len() < 250 && error.ends_with("… and 2936 bytes more"),
        "{error}"
    );
}
