//! A target's memory and registers at one moment, through a GDB server and through OpenOCD.

use leakscope_capture::Interrupt;
use leakscope_capture::course::Debugger;
use leakscope_capture::gdb::GdbDebugger;
use leakscope_capture::gdb::packet::encode;
use leakscope_capture::memory::{Registers, Snapshot, SnapshotRequest};
use leakscope_capture::openocd::Client;

use crate::openocd_model::{Given, OpenOcd, RAM};
use crate::scripted::{connect, polite, serve};

/// What a GDB server with 16 bytes of memory at 0x1000, and at 0x2000, says of it.
fn gdb(server: impl Fn(&str, &str) -> Option<Vec<u8>> + Send + 'static) -> Snapshot {
    let mut thread = "0".to_owned();
    let address = serve(move |request| {
        if let Some(chosen) = request.strip_prefix("Hg") {
            chosen.clone_into(&mut thread);
        }
        if let Some(answer) = server(request, &thread) {
            return answer;
        }
        match request {
            "g" => encode(format!("0{thread}000000").repeat(17).as_bytes()),
            "m1000,10" => encode(&[b'1'; 32]),
            "m2000,10" => encode(&[b'2'; 32]),
            request if request.starts_with("Hg") => encode(b"OK"),
            request if request.starts_with('m') => encode(b"E01"),
            request => polite(request),
        }
    });
    let request = SnapshotRequest::new(vec![0x1000..0x1010, 0x1000..0x1008]);
    assert_eq!(request.progress(), None);
    request.take(&mut GdbDebugger::new(connect(address).unwrap()));
    let (read, all) = request.progress().unwrap();
    assert_eq!(read, all);
    request.taken().unwrap()
}

fn registers(number: u64, word: u8) -> Registers {
    let values = [word, 0, 0, 0].repeat(17);
    Registers { number, values }
}

#[test]
fn gdb_gives_the_registers_of_each_thread() {
    let one = gdb(|_, _| None);
    assert_eq!(one.pieces, [(0x1000, vec![0x11; 16])]);
    assert_eq!(one.registers, [registers(1, 0)]);
    // A server that never comes to an end is not asked for ever.
    let endless = gdb(|request, _| match request {
        "qfThreadInfo" => Some(encode(b"m1")),
        "qsThreadInfo" => Some(encode(b"m2")),
        _ => None,
    });
    assert!(endless.registers.len() > 2);
    let ended = gdb(|request, thread| match request {
        "qfThreadInfo" => Some(encode(b"m1,p1.2,3")),
        "qsThreadInfo" => Some(encode(b"l")),
        "Hg3" => Some(encode(b"E01")),
        "g" if thread == "p1.2" => Some(encode("02xxxxxx".repeat(17).as_bytes())),
        _ => None,
    });
    assert_eq!(ended.registers, [registers(1, 1), registers(2, 2)]);
}

#[test]
fn ram_that_the_gdb_server_knows_is_read_too() {
    const MAP: &str = "l<memory-map><memory type='flash' start='0x3000' length='0x10'/>\
        <memory type=\"ram\" start=\"0x2000\" length=\"0x10\"/><memory type='ram' start='0x10000000' length='0xF0000000'/>";
    let found = gdb(|request, _| match request {
        request if request.starts_with("qSupported") => Some(encode(b"qXfer:memory-map:read+")),
        request if request.starts_with("qXfer:memory-map:read::0,") => Some(encode(MAP.as_bytes())),
        _ => None,
    });
    let expected = [(0x1000, vec![0x11; 16]), (0x2000, vec![0x22; 16])];
    assert_eq!(found.pieces, expected);
    assert_eq!(found.unread, []);
}

/// A stack that nobody asked for by its address is read from its pointer on, up to the end of the memory.
#[test]
fn stacks_are_read_where_they_are() {
    let address = serve(|request| match request {
        "g" => encode("00800120".repeat(17).as_bytes()),
        "m1000,10" => encode(&[b'1'; 32]),
        request if request.starts_with('m') => {
            let numbers = request[1..].split_once(',').unwrap();
            let [from, length] =
                [numbers.0, numbers.1].map(|number| usize::from_str_radix(number, 16).unwrap());
            let ram = 0x2001_8000..0x2001_A000;
            if ram.contains(&from) {
                encode(&vec![b'7'; 2 * length.min(ram.end - from)])
            } else {
                encode(b"E01")
            }
        }
        request => polite(request),
    });
    let first_word = |core: &Registers| {
        let word = core.values.first_chunk().copied();
        word.map(|word| u32::from_le_bytes(word).into())
    };
    let variables = std::iter::once(0x1000..0x1010).collect();
    let request = SnapshotRequest::new(variables).with_stacks(first_word);
    request.take(&mut GdbDebugger::new(connect(address).unwrap()));
    let found = request.taken().unwrap();
    let expected = [
        (0x1000, vec![0x11; 16]),
        (0x2001_8000, vec![0x77; 0x1000]),
        (0x2001_9000, vec![0x77; 0x1000]),
    ];
    assert_eq!(found.pieces, expected);
    assert_eq!(found.unread, [], "where it ends nobody knew");
}

#[test]
fn openocd_gives_the_registers_of_each_core() {
    let server = OpenOcd::start(Given {
        kind: "esp32",
        cores: 2,
        ..Given::default()
    });
    let mut client = Client::connect(&server.endpoint, &Interrupt::default()).unwrap();
    assert_eq!(Debugger::registers(&mut client), [], "it runs");
    client.halt().unwrap();
    let request = SnapshotRequest::new(vec![RAM..RAM + 16, RAM + 32..RAM + 48]);
    request.take(&mut client);
    let snapshot = request.taken().unwrap();
    assert_eq!(snapshot.pieces.len(), 2);
    let numbers: Vec<u64> = snapshot.registers.iter().map(|core| core.number).collect();
    assert_eq!(numbers, [1, 2]);
    for (core, index) in snapshot.registers.iter().zip(0_u32..) {
        let words = core.values.chunks(4);
        let words: Vec<u32> = words
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        // The program counter, all of the register file, and behind it, as GDB has them, where its window is.
        let expected = (0..71).chain([0, 0, 71]).map(|place| match place {
            0 => 0,
            place => index << 16 | place,
        });
        let mut expected: Vec<u32> = expected.collect();
        expected[0] = index << 16;
        assert_eq!(words, expected);
    }
    drop(client);
    server.end();
}
