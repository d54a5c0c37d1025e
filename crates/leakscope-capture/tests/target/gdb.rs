//! Recording through an independent GDB server.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use leakscope_capture::course::{Ending, Options, Plan, RingRecording, Status};
use leakscope_capture::gdb::{
    self, Client, Endpoint, GdbDebugger, GdbError, RecordError, Server, Stop,
};
use leakscope_capture::memory::{Memory, MemoryError, WordLayout};
use leakscope_capture::recording::{Existing, Limits, Reason, Recording};
use leakscope_capture::rtt::{Place, Reader};
use leakscope_capture::source::{Form, Item, Source, SourceError, SourceEvent};
use leakscope_capture::{Interrupt, Receiver, TargetEvent};

use crate::device::{BASE, BLOCK, Device};
use crate::line::Line;
use crate::server::{BOOT, Program, START, STOP, serve, serve_in_turn};

/// As long as a test machine may take for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

const PLAN: Plan = Plan {
    reset: false,
    start: Some(START as u64),
    stop: Some(STOP as u64),
};

fn program() -> Program {
    Program::new(Device::new(WordLayout::default(), 1, 64), 500)
}

fn connect(address: SocketAddr) -> Result<Client, GdbError> {
    connect_for(address, PATIENCE)
}

fn connect_for(address: SocketAddr, time_out: Duration) -> Result<Client, GdbError> {
    let endpoint: Endpoint = address.to_string().parse().unwrap();
    Client::connect(&endpoint, time_out, &Interrupt::default())
}

/// Keeps all.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    events: Vec<TargetEvent>,
}

impl Receiver for Kept {
    fn bytes(&mut self, core: usize, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(core, 0);
        self.bytes.extend(bytes);
        Ok(())
    }

    fn event(&mut self, event: TargetEvent) {
        self.events.push(event);
    }
}

fn recording(client: Client, plan: Plan) -> RingRecording<GdbDebugger> {
    let reader = Reader::new(Place::At(BLOCK), WordLayout::default());
    RingRecording::new(GdbDebugger::new(client), &Options::new(plan), reader).unwrap()
}

/// Records to the end.
fn record(
    recording: &mut RingRecording<GdbDebugger>,
    kept: &mut Kept,
) -> Result<Ending, RecordError> {
    loop {
        if let Status::Finished(ending) = recording.advance(kept, PATIENCE)? {
            return Ok(ending);
        }
    }
}

/// What the program sends: numbers in a row, and at last, if it got there, a farewell.
fn numbers(count: u32) -> Vec<u8> {
    (0..count).flat_map(u32::to_be_bytes).collect()
}

fn records_everything(line: Line) {
    let (server, program) = serve(program());
    let client = connect(line.to(server)).unwrap();
    let mut kept = Kept::default();
    let mut recording = recording(client, PLAN);
    let ending = record(&mut recording, &mut kept).unwrap();
    assert_eq!(ending, Ending::ReachedStop);
    let halted = recording.leave().unwrap().halted();
    assert!(halted.times > 1 && halted.longest <= halted.total);
    assert!(kept.bytes == [numbers(500), b"bye!".to_vec()].concat());
    let told: Vec<TargetEvent> = kept
        .events
        .into_iter()
        .filter(|event| !matches!(event, TargetEvent::Text(_)))
        .collect();
    let expected = [
        TargetEvent::Started {
            address: Some(START.into()),
        },
        TargetEvent::Found {
            channels: vec!["Terminal".to_owned(), "SysView".to_owned()],
            read: vec![1],
        },
        TargetEvent::ReachedStop {
            address: Some(STOP.into()),
        },
    ];
    assert_eq!(told, expected);
    let program = program.join().unwrap();
    assert_eq!(program.breakpoints, []);
    assert_eq!(program.commands, [2]);
}

#[test]
fn a_recording_between_two_breakpoints_is_whole() {
    records_everything(Line::default());
}

#[test]
fn pieces_of_packets_are_put_together() {
    records_everything(Line {
        splits: true,
        ..Line::default()
    });
}

#[test]
fn damaged_packets_are_had_again() {
    records_everything(Line {
        damages: Some(3),
        ..Line::default()
    });
}

#[test]
fn text_in_between_is_text() {
    let line = Line {
        talks: Some("hi!"),
        splits: true,
        ..Line::default()
    };
    records_everything(line);
    let (server, _program) = serve(program());
    let mut client = connect(line.to(server)).unwrap();
    assert_eq!(client.next_text().as_deref(), Some("hi!"));
    assert_eq!(client.monitor("ping").unwrap(), "hi!ping: done\nhi!");
}

/// Wherever a server dies, the client says so, and soon.
#[test]
fn a_peer_may_die_at_any_packet() {
    for after in 0..40 {
        let line = Line {
            dies_after: Some(after),
            ..Line::default()
        };
        let (server, _program) = serve(program());
        let mut kept = Kept::default();
        let result = connect(line.to(server))
            .map_err(RecordError::from)
            .and_then(|client| {
                let reader = Reader::new(Place::At(BLOCK), WordLayout::default());
                RingRecording::new(GdbDebugger::new(client), &Options::new(PLAN), reader)
            });
        let result = result.and_then(|mut recording| record(&mut recording, &mut kept));
        let Err(RecordError::Gdb(error)) = result else {
            panic!("after {after} packets: {result:?}");
        };
        assert!(matches!(error, GdbError::Closed { .. }), "{error}");
        assert!(numbers(500).starts_with(&kept.bytes));
    }
}

#[test]
fn a_silent_peer_is_given_up() {
    let (server, _program) = serve(program());
    let line = Line {
        silent_after: Some(3),
        ..Line::default()
    };
    let error = connect_for(line.to(server), Duration::from_millis(200)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, GdbError::TimeOut { .. }), "{text}");
    assert!(
        text.starts_with("the GDB server sent no whole answer within 0.2 s, while we waited for "),
        "{text}"
    );
}

#[test]
fn a_program_that_ends_ends_the_recording() {
    let (server, _program) = serve(Program {
        exits: true,
        ..program()
    });
    let mut kept = Kept::default();
    let mut recording = recording(connect(server).unwrap(), Plan { stop: None, ..PLAN });
    let ending = record(&mut recording, &mut kept).unwrap();
    assert_eq!(ending, Ending::ProgramEnded(7));
    assert_eq!(kept.events.last(), Some(&TargetEvent::Ended { code: 7 }));
    recording.leave().unwrap();
    // What was in the buffer at its end is gone.
    assert!(
        [numbers(500), b"bye!".to_vec()]
            .concat()
            .starts_with(&kept.bytes)
    );
}

#[test]
fn a_program_that_crashes_is_stuck() {
    let (server, program) = serve(Program {
        crashes: true,
        ..program()
    });
    let mut kept = Kept::default();
    let mut recording = recording(connect(server).unwrap(), PLAN);
    let ending = record(&mut recording, &mut kept).unwrap();
    let Ending::Stuck {
        signal: 11,
        address,
    } = ending
    else {
        panic!("{ending:?}");
    };
    assert_eq!(address, Some(0x300));
    recording.leave().unwrap();
    assert!(!kept.bytes.is_empty() && numbers(500).starts_with(&kept.bytes));
    assert_eq!(program.join().unwrap().breakpoints, []);
}

#[test]
fn a_recording_is_stopped_before_its_start() {
    let (server, program) = serve(program());
    let nowhere = Plan {
        start: Some(0x9999),
        ..PLAN
    };
    let mut kept = Kept::default();
    let mut recording = recording(connect(server).unwrap(), nowhere);
    let status = recording
        .advance(&mut kept, Duration::from_millis(10))
        .unwrap();
    assert_eq!(status, Status::Waiting);
    let status = recording.stop(&mut kept).unwrap();
    assert_eq!(status, Status::Finished(Ending::Asked));
    recording.leave().unwrap();
    assert_eq!(program.join().unwrap().breakpoints, []);
    assert!(kept.bytes.is_empty());
}

#[test]
fn a_recording_without_breakpoints_is_stopped_by_the_caller() {
    let (server, program) = serve(program());
    let mut kept = Kept::default();
    let mut recording = recording(
        connect(server).unwrap(),
        Plan {
            reset: true,
            ..Plan::default()
        },
    );
    while kept.bytes.len() < 1000 {
        recording.advance(&mut kept, PATIENCE).unwrap();
    }
    recording.stop(&mut kept).unwrap();
    recording.leave().unwrap();
    let program = program.join().unwrap();
    assert!(kept.bytes.starts_with(&numbers(250)));
    assert_eq!(program.monitored, ["version", "reset halt"]);
    assert!(program.commands.contains(&2));
}

#[test]
fn who_cannot_take_bytes_ends_the_recording() {
    struct Full;
    impl Receiver for Full {
        fn bytes(&mut self, _: usize, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn event(&mut self, _: TargetEvent) {}
    }
    let (server, program) = serve(program());
    let mut recording = recording(connect(server).unwrap(), PLAN);
    let result = loop {
        if let Err(error) = recording.advance(&mut Full, PATIENCE) {
            break error;
        }
    };
    assert!(matches!(result, RecordError::Receiver(_)));
    recording.leave().unwrap();
    assert_eq!(program.join().unwrap().breakpoints, []);
}

#[test]
fn a_client_reads_writes_stops_and_runs() {
    let mut program = program();
    program.device.initialise();
    let (server, program) = serve(program);
    let mut client = connect(server).unwrap();
    assert_eq!(client.server(), Server::Other);
    assert_eq!(client.layout(), WordLayout::default());
    let mut all = vec![0; 0x4000];
    client.read(BASE, &mut all).unwrap();
    assert_eq!(&all[0x100..0x10A], b"SEGGER RTT");
    let result = client.read(BASE - 4, &mut [0; 8]);
    assert!(
        matches!(result, Err(MemoryError::Unmapped { .. })),
        "{result:?}"
    );
    client.write(BASE + 0x3000, b"written }*#$").unwrap();

    let stop = Stop::Signal {
        number: 2,
        registers: Vec::new(),
    };
    assert_eq!(client.program_counter(&stop).unwrap(), Some(BOOT.into()));
    client.resume().unwrap();
    let result = client.read(BASE, &mut [0; 4]);
    assert!(matches!(result, Err(MemoryError::Running)), "{result:?}");
    assert_eq!(client.wait(Duration::from_millis(5)).unwrap(), None);
    let Stop::Signal { number: 2, .. } = client.interrupt().unwrap() else {
        panic!("it was stopped");
    };
    client.detach().unwrap();
    let program = program.join().unwrap();
    assert_eq!(&program.device.ram[0x3000..0x300C], b"written }*#$");
}

/// What comes out of a source, to its end: bytes, and what was said between them.
fn pull(source: &mut dyn Source) -> Result<(Vec<u8>, Vec<String>), SourceError> {
    let (mut all, mut said) = (Vec::new(), Vec::new());
    loop {
        let mut bytes = Vec::new();
        match source.next(&mut bytes, PATIENCE)? {
            Item::Bytes { stream: 0 } if !bytes.is_empty() => all.extend(bytes),
            Item::Bytes { stream } => panic!("{} bytes of stream {stream}", bytes.len()),
            Item::Event(SourceEvent::Notice(text)) => said.push(text),
            Item::Event(event) => said.push(format!("{event:?}")),
            Item::Nothing => {}
            Item::Ended => return Ok((all, said)),
        }
    }
}

fn source(address: SocketAddr, plan: Plan) -> Result<Box<dyn Source>, SourceError> {
    let mut options = Options::new(plan);
    options.rtt = Some(Place::Within(vec![0..4, BASE..BASE + 0x4100]));
    options.few_stops = true;
    options.name = Box::new(|address| format!("<{address:x}>"));
    gdb::connect(&address.to_string().parse().unwrap(), options)
}

#[test]
fn a_source_says_what_happens() {
    let (server, program) = serve(program());
    let mut source = source(server, PLAN).unwrap();
    assert_eq!(source.form(), Form::Plain);
    let (bytes, said) = pull(&mut *source).unwrap();
    assert!(bytes == [numbers(500), b"bye!".to_vec()].concat());
    let [waiting, started, stopped, halted] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!(waiting, r#"Waiting("until the program reaches <200>")"#);
    assert_eq!((started.as_str(), stopped.as_str()), ("Started", "Stopped"));
    assert!(
        halted.starts_with("reading stopped the target "),
        "{halted}"
    );
    assert_eq!(program.join().unwrap().breakpoints, []);
}

#[test]
fn a_source_that_is_stopped_says_all_there_is() {
    let (server, program) = serve(program());
    let mut source = source(
        server,
        Plan {
            reset: true,
            stop: None,
            ..PLAN
        },
    )
    .unwrap();
    let mut bytes = Vec::new();
    while bytes.is_empty() {
        source.next(&mut bytes, PATIENCE).unwrap();
    }
    source.stop().unwrap();
    let (rest, _) = pull(&mut *source).unwrap();
    bytes.extend(rest);
    let program = program.join().unwrap();
    assert!(!bytes.is_empty() && program.device.written[0].starts_with(&bytes));
    assert!(program.commands.contains(&2));
}

#[test]
fn a_source_whose_program_ends_ends() {
    let (server, _program) = serve(Program {
        exits: true,
        ..program()
    });
    let mut source = source(server, Plan { stop: None, ..PLAN }).unwrap();
    let (_, said) = pull(&mut *source).unwrap();
    assert!(
        said.iter()
            .any(|said| said.starts_with("the program ended with code 7")),
        "{said:?}"
    );
    assert!(
        !said.iter().any(|said| said.starts_with("LinkLost")),
        "{said:?}"
    );
}

/// Until it is told to stop.
#[test]
fn a_source_whose_server_dies_waits_for_it() {
    let line = Line {
        dies_after: Some(200),
        ..Line::default()
    };
    let (server, _program) = serve(program());
    let mut source = source(line.to(server), PLAN).unwrap();
    let mut bytes = Vec::new();
    let reason = loop {
        let item = source.next(&mut bytes, PATIENCE).unwrap();
        if let Item::Event(SourceEvent::LinkLost(reason)) = item {
            break reason;
        }
    };
    assert!(
        reason.starts_with("the GDB server closed the connection"),
        "{reason}"
    );
    // Nobody listens any more.
    let item = source.next(&mut bytes, PATIENCE).unwrap();
    assert_eq!(item, Item::Nothing);
    source.stop().unwrap();
    assert_eq!(source.next(&mut bytes, PATIENCE).unwrap(), Item::Ended);
}

/// Wherever the link is lost, before the start too: what the ring has kept is recorded, and none of it twice.
#[test]
fn a_link_that_returns_is_read_on() {
    let cut = |after| Line {
        dies_after: Some(after),
        returns: true,
        ..Line::default()
    };
    let lost_after = |after| {
        let (server, program) = serve_in_turn(program(), 2);
        let mut source = source(cut(after).to(server), PLAN).unwrap();
        let (bytes, said) = pull(&mut *source).unwrap();
        assert!(
            bytes == [numbers(500), b"bye!".to_vec()].concat(),
            "after {after} packets: {said:?}"
        );
        let link: Vec<&str> = said
            .iter()
            .filter(|said| said.starts_with("Link"))
            .filter_map(|said| said.split(['(', ' ']).next())
            .collect();
        assert_eq!(link, ["LinkLost", "LinkRestored"], "{said:?}");
        assert_eq!(program.join().unwrap().breakpoints, []);
    };
    // What comes first when all is prepared is that the program has come to its start.
    let is_prepared = |&after: &usize| source(cut(after).to(serve(program()).0), PLAN).is_ok();
    let before_start = (0..200).find(is_prepared).unwrap();
    // A look is a handful of packets: these cut it at each.
    thread::scope(|threads| {
        for after in (200..212).chain([before_start]) {
            threads.spawn(move || lost_after(after));
        }
    });
}

/// The ring has kept what was sent, so nothing is marked as missing.
#[test]
fn a_recording_has_no_mark_where_nothing_is_missing() {
    let line = Line {
        dies_after: Some(200),
        returns: true,
        ..Line::default()
    };
    let (server, _program) = serve_in_turn(program(), 2);
    let mut source = source(line.to(server), PLAN).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heap.svdat");
    let mut recording = Recording::create(&path, &*source, Existing::Refuse).unwrap();
    let interrupt = Interrupt::default();
    let mut was_lost = false;
    let mut tell = |event| match event {
        SourceEvent::LinkLost(_) => was_lost = true,
        SourceEvent::LinkRestored { is_whole, .. } => assert!(is_whole),
        _ => {}
    };
    let ending = recording.run(&mut *source, &Limits::default(), &interrupt, &mut tell);
    assert!(matches!(ending.reason, Reason::Ended), "{ending:?}");
    assert!(was_lost);
    let file = std::fs::read(&path).unwrap();
    let sent = [numbers(500), b"bye!".to_vec()].concat();
    assert!(file.ends_with(&sent));
}

/// Pieces of what the device prints are put together to lines.
#[test]
fn what_a_device_prints_comes_as_lines() {
    let line = Line {
        talks: Some("world\r\nhello "),
        ..Line::default()
    };
    let (server, _program) = serve(program());
    let mut source = source(line.to(server), PLAN).unwrap();
    let mut printed = Vec::new();
    loop {
        match source.next(&mut Vec::new(), PATIENCE).unwrap() {
            Item::Event(SourceEvent::Text(line)) => printed.push(line),
            Item::Ended => break,
            _ => {}
        }
    }
    let (first, rest) = printed.split_first().unwrap();
    let (last, rest) = rest.split_last().unwrap();
    assert_eq!((first.as_str(), last.as_str()), ("world", "hello "));
    assert!(!rest.is_empty() && rest.iter().all(|line| line == "hello world"));
}
