//! A program of this computer that leaks, and records itself into the file that is named.

use std::alloc::System;
use std::collections::HashMap;
use std::fs::File;

use leakscope_recorder::Traced;
use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::host::HostClock;
use leakscope_recorder::sink::host::Output;
use leakscope_recorder::stream::{Config, Stream};

static RECORDER: Stream<Leakscope<16>, HostClock, 1_048_576> = Stream::new();
leakscope_recorder::global_recorder!(RECORDER);

#[global_allocator]
static HEAP: Traced<System> = Traced::new(System);

/// A name that can be found in the program's file.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn remember(table: &mut HashMap<String, Vec<u8>>, number: usize) {
    table.insert(format!("session {number}"), vec![0; 40]);
}

#[inline(never)]
fn answer(number: usize) -> usize {
    let text = "x".repeat(number + 10);
    std::hint::black_box(text).len()
}

#[inline(never)]
fn serve(table: &mut HashMap<String, Vec<u8>>) {
    for number in 0..200 {
        remember(table, number);
        answer(number);
    }
}

#[inline(never)]
fn scratch() -> usize {
    let words: Vec<String> = (0..20).map(|word| word.to_string()).collect();
    let sorted: std::collections::BTreeSet<_> = words.iter().cloned().collect();
    let boxed: Box<[String]> = words.into_boxed_slice();
    sorted.len() + boxed.join(",").len()
}

fn main() {
    let path = std::env::args().nth(1).expect("the recording's path");
    let mut file = File::create(path).expect("a file");
    println!("{:#x}", remember as *const () as usize);
    RECORDER.init(HostClock::new(), Config::new("host"));
    RECORDER.start();
    let mut table = HashMap::new();
    serve(&mut table);
    std::hint::black_box(scratch());
    RECORDER.stop();
    RECORDER.drain(0, &mut Output(&mut file)).expect("room");
    std::mem::forget(table);
}
