//! Recording through OpenOCD, whose part is played by [`openocd_model`](crate::openocd_model).

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use leakscope_capture::Interrupt;
use leakscope_capture::course::{Options, Plan};
use leakscope_capture::gdb::Endpoint;
use leakscope_capture::memory::{Memory, MemoryError};
use leakscope_capture::openocd::{self, Client, Notification, OpenOcdError, Reply, Rpc, RttSource};
use leakscope_capture::recording::{Existing, Finished, Limits, Reason, Recording};
use leakscope_capture::rtt::Place;
use leakscope_capture::source::{Form, Item, Source, SourceError, SourceEvent};
use leakscope_systemview::Header;
use proptest::prelude::*;

use crate::openocd_model::{Given, Model, OpenOcd, START, STOP, TRACE};

fn options() -> Options {
    let mut options = Options::new(Plan {
        reset: false,
        start: Some(START),
        stop: Some(STOP),
    });
    options.name = Box::new(|address| format!("<{address:x}>"));
    options
}

/// Bytes by stream, and events.
type Recorded = (Vec<Vec<u8>>, Vec<SourceEvent>);

/// Everything that a source says until its end.
fn all_of(source: &mut dyn Source) -> Result<Recorded, SourceError> {
    let mut streams = vec![Vec::new(); 2];
    let mut events = Vec::new();
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        assert!(Instant::now() < end, "it does not end: {events:?}");
        let mut bytes = Vec::new();
        match source.next(&mut bytes, Duration::from_millis(10))? {
            Item::Bytes { stream } => {
                assert!(!bytes.is_empty());
                streams[usize::from(stream)].extend(bytes);
            }
            Item::Event(event) => events.push(event),
            Item::Nothing => {}
            Item::Ended => return Ok((streams, events)),
        }
    }
}

fn record(given: Given, options: Options) -> (Result<Recorded, SourceError>, Model) {
    let server = OpenOcd::start(given);
    let mut source = match openocd::connect(&server.endpoint, options) {
        Ok(source) => source,
        Err(error) => return (Err(error), server.end()),
    };
    let result = all_of(&mut *source);
    drop(source);
    (result, server.end())
}

/// What is wrong, and what the user is told to do.
fn failure(given: Given, options: Options) -> (String, String, Model) {
    let (result, model) = record(given, options);
    let error = result.expect_err("it cannot be recorded");
    let hint = error.hint().unwrap_or_default().to_owned();
    (error.to_string(), hint, model)
}

#[test]
fn from_start_to_stop() {
    let (result, model) = record(Given::default(), options());
    let (streams, events) = result.expect("a recording");
    assert_eq!(streams[0], TRACE);
    assert_eq!(
        events,
        [
            SourceEvent::Waiting(format!("until the program reaches <{START:x}>")),
            SourceEvent::Started,
            SourceEvent::Stopped,
        ]
    );
    assert!(
        model.is_running && model.breakpoints.is_empty(),
        "{model:?}"
    );
    assert!(!model.was_reset);
    assert!(!model.waited, "nothing may wait inside of OpenOCD");
}

#[test]
fn a_reset_first_and_at_once_to_the_stop() {
    let mut options = options();
    options.plan.reset = true;
    options.plan.start = None;
    let (result, model) = record(Given::default(), options);
    let (streams, events) = result.expect("a recording");
    assert_eq!(streams[0], TRACE);
    assert_eq!(events[1..], [SourceEvent::Started, SourceEvent::Stopped]);
    assert!(model.was_reset && model.is_running);
}

#[test]
fn until_the_user_has_enough() {
    let server = OpenOcd::start(Given::default());
    let mut options = options();
    options.plan.stop = None;
    let mut source = openocd::connect(&server.endpoint, options).expect("OpenOCD");
    let mut bytes = Vec::new();
    while bytes.is_empty() {
        source
            .next(&mut bytes, Duration::from_millis(10))
            .expect("bytes");
    }
    source.stop().expect("it is told");
    let (streams, _) = all_of(&mut *source).expect("the rest");
    bytes.extend(&streams[0]);
    assert_eq!(bytes, TRACE);
    drop(source);
    let model = server.end();
    assert!(model.is_running && !model.is_tracing && model.breakpoints.is_empty());
}

#[test]
fn the_user_gives_up_before_it_begins() {
    let server = OpenOcd::start(Given {
        comes_to_start: false,
        ..Given::default()
    });
    let mut source = openocd::connect(&server.endpoint, options()).expect("OpenOCD");
    let mut bytes = Vec::new();
    let item = source
        .next(&mut bytes, Duration::from_millis(10))
        .expect("an event");
    assert!(
        matches!(item, Item::Event(SourceEvent::Waiting(_))),
        "{item:?}"
    );
    source.stop().expect("it is told");
    assert_eq!(
        source.next(&mut bytes, Duration::ZERO).expect("the end"),
        Item::Ended
    );
    drop(source);
    let model = server.end();
    assert!(
        model.is_running && model.breakpoints.is_empty(),
        "{model:?}"
    );
}

#[test]
fn two_cores_are_read_from_their_files() {
    let given = Given {
        cores: 2,
        ..Given::default()
    };
    let server = OpenOcd::start(given);
    let mut source = openocd::connect(&server.endpoint, options()).expect("OpenOCD");
    assert_eq!(source.form(), Form::Streams(2));
    let (streams, _) = all_of(&mut *source).expect("a recording");
    // The joined file stays empty, as it does when OpenOCD fails at the end.
    assert_eq!(streams, [TRACE, TRACE]);
    drop(source);
    server.end();
}

#[test]
fn two_cores_end_in_one_file_as_openocd_joins_them() {
    let given = Given {
        cores: 2,
        ..Given::default()
    };
    let server = OpenOcd::start(given);
    let mut source = openocd::connect(&server.endpoint, options()).expect("OpenOCD");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    let mut recording = Recording::create(&path, &*source, Existing::Refuse).expect("a file");
    let never = Interrupt::default();
    let ending = recording.run(&mut *source, &Limits::default(), &never, &mut |_| {});
    assert!(matches!(ending.reason, Reason::Ended), "{ending:?}");
    assert_eq!(recording.finish().expect("a file"), Finished::Joined);
    drop(source);
    server.end();

    let file = fs::read(&path).expect("the file");
    let header = Header::parse(&file);
    let packets = &TRACE[Header::parse(TRACE).data..];
    assert!(header.is_espressif(), "some packets stand in both parts");
    let offsets: Vec<_> = header.core_offsets().collect();
    assert_eq!(offsets, [(0, 0), (1, packets.len() as u64)]);
    assert_eq!(file[header.data..], packets.repeat(2));
}

#[test]
fn a_file_where_openocd_cannot_connect() {
    let given = Given {
        can_connect: false,
        ..Given::default()
    };
    let (result, model) = record(given, options());
    let (streams, events) = result.expect("a recording");
    assert_eq!(streams[0], TRACE);
    let has_told =
        |event: &SourceEvent| matches!(event, SourceEvent::Notice(text) if text.contains("a file"));
    assert!(events.iter().any(has_told), "{events:?}");
    assert!(model.is_running && model.breakpoints.is_empty());
}

#[test]
fn after_a_reset_the_buffers_come_when_they_come() {
    let mut options = options();
    options.plan.reset = true;
    options.plan.start = None;
    let given = Given {
        announces_after: 3,
        ..Given::default()
    };
    let (result, _) = record(given, options);
    let (streams, events) = result.expect("a recording");
    assert_eq!(streams[0], TRACE);
    assert!(matches!(events[0], SourceEvent::Waiting(_)), "{events:?}");
}

#[test]
fn files_that_are_elsewhere() {
    let given = Given {
        cores: 2,
        loses_files: true,
        ..Given::default()
    };
    let (error, hint, model) = failure(given, options());
    assert!(error.contains("trace.svdat_core0 is not here"), "{error}");
    assert!(hint.contains("machine"), "{hint}");
    assert!(
        !model.is_tracing && model.is_running && model.breakpoints.is_empty(),
        "{model:?}"
    );
}

#[test]
fn lost_bytes_are_told() {
    let given = Given {
        lost_bytes: 310,
        ..Given::default()
    };
    let (result, _) = record(given, options());
    let (_, events) = result.expect("a recording");
    let has_told = events
        .iter()
        .any(|event| matches!(event, SourceEvent::Notice(text) if text.contains("310")));
    assert!(has_told, "{events:?}");
}

/// It is said, with where the program is instead, and waited for on.
#[test]
fn the_start_is_not_reached() {
    let mut options = options();
    options.patience = Duration::ZERO;
    let server = OpenOcd::start(Given {
        comes_to_start: false,
        ..Given::default()
    });
    let mut source = openocd::connect(&server.endpoint, options).expect("OpenOCD");
    let mut bytes = Vec::new();
    let mut next = || source.next(&mut bytes, Duration::from_millis(10));
    let notice = loop {
        if let Item::Event(SourceEvent::Notice(text)) = next().expect("it is waited for") {
            break text;
        }
    };
    assert!(
        notice.contains(&format!("did not reach <{START:x}>")),
        "{notice}"
    );
    assert!(notice.contains("it is at <4200ffff>"), "{notice}");
    assert!(notice.contains("--reset"), "{notice}");
    assert_eq!(next().expect("it is waited for"), Item::Nothing);
    source.stop().expect("it is told");
    drop(source);
    let model = server.end();
    assert!(
        model.is_running && model.breakpoints.is_empty(),
        "{model:?}"
    );
}

/// It is left as it stands.
#[test]
fn the_target_has_crashed() {
    let given = Given {
        stuck_at: Some(0x4200_0666),
        ..Given::default()
    };
    let (result, model) = record(given, options());
    let (_, events) = result.expect("an end");
    let Some(SourceEvent::Notice(said)) = events.last() else {
        panic!("{events:?}");
    };
    assert!(said.contains("stopped at <42000666>"), "{said}");
    assert!(said.contains("crashed"), "{said}");
    assert!(!model.is_running && model.breakpoints.is_empty());
}

#[test]
fn what_openocd_refuses() {
    for (given, expected, advice) in [
        (
            Given {
                is_espressifs: false,
                ..Given::default()
            },
            "cannot trace an esp32c3",
            "Espressif's OpenOCD",
        ),
        (
            Given {
                is_tracing: true,
                ..Given::default()
            },
            "recording a trace already",
            "esp sysview stop",
        ),
        (
            Given {
                has_buffers: false,
                ..Given::default()
            },
            "no trace buffers",
            "--reset",
        ),
        (
            Given {
                refuses: Some("Failed to connect to targets (-4)!"),
                ..Given::default()
            },
            "trace buffers of all cores",
            "--reset",
        ),
        (
            Given {
                cores: 2,
                refuses: Some("invalid command name \"sysview_mcore\""),
                ..Given::default()
            },
            "cannot trace several cores",
            "ESP_ONLYCPU",
        ),
        (
            Given {
                trace: b";\n; Author      Espressif Inc\n;\n",
                ..Given::default()
            },
            "sent no events",
            "CONFIG_APPTRACE_SV_ENABLE",
        ),
        (
            Given {
                state: "unavailable",
                ..Given::default()
            },
            "it is unavailable",
            "cable",
        ),
        (
            Given {
                kind: "cortex_m",
                ..Given::default()
            },
            "no control block of RTT",
            "--elf",
        ),
    ] {
        let (error, hint, model) = failure(given, options());
        assert!(error.contains(expected), "{error}");
        assert!(hint.contains(advice), "{hint}");
        assert!(model.is_running || model.is_tracing, "{model:?}");
    }
}

#[test]
fn a_reset_begins_another_session() {
    let given = Given {
        is_reset: true,
        ..Given::default()
    };
    let (result, model) = record(given, options());
    let (streams, events) = result.expect("a recording");
    // The end of a session that has none, and no second header.
    let end = b"\0\0\0\0\0\0\0\0\0\0\x0A\0\x0B\0";
    let again = &TRACE[Header::parse(TRACE).data..];
    assert_eq!(streams[0], [TRACE, end, again].concat());
    assert!(
        matches!(
            events[..],
            [
                SourceEvent::Waiting(_),
                SourceEvent::Started,
                SourceEvent::TargetReset,
                SourceEvent::Waiting(_),
                SourceEvent::Started,
                SourceEvent::Stopped
            ]
        ),
        "{events:?}"
    );
    assert!(
        model.is_running && model.breakpoints.is_empty(),
        "{model:?}"
    );
}

#[test]
fn an_openocd_that_ends_is_waited_for_until_the_user_gives_up() {
    let server = OpenOcd::start(Given {
        ends_at_start: true,
        ..Given::default()
    });
    let mut source = openocd::connect(&server.endpoint, options()).expect("OpenOCD");
    let mut bytes = Vec::new();
    let reason = loop {
        let item = source.next(&mut bytes, Duration::from_millis(10));
        if let Item::Event(SourceEvent::LinkLost(reason)) = item.expect("it may come back") {
            break reason;
        }
    };
    assert!(reason.contains("closed the connection"), "{reason}");
    // Nobody listens any more.
    let item = source.next(&mut bytes, Duration::from_secs(1));
    assert_eq!(item.expect("it may come back"), Item::Nothing);
    source.stop().expect("nobody is there to be told");
    let item = source.next(&mut bytes, Duration::ZERO);
    assert_eq!(item.expect("the end"), Item::Ended);
    drop(source);
    server.end();
}

#[test]
fn nobody_answers_or_somebody_else() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint: Endpoint = listener
        .local_addr()
        .expect("it")
        .to_string()
        .parse()
        .expect("one");
    drop(listener);
    let error = Client::connect(&endpoint, &Interrupt::default()).expect_err("nobody is there");
    assert!(matches!(error, OpenOcdError::Unreachable { .. }), "{error}");
    assert!(error.hint().expect("advice").contains("start OpenOCD"));

    // GDB's port answers what it does not understand, and goes away.
    let server = OpenOcd::saying(b"-$#00");
    let error = Client::connect(&server, &Interrupt::default()).expect_err("it is not OpenOCD");
    assert!(matches!(error, OpenOcdError::OtherServer { .. }), "{error}");
    assert!(error.hint().expect("advice").contains("6666"));
}

#[test]
fn rtt_through_openocds_server() {
    let server = OpenOcd::start(Given {
        kind: "cortex_m",
        ..Given::default()
    });
    let mut options = options();
    options.rtt = Some(Place::At(0x2000_0000));
    let mut source = openocd::connect(&server.endpoint, options).expect("OpenOCD");
    assert_eq!(source.form(), Form::Plain);
    let (streams, events) = all_of(&mut *source).expect("a recording");
    assert_eq!(streams[0], TRACE);
    assert_eq!(events.last(), Some(&SourceEvent::Stopped));
    drop(source);
    let model = server.end();
    assert_eq!(
        model.rtt_setup.as_deref(),
        Some("0x20000000 16 {SEGGER RTT}")
    );
    assert_eq!(model.rtt_commands, [2], "STOP");
    assert!(model.is_running && !model.has_rtt_server);
}

#[test]
fn rtt_without_its_channel() {
    let given = Given {
        kind: "cortex_m",
        channels: "Channels: up=1, down=1\nUp-channels:\n0: Terminal 1024 0\nDown-channels:\n0: SysView 16 0\n",
        ..Given::default()
    };
    let server = OpenOcd::start(given);
    let client = Client::connect(&server.endpoint, &Interrupt::default()).expect("OpenOCD");
    let mut options = options();
    options.plan = Plan::default();
    options.rtt = Some(Place::Within(
        std::iter::once(0x2000_0000..0x2000_1000).collect(),
    ));
    let mut source = RttSource::new(client, options).expect("a place");
    let error = all_of(&mut source).expect_err("there is no such channel");
    assert!(error.to_string().contains("only Terminal"), "{error}");
    drop(source);
    assert!(server.end().is_running);
}

#[test]
fn memory_that_is_not_there() {
    let server = OpenOcd::start(Given::default());
    let mut client = Client::connect(&server.endpoint, &Interrupt::default()).expect("OpenOCD");
    let error = client
        .read(0x10, &mut [0; 4])
        .expect_err("nothing is there");
    assert!(
        matches!(error, MemoryError::Unmapped { address: 0x10, .. }),
        "{error}"
    );
    drop(client);
    server.end();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The twin: an array.
    #[test]
    fn memory_is_what_was_written(
        writes in proptest::collection::vec(
            (0usize..200, proptest::collection::vec(any::<u8>(), 1..50)), 1..6,
        ),
        reads in proptest::collection::vec((0usize..200, 1usize..50), 1..6),
    ) {
        let server = OpenOcd::start(Given::default());
        let mut client = Client::connect(&server.endpoint, &Interrupt::default()).expect("OpenOCD");
        let base = crate::openocd_model::RAM;
        let mut twin = [0; 250];
        for (offset, bytes) in &writes {
            client.write(base + *offset as u64, bytes).expect("memory");
            twin[*offset..*offset + bytes.len()].copy_from_slice(bytes);
        }
        for (offset, length) in reads {
            let mut bytes = vec![0; length];
            client.read(base + offset as u64, &mut bytes).expect("memory");
            prop_assert_eq!(&bytes[..], &twin[offset..offset + length]);
        }
        drop(client);
        server.end();
    }

    #[test]
    fn replies_may_be_cut_anywhere(
        texts in proptest::collection::vec("[ -~\n]{0,40}", 1..8),
        cuts in proptest::collection::vec(1usize..20, 1..8),
    ) {
        let mut bytes = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            bytes.extend(format!("{} {text}\x1A", index % 2).bytes());
            // What is said unasked stands between them.
            bytes.extend(b"type target_reset mode halt\r\n\x1A");
        }
        let said = texts.len();
        let mut rpc = Rpc::default();
        let mut cuts = cuts.iter().cycle();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*cuts.next().expect("it goes on")));
            rpc.receive(piece);
            rest = after;
        }
        for (index, text) in texts.into_iter().enumerate() {
            let expected = Reply { is_ok: index % 2 == 0, text };
            prop_assert_eq!(rpc.next_reply(), Some(expected));
        }
        prop_assert_eq!(rpc.next_reply(), None);
        for _ in 0..said {
            prop_assert_eq!(rpc.next_notification(), Some(Notification::Reset));
        }
        prop_assert_eq!(rpc.next_notification(), None);
    }
}
