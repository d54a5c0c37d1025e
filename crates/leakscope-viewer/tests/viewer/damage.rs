//! Recordings that are damaged, hostile, or not finished.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use leakscope_analysis::trace::{Feed, Layout};
use leakscope_report::naming::Naming;
use leakscope_systemview::{Arguments, Packet, Print, Text};
use leakscope_testing::program::{Random, Stream, eventful, introduce};
use leakscope_testing::scenario::Scenario;
use leakscope_viewer::{Engine, Program, Query, Reading, TraceInputs, page};
use proptest::prelude::*;

use super::program::{Memory, ask, engine, inputs};
use super::twin::Twin;

const HOSTILE: [&str; 4] = [
    "<img src=x onerror=alert(1)>",
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "</script><script>alert(1)</script>",
    "nimda\u{202e}\u{2028}",
];

fn hostile() -> Vec<Vec<u8>> {
    let mut core = Stream::default();
    introduce(&mut core, &HOSTILE);
    for (task, text) in (1..).zip(HOSTILE) {
        core.send(
            task * 100,
            Packet::TaskStartExec {
                task: task as u32 * 64,
            },
        );
        let text = Text(text.as_bytes());
        let print = Print {
            text,
            options: 0,
            arguments: Arguments::NONE,
        };
        core.send(task * 100 + 5, Packet::PrintFormatted(print));
    }
    vec![core.bytes]
}

#[test]
fn nothing_hostile_reaches_the_page_as_more_than_text() {
    let program = Program::default();
    let mut engine = engine(&program, hostile());
    // More than each route needs.
    let of_all = [
        ("id", "0"),
        ("site", "0"),
        ("index", "0"),
        ("time", "0"),
        ("by", "context"),
    ];
    let of_all = of_all.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut answered = Vec::new();
    for route in Query::ROUTES {
        // There is no heap here, and no image.
        let query = Query::parse(route, &of_all).unwrap();
        let Ok(answer) = engine.ask_and_wait(&query) else {
            continue;
        };
        answered.push(route);
        let answer = String::from_utf8(answer).unwrap();
        for forbidden in ['\u{1b}', '\u{7}', '\u{202e}', '\u{2028}'] {
            assert!(!answer.contains(forbidden), "{forbidden:?} in {route}");
        }
        assert!(!answer.contains("\\u001b"), "{route}");
    }
    assert!(answered.len() >= 10, "{answered:?}");
    let overview = ask(&mut engine, "overview", &[]);
    let names = overview["contexts"].as_array().unwrap();
    assert!(names.iter().any(|context| context["name"] == HOSTILE[0]));
    let mut file = Vec::new();
    page::write(&mut file, &mut engine, page::EVENTS).unwrap();
    let file = String::from_utf8(file).unwrap();
    assert!(!file.contains("<img src=x"));
    assert!(!file.contains("<script>alert"));
}

#[test]
fn a_growing_recording_is_followed() {
    let inputs = inputs(21, 5_000);
    let twin = Twin::of(&inputs);
    let memory = Memory::new(inputs.clone());
    memory.write_up_to(300);
    let program = Program::default();
    let mut engine = Engine::new(Box::new(memory.clone()), &program, Naming::default()).unwrap();
    assert_eq!(*engine.read_all(), Reading::Following);
    let mut events = engine.events();
    assert!(events > 0);
    for length in (1_000..=60_000).step_by(1_357) {
        memory.write_up_to(length);
        engine.read_all();
        assert!(engine.events() >= events);
        events = engine.events();
        // What was asked of a part is still true when there is more.
        let page = ask(
            &mut engine,
            "events",
            &[("offset", &(events - 1).to_string()), ("limit", "1")],
        );
        assert_eq!(
            page["rows"][0]["time"],
            twin.events[events as usize - 1].time
        );
    }
    memory.write_up_to(usize::MAX);
    assert_eq!(*engine.read_all(), Reading::Complete);
    assert_eq!(engine.events(), twin.events.len() as u64);
    let whole = self::engine(&program, inputs).ask_and_wait(&leakscope_viewer::Query::Overview);
    let followed = engine.ask_and_wait(&leakscope_viewer::Query::Overview);
    assert_eq!(
        String::from_utf8(whole.unwrap()).unwrap(),
        String::from_utf8(followed.unwrap()).unwrap()
    );
}

#[test]
fn a_recording_that_rests_is_shown_to_its_end_and_goes_on_if_more_comes() {
    let (program, inputs) = (Program::default(), inputs(5, 3_000));
    let whole = Twin::of(&inputs).events.len() as u64;
    let cut: Vec<Vec<u8>> = inputs.iter().map(|input| input[..7_000].to_vec()).collect();
    let begun = Twin::of(&cut).events.len() as u64;
    let memory = Memory::new(inputs);
    memory.write_up_to(7_000);
    let mut engine = Engine::new(Box::new(memory.clone()), &program, Naming::default()).unwrap();
    let look_often = |engine: &mut Engine<'_>| {
        for _ in 0..10 {
            engine.read_all();
        }
        (
            ask(engine, "events", &[("offset", "0")]),
            engine.reading().clone(),
        )
    };
    let (events, reading) = look_often(&mut engine);
    assert_eq!(reading, Reading::Following);
    assert_eq!(events["total"], begun);
    // The last row is there, not only counted.
    let last = (begun - 1).to_string();
    let page = ask(&mut engine, "events", &[("offset", &last), ("limit", "5")]);
    assert_eq!(page["rows"].as_array().unwrap().len(), 1);
    memory.write_up_to(usize::MAX);
    let (events, reading) = look_often(&mut engine);
    assert_eq!(
        (events["total"].as_u64(), reading),
        (Some(whole), Reading::Complete)
    );
}

/// More has come to a recording that rested, and nobody has looked yet: what is shown is what was read.
#[test]
fn what_was_read_is_shown_until_more_is_read() {
    let (program, inputs) = (Program::default(), inputs(5, 3_000));
    for cut in 6_990..7_020 {
        let memory = Memory::new(inputs.clone());
        memory.write_up_to(cut);
        let mut engine =
            Engine::new(Box::new(memory.clone()), &program, Naming::default()).unwrap();
        for _ in 0..10 {
            engine.read_all();
        }
        let shown = |engine: &mut Engine<'_>| {
            let timeline = ask(engine, "timeline", &[("width", "400")]);
            (
                timeline,
                ask(engine, "events", &[("offset", "0"), ("limit", "500")]),
            )
        };
        let before = shown(&mut engine);
        memory.write_up_to(cut + 500);
        assert!(shown(&mut engine) == before, "{cut}");
    }
}

/// A recording of which this says that it is tens of megabytes longer.
struct Long(Memory);

impl Feed for Long {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(input, offset, buffer)
    }

    fn grows(&self) -> bool {
        self.0.grows()
    }
}

impl TraceInputs for Long {
    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        self.0.head(input)
    }

    fn length(&self) -> u64 {
        self.0.length() + (40 << 20)
    }
}

#[test]
fn a_long_recording_is_shown_to_its_end_when_it_has_rested_longer() {
    let (program, inputs) = (Program::default(), inputs(5, 3_000));
    let cut: Vec<Vec<u8>> = inputs.iter().map(|input| input[..7_000].to_vec()).collect();
    let begun = Twin::of(&cut).events.len() as u64;
    let memory = Memory::new(inputs);
    memory.write_up_to(7_000);
    let mut engine = Engine::new(Box::new(Long(memory)), &program, Naming::default()).unwrap();
    let mut after = |looks: u32| {
        for _ in 0..looks {
            engine.read_all();
        }
        engine.events()
    };
    assert!(after(6) < begun, "a second and a half is too little");
    assert_eq!(after(6), begun);
}

/// A joined file that grows: as long as the second core has not come, what came of the first is shown without it, and stays until
/// there is much more; and it is said which core is waited for.
#[test]
fn a_joined_recording_whose_second_core_has_not_come() {
    let mut recording = Scenario::begun();
    for block in 0..400 {
        let address = 0x3FFB_0000 + 16 * block;
        recording
            .on(block as u8 % 2)
            .after(100)
            .allocate(address, 16, &[0x400D_1000]);
    }
    let (bytes, program) = (recording.joined(), Program::default());
    let border = (Layout::of(&[&bytes]).parts[1].begins)
        .expect("two parts")
        .expected as usize;
    let memory = Memory::new(vec![bytes]);
    memory.write_up_to(border / 2);
    let mut engine = Engine::new(Box::new(memory.clone()), &program, Naming::default()).unwrap();
    let mut look = |written: usize| {
        memory.write_up_to(written);
        engine.read_all();
        let overview = ask(&mut engine, "overview", &[]);
        let allocations = overview["totals"]["allocations"].as_u64().unwrap();
        (allocations, engine.status().waits_for)
    };
    let (half, waits_for) = look(border / 2);
    assert!((60..120).contains(&half), "{half} of 200 blocks");
    assert_eq!(waits_for, Some(1));
    assert_eq!(look(border / 2 + 40), (half, Some(1)), "a little more");
    let (more, _) = look(border * 3 / 4);
    assert!(more > half + 30, "{more} after {half}");
    let rested: Vec<_> = (0..6).map(|_| look(border - 1).0).collect();
    assert!(rested.iter().all(|&blocks| blocks >= more), "{rested:?}");
    let (_, waits_for) = look(border + 2_000);
    assert_eq!(waits_for, None);
    assert_eq!(look(usize::MAX), (400, None));
}

/// A recording whose header is being written: all of it comes when its front was looked at, before more is read.
struct Begun {
    memory: Memory,
    looks: u32,
}

impl Feed for Begun {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.memory.read_at(input, offset, buffer)
    }

    fn grows(&self) -> bool {
        self.memory.grows()
    }
}

impl TraceInputs for Begun {
    fn names(&self) -> Vec<String> {
        self.memory.names()
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        let head = self.memory.head(input);
        self.looks += 1;
        // When it is opened, and when it is read for the first time.
        if self.looks == 2 {
            self.memory.write_up_to(usize::MAX - 1);
        }
        head
    }

    fn length(&self) -> u64 {
        self.memory.length()
    }
}

/// Log messages are told once, and as they are when all of the header is there.
#[test]
fn what_was_read_from_half_a_header_is_not_told() {
    let core = inputs(2, 3_000).swap_remove(0);
    let header: &[u8] =
        b";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n;\n";
    let memory = Memory::new(vec![[header, &core].concat()]);
    let told = |source: Box<dyn TraceInputs>| {
        let program = Program::default();
        let mut engine = Engine::new(source, &program, Naming::default()).unwrap();
        let (rows, told) = mpsc::channel();
        engine.send_log(move |row| rows.send((row.ticks, row.text, row.offset)).unwrap());
        for _ in 0..3 {
            engine.read_all();
        }
        drop(engine);
        told.iter().collect::<Vec<_>>()
    };
    let expected = told(Box::new(memory.clone()));
    memory.write_up_to(header.len() / 2);
    let begun = Begun { memory, looks: 0 };
    let found = told(Box::new(begun));
    assert!(expected.len() > 50 && found.len() > 50, "{}", found.len());
    // The last packets of a recording that grows are not believed yet.
    assert_eq!(found, expected[..found.len()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Damaged bytes: sections are read again to the same events, whatever they are.
    #[test]
    fn what_is_read_again_is_the_same(seed in 0u64..1000, damage in 0u64..40) {
        let mut inputs = inputs(seed, 6_000);
        let mut random = Random(seed + 1);
        for _ in 0..damage {
            let input = &mut inputs[random.below(2) as usize];
            let at = 100 + random.below(input.len() as u64 - 100) as usize;
            input[at] = random.below(256) as u8;
        }
        let twin = Twin::of(&inputs);
        let program = Program::default();
        let mut engine = engine(&program, inputs);
        prop_assert_eq!(engine.events(), twin.events.len() as u64);
        for part in 0..6 {
            let offset = engine.events() * part / 6;
            let parameters = [("offset", offset.to_string()), ("limit", "40".to_owned())];
            let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let page = ask(&mut engine, "events", &parameters);
            for row in page["rows"].as_array().unwrap() {
                let event = &twin.events[row["index"].as_u64().unwrap() as usize];
                prop_assert_eq!(row["time"].as_u64(), Some(event.time));
                prop_assert_eq!(row["kind"].as_str(), Some(event.kind));
                prop_assert_eq!(row["core"].as_u64(), Some(u64::from(event.core)));
            }
        }
        ask(&mut engine, "timeline", &[("width", "50")]);
        ask(&mut engine, "tasks", &[("from", "10"), ("to", "20000")]);
    }
}

/// A recording that is another one when it is read again.
struct Replaced {
    first: Memory,
    then: Memory,
    gone: Arc<AtomicBool>,
}

impl Feed for Replaced {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let memory = if self.gone.load(Ordering::SeqCst) {
            &mut self.then
        } else {
            &mut self.first
        };
        memory.read_at(input, offset, buffer)
    }
}

impl TraceInputs for Replaced {
    fn names(&self) -> Vec<String> {
        self.first.names()
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        self.first.head(input)
    }

    fn length(&self) -> u64 {
        self.first.length()
    }
}

/// What is read again does not fit to what was kept: an answer or a refusal, and no panic.
#[test]
fn a_recording_that_became_another_one_does_no_harm() {
    let mut refused = 0;
    for seed in 0..12 {
        let gone = Arc::new(AtomicBool::new(false));
        let [first, then] = [seed, seed + 100].map(|seed| Memory::new(eventful(seed, 6_000)));
        let source = Replaced {
            first,
            then,
            gone: gone.clone(),
        };
        let program = Program::default();
        let mut engine = Engine::new(Box::new(source), &program, Naming::default()).unwrap();
        engine.read_all();
        gone.store(true, Ordering::SeqCst);
        for (route, parameters) in [
            ("events", [("offset", "2000"), ("limit", "3000")]),
            ("sites", [("from", "100"), ("to", "5000")]),
            ("timeline", [("from", "2000"), ("to", "2500")]),
            ("tasks", [("from", "1500"), ("to", "4500")]),
            ("block", [("index", "3000"), ("offset", "0")]),
        ] {
            let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let query = leakscope_viewer::Query::parse(route, &parameters);
            refused += u32::from(query.is_ok_and(|query| engine.ask_and_wait(&query).is_err()));
        }
    }
    assert!(refused > 0);
}

proptest! {
    /// Whatever the bytes are and whatever is asked: an answer or a refusal, in bounds.
    #[test]
    fn nothing_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..3000),
        route in prop_oneof!["overview", "timeline", "sites", "site", "events", "find", "block", "tasks", "system"],
        names in proptest::collection::vec(
            prop_oneof!["from", "to", "width", "offset", "limit", "kinds", "context", "core", "site", "address", "text", "time", "index", "id"],
            0..5,
        ),
        values in proptest::collection::vec(prop_oneof!["[0-9]{1,20}", "heap,log", "0x[0-9a-f]{1,17}", ".{0,8}"], 5),
    ) {
        let mut input = vec![0; 10];
        input.extend(bytes);
        let program = Program::default();
        let mut engine = engine(&program, vec![input]);
        let parameters: Vec<(String, String)> = names.into_iter().zip(values).collect();
        if let Ok(query) = leakscope_viewer::Query::parse(&route, &parameters)
            && let Ok(answer) = engine.ask_and_wait(&query)
        {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&answer).is_ok());
        }
    }
}
