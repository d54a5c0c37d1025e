//! A recording that is no longer what was read: it was cut off, or another one was written in its place.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use leakscope_analysis::trace::{Feed, HEAD};
use leakscope_report::naming::Naming;
use leakscope_testing::program::eventful;
use leakscope_testing::project;
use leakscope_viewer::{Engine, Program, Query, Reading, TraceInputs};
use serde_json::Value;

use super::program::ask;
use super::twin::Twin;

/// A file that somebody writes.
#[derive(Clone)]
struct File {
    content: Arc<Mutex<Content>>,
    grows: bool,
}

struct Content {
    bytes: Vec<u8>,
    /// What it is when it was read so often.
    then: Option<(u32, Vec<u8>)>,
}

impl File {
    fn growing(bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Self {
            content: Arc::new(Mutex::new(Content { bytes, then: None })),
            grows: true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("nobody panics")
    }

    fn write(&self, bytes: &[u8]) {
        self.lock().bytes = bytes.to_vec();
    }

    fn append(&self, bytes: &[u8]) {
        self.lock().bytes.extend(bytes);
    }
}

impl Feed for File {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut content = self.lock();
        match content.then.take() {
            Some((0, bytes)) => content.bytes = bytes,
            then => content.then = then.map(|(reads, bytes)| (reads - 1, bytes)),
        }
        let mut bytes: &[&[u8]] = &[&content.bytes];
        let Ok(count) = bytes.read_at(input, offset, buffer);
        Ok(count)
    }

    fn grows(&self) -> bool {
        self.grows
    }
}

impl TraceInputs for File {
    fn names(&self) -> Vec<String> {
        vec!["recorded.svdat".to_owned()]
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        let mut head = vec![0; HEAD];
        let length = self.read_at(input, 0, &mut head)?;
        head.truncate(length);
        Ok(head)
    }

    fn length(&self) -> u64 {
        self.lock().bytes.len() as u64
    }
}

fn recorded(name: &str) -> Vec<u8> {
    let path = project().join("testdata").join(name).join("input.svdat");
    std::fs::read(path).expect("a recording")
}

/// What the page shows that was not read again for it.
fn shown(engine: &mut Engine<'_>) -> Vec<Value> {
    let overview = ask(engine, "overview", &[]);
    let of_it = ["totals", "findings", "problems", "clock", "contexts"];
    let mut shown: Vec<Value> = of_it.iter().map(|name| overview[name].clone()).collect();
    let routes = ["sites", "tasks", "system"];
    shown.extend(routes.map(|route| ask(engine, route, &[])));
    shown
}

/// Why it is not shown.
fn refused(engine: &mut Engine<'_>, route: &str, parameters: &[(&str, &str)]) -> String {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let parameters: Vec<_> = parameters.iter().map(owned).collect();
    let query = Query::parse(route, &parameters).expect("a query");
    let answer = engine.ask_and_wait(&query);
    answer.expect_err("it is no longer there").to_string()
}

/// As often as it takes to rest.
fn look_often(engine: &mut Engine<'_>) {
    for _ in 0..10 {
        engine.read_all();
    }
}

fn sums(values: &Value) -> u64 {
    let values = values.as_array().expect("numbers").iter();
    values.map(|value| value.as_u64().expect("a number")).sum()
}

/// What can be asked of a recording whose bytes are gone.
fn assert_it_stays(engine: &mut Engine<'_>, before: &[Value], case: &str) {
    assert_eq!(shown(engine), before, "{case}");
    let allocations = before[0]["allocations"].as_u64().expect("a number");
    assert!(allocations > 50, "{case}");
    for window in [&[][..], &[("from", "0"), ("to", "900000000000")]] {
        let timeline = ask(engine, "timeline", window);
        assert_eq!(timeline["exact"], false, "{case}");
        assert_eq!(
            sums(&timeline["heap"]["allocations"]),
            allocations,
            "{case}"
        );
        let shares = ask(engine, "shares", &[("by", "site")]);
        assert!(
            !shares["bands"].as_array().expect("bands").is_empty(),
            "{case}"
        );
    }
    let site = before[5]["sites"][0]["site"].to_string();
    let track = ask(engine, "track", &[("site", &site)]);
    assert!(sums(&track["heap"]["allocations"]) > 0, "{case}");
    for (route, parameters) in [
        ("events", &[("offset", "0"), ("limit", "1")][..]),
        ("events", &[("text", "a"), ("offset", "0")]),
        ("contexts", &[]),
    ] {
        let why = refused(engine, route, parameters);
        assert!(why.contains("read again"), "{case}: {why}");
    }
}

#[test]
fn what_was_read_stays_when_the_file_becomes_another() {
    let one = recorded("survivors-of-an-error-path");
    let other = recorded("steady-leak");
    let (half, third) = (one.len() / 2, one.len() / 3);
    assert!(other.len() < third);
    let longer = other.repeat(5);
    let in_place = [&other, &one[other.len()..half]].concat();
    let cases = [
        ("cut off", &one[..third]),
        ("emptied", &[]),
        ("a shorter one", &other),
        ("a longer one", &longer),
        ("one that is not cut off before", &in_place),
    ];
    let program = Program::default();
    for rests in [false, true] {
        for (case, becomes) in cases {
            let case = format!("{case}, rests: {rests}");
            let file = File::growing(&one[..half]);
            let mut engine =
                Engine::new(Box::new(file.clone()), &program, Naming::default()).unwrap();
            engine.read_all();
            if rests {
                look_often(&mut engine);
            }
            let before = shown(&mut engine);
            file.write(becomes);
            engine.read_all();
            let failed = engine.reading().clone();
            assert!(matches!(failed, Reading::Failed(_)), "{case}: {failed:?}");
            assert_it_stays(&mut engine, &before, &case);
            // For good, even if what was read comes again.
            file.append(&other);
            look_often(&mut engine);
            file.write(&one);
            look_often(&mut engine);
            assert_eq!(*engine.reading(), failed, "{case}");
            assert_it_stays(&mut engine, &before, &case);
        }
    }
}

/// Nothing was looked at since: who asks is told, and not shown what stands there now.
#[test]
fn nothing_is_read_again_of_another() {
    let (one, other) = (recorded("steady-leak"), recorded("growing-table"));
    for grows in [false, true] {
        let file = File {
            grows,
            ..File::growing(&one)
        };
        let program = Program::default();
        let mut engine = Engine::new(Box::new(file.clone()), &program, Naming::default()).unwrap();
        look_often(&mut engine);
        let before = shown(&mut engine);
        file.write(&other);
        let why = refused(&mut engine, "events", &[("offset", "0"), ("limit", "9")]);
        assert!(why.contains("read again"), "{why}");
        assert_it_stays(&mut engine, &before, "asked first");
        // Of what was all read, nothing is wrong.
        assert_eq!(*engine.reading() == Reading::Complete, !grows);
    }
}

/// Whenever it becomes another one: what is shown is of the first. Where all of that was read again, it is no less than before.
#[test]
fn two_recordings_are_never_mixed() {
    let program = Program::default();
    // More than is read at once.
    let [one, other] = [3, 103].map(|seed| eventful(seed, 60_000).swap_remove(0));
    let cut = one.len() - one.len() / 7;
    let twin = Twin::of(std::slice::from_ref(&one));
    for rests in [false, true] {
        let read = |becomes: Option<u32>| {
            let file = File::growing(&one[..cut]);
            let source = Box::new(file.clone());
            let mut engine = Engine::new(source, &program, Naming::default()).unwrap();
            engine.read_all();
            if rests {
                look_often(&mut engine);
            }
            let (known, before) = (engine.events(), shown(&mut engine));
            file.append(&one[cut..]);
            file.lock().then = becomes.map(|reads| (reads, other.clone()));
            look_often(&mut engine);
            let is_another = file.lock().then.is_none() && becomes.is_some();
            let has_failed = matches!(engine.reading(), Reading::Failed(_));
            assert_eq!(is_another, has_failed, "{:?}", engine.reading());
            let last = &twin.events[engine.events() as usize - 1];
            assert_eq!(engine.status().end, last.time + 1, "{becomes:?}, {rests}");
            assert!(engine.events() >= known, "{becomes:?}, {rests}");
            before == shown(&mut engine)
        };
        assert!(!read(None));
        let when = [0, 1, 2, 3, 5, 9, 20, 40];
        let ended_early = when.into_iter().filter(|reads| read(Some(*reads))).count();
        assert!((2..when.len()).contains(&ended_early), "{ended_early}");
    }
}
