//! Recordings of a made-up program: tasks and interrupts on two cores, a heap, a log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use leakscope_analysis::trace::Feed;
use leakscope_report::naming::Naming;
use leakscope_systemview::{Arguments, Extended, Packet, Print, Text};
use leakscope_testing::program::{Random, Stream, introduce, numbers};
use leakscope_viewer::{Engine, Program, Query, TraceInputs};
use serde_json::Value;

/// Inputs that lie in memory, of which only a part may have been written yet.
#[derive(Clone)]
pub(crate) struct Memory {
    inputs: Vec<Arc<[u8]>>,
    /// How much of each input is there; more comes as long as it is not all.
    written: Arc<AtomicUsize>,
}

impl Memory {
    pub(crate) fn new(inputs: Vec<Vec<u8>>) -> Self {
        Self {
            inputs: inputs.into_iter().map(Into::into).collect(),
            written: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    /// From now on, this much of each input is there.
    pub(crate) fn write_up_to(&self, length: usize) {
        self.written.store(length, Ordering::SeqCst);
    }
}

impl Feed for Memory {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = &self.inputs[input];
        let there = &bytes[..bytes.len().min(self.written.load(Ordering::SeqCst))];
        let rest = there.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn grows(&self) -> bool {
        self.written.load(Ordering::SeqCst) < usize::MAX
    }
}

impl TraceInputs for Memory {
    fn names(&self) -> Vec<String> {
        let names = (0..self.inputs.len()).map(|input| format!("input {input}"));
        names.collect()
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        let mut head = vec![0; 64 * 1024];
        let length = self.read_at(input, 0, &mut head)?;
        head.truncate(length);
        Ok(head)
    }

    fn length(&self) -> u64 {
        let written = self.written.load(Ordering::SeqCst);
        (self.inputs.iter())
            .map(|input| input.len().min(written) as u64)
            .sum()
    }
}

/// The recording of a program that takes this many steps, each of one event.
#[allow(clippy::too_many_lines, reason = "one arm a kind of event")]
pub(crate) fn inputs(seed: u64, steps: u64) -> Vec<Vec<u8>> {
    let mut random = Random(seed);
    let mut cores = [Stream::default(), Stream::default()];
    for core in &mut cores {
        introduce(core, &["main", "worker", "net", "idle_hook", "log"]);
    }
    let mut now = 0;
    let mut live: Vec<u32> = Vec::new();
    let mut fresh = HEAP;
    let mut dropped = 0;
    for step in 0..steps {
        // Busy stretches, and quiet ones.
        now += if step / 5000 % 2 == 0 {
            random.below(20)
        } else {
            random.below(900)
        };
        let core = &mut cores[random.below(2) as usize];
        match random.below(100) {
            0..30 => {
                // No block reaches into the next one.
                fresh += 1024;
                let reused = live.len() as u32 > 200;
                let address = if reused { live[3] } else { fresh };
                if !reused {
                    live.push(address);
                }
                let size = 1 + random.below(900) as u32;
                let caller = 0x4008_0000 + random.below(40) as u32 * 16;
                let payload = numbers(&[address, size, caller, 0x4009_0000]);
                core.send(
                    now,
                    Packet::Other {
                        id: 512,
                        payload: &payload,
                    },
                );
            }
            30..56 if !live.is_empty() => {
                let address = live.swap_remove(random.below(live.len() as u64) as usize);
                let payload = numbers(&[address, 0x4008_1000]);
                core.send(
                    now,
                    Packet::Other {
                        id: 513,
                        payload: &payload,
                    },
                );
            }
            56..74 => {
                let task = 64 * (1 + random.below(5)) as u32;
                core.send(now, Packet::TaskStartExec { task });
            }
            74..78 => core.send(now, Packet::IsrEnter { interrupt: 5 }),
            78..82 => core.send(now, Packet::IsrExit),
            82..85 => core.send(now, Packet::Idle),
            85..88 => {
                let task = 64 * (1 + random.below(5)) as u32;
                core.send(now, Packet::TaskStartReady { task });
            }
            88..91 => {
                let task = 64 * (1 + random.below(5)) as u32;
                core.send(now, Packet::TaskStopReady { task, cause: 4 });
            }
            91..95 => {
                let text = format!("message {step}");
                let options = random.below(3) as u32;
                let print = Print {
                    text: Text(text.as_bytes()),
                    options,
                    arguments: Arguments::NONE,
                };
                core.send(now, Packet::PrintFormatted(print));
            }
            95 => core.send(now, Packet::Extended(Extended::Mark { marker: 3 })),
            96 => core.send(
                now,
                Packet::Other {
                    id: 34,
                    payload: &[10],
                },
            ),
            97 if random.below(40) == 0 => {
                dropped += 2;
                core.send(
                    now,
                    Packet::Overflow {
                        drop_count: dropped,
                    },
                );
            }
            98 => {
                let payload = numbers(&[0, 4096, 0x4008_0000]);
                core.send(
                    now,
                    Packet::Other {
                        id: 512,
                        payload: &payload,
                    },
                );
            }
            99 => {
                // A free of what nobody knows, or of what was freed already.
                let payload = numbers(&[HEAP + 1024 * random.below(50) as u32, 0x4008_1000]);
                core.send(
                    now,
                    Packet::Other {
                        id: 513,
                        payload: &payload,
                    },
                );
            }
            _ => core.send(
                now,
                Packet::Other {
                    id: 40,
                    payload: &[],
                },
            ),
        }
    }
    cores.into_iter().map(|core| core.bytes).collect()
}

const HEAP: u32 = 0x3FFB_0000;

/// Asks a question of a trace that was read.
pub(crate) fn ask(engine: &mut Engine<'_>, route: &str, parameters: &[(&str, &str)]) -> Value {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let parameters: Vec<_> = parameters.iter().map(owned).collect();
    let query = Query::parse(route, &parameters).unwrap();
    serde_json::from_slice(&engine.ask_and_wait(&query).unwrap()).unwrap()
}

/// An engine that has read everything.
pub(crate) fn engine(program: &Program, inputs: Vec<Vec<u8>>) -> Engine<'_> {
    let source = Box::new(Memory::new(inputs));
    let mut engine = Engine::new(source, program, Naming::default()).unwrap();
    engine.read_all();
    engine
}
