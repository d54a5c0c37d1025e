//! Writes a made-up recording of any length, and prints what a reader finds in it:
//!
//! ```sh
//! cargo run --release -p leakscope-analysis --example synthetic -- trace.svdat 10000000
//! ```
//!
//! The recording is built in memory; it takes about 20 bytes a packet.

use std::io::Write;

#[path = "../benches/synthetic/mod.rs"]
mod synthetic;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, packets] = arguments.as_slice() else {
        return Err("two arguments: the file to write, and the number of packets".into());
    };
    let recording = synthetic::recording(packets.parse()?);
    std::fs::write(path, recording.bytes)?;
    writeln!(std::io::stdout(), "{:#?}", recording.expected)?;
    Ok(())
}
