//! How long questions take: `cargo run --release -p leakscope-viewer --example windows -- trace.svdat`.
//!
//! Reads the trace, then asks what a page asks when it is opened, zoomed, panned, scrolled and searched, and prints
//! for each kind of question the median, the 95th percentile and the longest time in milliseconds. With `--scan` it
//! stops when the trace is read. Linux only.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::Instant;

use leakscope_analysis::trace::Feed;
use leakscope_report::naming::Naming;
use leakscope_viewer::{Engine, Program, Query, Status, TraceInputs};

struct OneFile(String, File);

impl Feed for OneFile {
    type Error = io::Error;

    fn read_at(&mut self, _input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.read_at(buffer, offset)
    }
}

impl TraceInputs for OneFile {
    fn names(&self) -> Vec<String> {
        vec![self.0.clone()]
    }

    fn head(&mut self, _input: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        (&self.1).take(64 * 1024).read_to_end(&mut head)?;
        Ok(head)
    }

    fn length(&self) -> u64 {
        self.1.metadata().map_or(0, |metadata| metadata.len())
    }
}

/// A line of what Linux says of this process.
fn status(name: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or("?").trim().to_owned()
}

/// The processor time that all threads of this process have used, in seconds: other work on the machine is not in it.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the process' name, time of its own and of the kernel for it are the 12th and the 13th, in hundredths.
    let behind = text.rsplit(')').next().unwrap_or_default();
    let times = behind.split_whitespace().skip(11).take(2);
    times
        .filter_map(|time| time.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// Numbers without an order, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 20) % limit.max(1)
    }
}

type Question = (&'static str, Vec<(&'static str, String)>);

/// Asks, and prints how long the answers took.
fn ask(engine: &mut Engine<'_>, what: &str, questions: Vec<Question>) {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for (route, parameters) in questions {
        let begun = Instant::now();
        bytes = bytes.max(answer(engine, route, &parameters).len());
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "{what:<24} {:>4} asked   median {:>7.2} ms   95 % {:>7.2} ms   longest {:>7.2} ms   {bytes:>8} bytes",
        times.len(),
        at(0.5),
        at(0.95),
        at(1.0),
    );
}

fn answer(engine: &mut Engine<'_>, route: &str, parameters: &[(&str, String)]) -> Vec<u8> {
    let named = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let parameters: Vec<_> = named.collect();
    let answer = Query::parse(route, &parameters).map_err(Into::into);
    match answer.and_then(|query| engine.ask_and_wait(&query)) {
        Ok(answer) => answer,
        Err(refusal) => {
            println!("{route} {parameters:?}: {refusal}");
            Vec::new()
        }
    }
}

/// Searches for a text until all events were looked at, as the page does.
fn search(engine: &mut Engine<'_>, text: &str) {
    let parameters = [("text", text.to_owned()), ("limit", "200".to_owned())];
    let (begun, used) = (Instant::now(), processor_time());
    let (mut longest, mut asked) = (0.0f64, 0);
    let mut first = 0.0;
    loop {
        let before = Instant::now();
        let page = answer(engine, "events", &parameters);
        let took = before.elapsed().as_secs_f64() * 1000.0;
        longest = longest.max(took);
        if asked == 0 {
            first = took;
        }
        asked += 1;
        let page = String::from_utf8_lossy(&page);
        if !page.contains("\"complete\":false") {
            break;
        }
        // What the server does between questions.
        for _ in 0..32 {
            let before = Instant::now();
            let more = engine.search();
            longest = longest.max(before.elapsed().as_secs_f64() * 1000.0);
            if !matches!(more, Ok(true)) {
                break;
            }
        }
    }
    println!(
        "search for {text:<20} {:>6.2} s to the end, {:.2} s of processor time   first page {first:>6.2} ms   longest step {longest:>6.2} ms",
        begun.elapsed().as_secs_f64(),
        processor_time() - used
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("a trace, please")?;
    let source = Box::new(OneFile(path.clone(), File::open(&path)?));
    let program = Program::default();
    let mut engine = Engine::new(source, &program, Naming::default())?;
    let (begun, before) = (Instant::now(), processor_time());
    engine.read_all();
    let Status { events, end, .. } = engine.status();
    println!(
        "scan of {events} events: {:.2} s, {:.2} s of processor time, peak memory {}",
        begun.elapsed().as_secs_f64(),
        processor_time() - before,
        status("VmHWM:")
    );
    if std::env::args().any(|argument| argument == "--scan") {
        return Ok(());
    }
    let engine = &mut engine;
    for route in ["overview", "sites", "tasks", "system"] {
        ask(engine, route, vec![(route, vec![])]);
    }
    let mut random = Random(1);
    let mut windows =
        |route: &'static str, times: u64, width: bool, largest: u32, smallest: u32| {
            let mut questions = Vec::new();
            for time in 0..times {
                let length = end >> (largest + (time % u64::from(smallest - largest + 1)) as u32);
                let from = random.below(end - length);
                let mut parameters = vec![
                    ("from", from.to_string()),
                    ("to", (from + length.max(1)).to_string()),
                ];
                if width {
                    parameters.push(("width", "1600".to_owned()));
                }
                questions.push((route, parameters));
            }
            questions
        };
    let timelines = windows("timeline", 200, true, 0, 18);
    let sites: Vec<_> = [1, 3, 5, 6, 7, 10]
        .map(|part| windows("sites", 10, false, part, part))
        .into();
    let tasks = windows("tasks", 50, false, 0, 18);
    let shares = ["site", "context", "heap"].map(|by| {
        let mut questions = windows("shares", 50, true, 0, 18);
        for (_, parameters) in &mut questions {
            parameters.push(("by", by.to_owned()));
        }
        (by, questions)
    });
    let tracks = ["site", "context"].map(|by| {
        let mut questions = windows("track", 50, true, 0, 18);
        for (place, (_, parameters)) in questions.iter_mut().enumerate() {
            parameters.push((by, (place % 8).to_string()));
        }
        (by, questions)
    });
    ask(engine, "timeline", timelines);
    for (by, questions) in tracks {
        ask(engine, &format!("track of a {by}"), questions);
    }
    for (by, questions) in shares {
        ask(engine, &format!("shares by {by}"), questions);
    }
    let mut pages = |filter: &[(&'static str, &str)]| {
        let page = |_| {
            let offset = random.below(events / 2).to_string();
            let mut parameters = vec![("offset", offset), ("limit", "200".to_owned())];
            parameters.extend(filter.iter().map(|&(name, value)| (name, value.to_owned())));
            ("events", parameters)
        };
        (0..200).map(page).collect::<Vec<_>>()
    };
    let (all, of_heap) = (pages(&[]), pages(&[("kinds", "heap")]));
    ask(engine, "events", all);
    ask(engine, "events of the heap", of_heap);
    let finds = (0..50u64).map(|step| ("find", vec![("time", (end / 50 * step).to_string())]));
    ask(engine, "find by time", finds.collect());
    for (part, questions) in [2, 8, 32, 64, 128, 1024].into_iter().zip(sites) {
        ask(engine, &format!("sites in 1/{part}"), questions);
    }
    ask(engine, "tasks", tasks);
    for text in ["task3", "step 99", "0x3ffb8010", "nowhere to be found"] {
        search(engine, text);
    }
    println!("peak memory {}", status("VmHWM:"));
    Ok(())
}
