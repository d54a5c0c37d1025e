//! How long questions take: `cargo run --release -p leakscope-viewer --example windows -- trace.svdat`.
//!
//! Reads the trace, then asks what a page asks when it is opened, zoomed, panned and scrolled, and prints
//! for each kind of question the median and the longest time in milliseconds.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::Instant;

use leakscope_report::naming::Naming;
use leakscope_viewer::{Engine, Program, Query, Source};

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("a trace, please")?;
    let source = Box::new(OneFile(path.clone(), File::open(&path)?));
    let program = Program::default();
    let mut engine = Engine::new(source, &program, Naming::default())?;
    let begun = Instant::now();
    engine.read_all();
    let events = engine.events();
    println!(
        "scan of {events} events: {:.2} s",
        begun.elapsed().as_secs_f64()
    );

    let mut ask = |what: &str, questions: Vec<(&str, Vec<(&str, u64)>)>| {
        let mut times = Vec::new();
        let mut bytes = 0;
        for (route, parameters) in questions {
            let named = |&(name, number): &(&str, u64)| (name.to_owned(), number.to_string());
            let parameters: Vec<_> = parameters.iter().map(named).collect();
            let begun = Instant::now();
            let answer = Query::parse(route, &parameters).map_err(Into::into);
            let answer = answer.and_then(|query| engine.ask_and_wait(&query));
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            bytes = bytes.max(answer.map_or(0, |answer| answer.len()));
        }
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{what:<40} median {median:>8.2} ms   longest {longest:>8.2} ms   {bytes:>9} bytes"
        );
    };
    ask("overview", vec![("overview", vec![])]);
    ask("overview, again", vec![("overview", vec![])]);
    ask("sites", vec![("sites", vec![])]);
    ask("tasks", vec![("tasks", vec![])]);
    ask("system", vec![("system", vec![])]);
    let overview = "all of the trace";
    ask(
        &format!("timeline, {overview}"),
        vec![("timeline", vec![("width", 1600)])],
    );
    let end = engine_end(&path)?;
    for parts in [2u64, 10, 50, 100, 200, 1000, 10_000, 100_000] {
        let windows = (0..20u64).map(|step| {
            let length = (end / parts).max(1);
            let from = (end - length) / 20 * step;
            (
                "timeline",
                vec![("from", from), ("to", from + length), ("width", 1600)],
            )
        });
        ask(
            &format!("timeline, 1/{parts} of the trace"),
            windows.collect(),
        );
    }
    let pages = (0..50u64).map(|step| {
        (
            "events",
            vec![("offset", events / 50 * step), ("limit", 200)],
        )
    });
    ask("events, 200 rows", pages.collect());
    let finds = (0..50u64).map(|step| ("find", vec![("time", end / 50 * step)]));
    ask("find by time", finds.collect());
    Ok(())
}

/// The trace's last moment, found as the page finds it.
fn engine_end(path: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let source = Box::new(OneFile(path.to_owned(), File::open(path)?));
    let program = Program::default();
    let mut engine = Engine::new(source, &program, Naming::default())?;
    engine.read_all();
    let overview = engine.ask_and_wait(&Query::Overview)?;
    let overview: serde_json::Value = serde_json::from_slice(&overview)?;
    Ok(overview["clock"]["end"].as_u64().unwrap_or(1))
}
