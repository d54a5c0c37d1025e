//! How long questions take: `cargo run --release -p leakscope-viewer --example windows -- trace.svdat`.
//!
//! Reads the trace, then asks what a page asks when it is opened, zoomed, panned and scrolled, and prints
//! for each kind of question the median and the longest processor time in milliseconds. Linux only.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::Instant;

use leakscope_report::naming::Naming;
use leakscope_viewer::{Engine, Program, Query, Source, Status};

struct OneFile(String, File);

impl Source for OneFile {
    fn names(&self) -> Vec<String> {
        vec![self.0.clone()]
    }

    fn head(&mut self, _input: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        (&self.1).take(64 * 1024).read_to_end(&mut head)?;
        Ok(head)
    }

    fn read_at(&mut self, _input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.read_at(buffer, offset)
    }

    fn length(&self) -> u64 {
        self.1.metadata().map_or(0, |metadata| metadata.len())
    }
}

/// The processor time that this thread has used, in milliseconds: other work on the machine is not in it.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split(' ')
        .next()
        .and_then(|number| number.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e6
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
        "scan of {events} events: {:.2} s, {:.2} s of processor time",
        begun.elapsed().as_secs_f64(),
        (processor_time() - before) / 1000.0
    );
    let mut ask = |what: &str, questions: Vec<(&str, Vec<(&str, u64)>)>| {
        let mut times = Vec::new();
        let mut bytes = 0;
        for (route, parameters) in questions {
            let named = |&(name, number): &(&str, u64)| (name.to_owned(), number.to_string());
            let parameters: Vec<_> = parameters.iter().map(named).collect();
            let before = processor_time();
            let answer = Query::parse(route, &parameters).map_err(Into::into);
            let answer = answer.and_then(|query| engine.ask_and_wait(&query));
            times.push(processor_time() - before);
            bytes = bytes.max(answer.map_or(0, |answer| answer.len()));
        }
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{what:<30} median {median:>8.2} ms   longest {longest:>8.2} ms   {bytes:>8} bytes"
        );
    };
    for route in ["overview", "sites", "tasks", "system"] {
        ask(route, vec![(route, vec![])]);
    }
    ask("timeline, all", vec![("timeline", vec![("width", 1600)])]);
    for parts in [2u64, 10, 50, 100, 200, 1000, 10_000, 100_000] {
        let windows = (0..20u64).map(|step| {
            let length = (end / parts).max(1);
            let from = (end - length) / 20 * step;
            (
                "timeline",
                vec![("from", from), ("to", from + length), ("width", 1600)],
            )
        });
        ask(&format!("timeline, 1/{parts}"), windows.collect());
    }
    let pages = |kind: &'static str| {
        let rows = (0..50u64)
            .map(move |step| (kind, vec![("offset", events / 50 * step), ("limit", 200)]));
        rows.collect()
    };
    ask("events, 200 rows", pages("events"));
    let finds = (0..50u64).map(|step| ("find", vec![("time", end / 50 * step)]));
    ask("find by time", finds.collect());
    for parts in [1000u64, 100, 10] {
        let window = vec![("from", end / 3), ("to", end / 3 + end / parts)];
        ask(&format!("sites in 1/{parts}"), vec![("sites", window)]);
    }
    Ok(())
}
