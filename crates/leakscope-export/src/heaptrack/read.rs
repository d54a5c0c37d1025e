//! Reading heaptrack's files, versions 1 to 3: a recording is made of one, as our own recorder would have sent it, so that
//! everything that reads recordings reads it.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;

use leakscope_report::FrameSource;
use leakscope_symbols::CodeFrame;
use leakscope_systemview::{Init, Packet, sync::SYNC, varint};
use rustc_hash::FxHashMap;

/// What a heaptrack file says of the program's code.
#[derive(Clone, Debug, Default)]
pub struct Heaptrack {
    /// By return address. Never listed: no order reaches an output.
    code: FxHashMap<u64, Arc<[CodeFrame]>>,
    /// Blocks of more than a device has, which count as 4 GiB less a byte each.
    pub shortened: u64,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HeaptrackError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is of another version.
    #[error("it is a heaptrack file of version {0}; versions 1 to 3 are read")]
    Version(u64),
    /// It was not interpreted yet.
    #[error(
        "it is a raw heaptrack file: `heaptrack_interpret < FILE > NEW` makes one that can be read"
    )]
    Raw,
    /// A line is not what it should be.
    #[error("line {line} of the heaptrack file cannot be read: `{text}`")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What it says.
        text: String,
    },
}

impl Heaptrack {
    /// Whether a file that begins with these bytes is heaptrack's.
    pub fn is_one(head: &[u8]) -> bool {
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let words = std::str::from_utf8(line).unwrap_or_default();
        let mut words = words.strip_prefix("v ").unwrap_or_default().split(' ');
        let is_number = |word: &str| u64::from_str_radix(word, 16).is_ok();
        words.next().is_some_and(is_number) && words.all(is_number)
    }

    /// Makes a recording of a file.
    ///
    /// Blocks have no addresses in such a file: they get some. Of several blocks of one size and call stack, the oldest
    /// is taken to be the one that is freed, so that none seems older than it is.
    ///
    /// # Errors
    /// Those of reading and writing, and files that are damaged or of another version. What was written until then is a
    /// recording.
    pub fn translate(file: impl Read, recording: impl Write) -> Result<Self, HeaptrackError> {
        let mut lines = io::BufReader::new(file);
        let mut reader = Reader::new(recording);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if lines.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let text = line.strip_suffix(b"\n");
            let text = text.unwrap_or(&line);
            let is_read = reader.line(text)?;
            if is_read.is_none() {
                return Err(HeaptrackError::Line {
                    line: number,
                    text: String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned(),
                });
            }
        }
        reader.finish()
    }
}

impl FrameSource for Heaptrack {
    fn frames(&self, return_address: u64) -> Arc<[CodeFrame]> {
        let known = self.code.get(&return_address).map(Arc::clone);
        known.unwrap_or_default()
    }
}

/// What the lines have defined, and the recording that is made of them.
struct Reader<W> {
    recording: W,
    version: u64,
    strings: Vec<Arc<str>>,
    addresses: Vec<u64>,
    /// Number of the address, and the caller's number, of which 0 is none.
    stacks: Vec<[usize; 2]>,
    allocations: Vec<Allocations>,
    /// Addresses of blocks that are free to be used again.
    places: Vec<u32>,
    /// How many were used.
    used: u32,
    /// By its number in the recording: the stack that was sent, by its number in the file.
    sent: Vec<usize>,
    milliseconds: u64,
    /// Up to where the recording tells.
    told: u64,
    shortened: u64,
    code: FxHashMap<u64, Arc<[CodeFrame]>>,
}

/// Allocations of one size by one stack.
struct Allocations {
    size: u64,
    stack: usize,
    /// The places of those that live, the oldest first.
    live: VecDeque<u32>,
}

/// The first event of the heap's module.
const MODULE: u32 = 512;
/// Events of our own recorder's heap module: `docs/dialects.md`.
const ALLOC: u32 = 0;
const FREE: u32 = 1;
const HEAP: u32 = 4;
const WIDE_STACK: u32 = 6;
/// Numbers at most this many stacks at once.
const STACKS: usize = (1 << 16) - 1;
/// Frames beyond these are left out: a packet has an end.
const DEEPEST: usize = 512;

impl<W: Write> Reader<W> {
    fn new(recording: W) -> Self {
        Self {
            recording,
            version: 0,
            strings: Vec::new(),
            addresses: Vec::new(),
            stacks: Vec::new(),
            allocations: Vec::new(),
            places: Vec::new(),
            used: 0,
            sent: vec![0; STACKS],
            milliseconds: 0,
            told: 0,
            shortened: 0,
            code: FxHashMap::default(),
        }
    }

    /// Takes a line; `None` if it cannot be read.
    fn line(&mut self, line: &[u8]) -> Result<Option<()>, HeaptrackError> {
        let Some((&letter, rest)) = line.split_first() else {
            return Ok(Some(()));
        };
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let text = String::from_utf8_lossy(rest);
        let mut numbers = text
            .split_ascii_whitespace()
            .map_while(|word| u64::from_str_radix(word, 16).ok());
        match letter {
            b'v' if self.version == 0 => {
                self.version = numbers.nth(1).unwrap_or(0);
                if !(1..=3).contains(&self.version) {
                    return Err(HeaptrackError::Version(self.version));
                }
                self.begin()?;
            }
            _ if self.version == 0 => return Ok(None),
            b'X' => self.describe(&text)?,
            b'm' | b'x' => return Err(HeaptrackError::Raw),
            b's' => {
                let string = match self.version {
                    ..3 => Some(&*text),
                    _ => text.split_once(' ').map(|(_, string)| string),
                };
                self.strings.push(string.unwrap_or_default().into());
            }
            b'i' | b't' | b'a' | b'c' => {
                return Ok(self.define(letter, &numbers.collect::<Vec<_>>()));
            }
            b'+' | b'-' => match numbers.next() {
                Some(kind) => return Ok(self.event(letter == b'+', kind as usize)?),
                None => return Ok(None),
            },
            // The process' memory, comments, rules that excuse leaks; and what later versions add.
            _ => {}
        }
        Ok(Some(()))
    }

    /// An address, a stack, allocations of a size by a stack; and the time.
    fn define(&mut self, letter: u8, numbers: &[u64]) -> Option<()> {
        match (letter, numbers) {
            (b'i', _) => self.define_address(numbers)?,
            (b't', [address, caller, ..]) => {
                self.stacks.push([*address as usize, *caller as usize]);
            }
            (b'a', [size, stack, ..]) => self.allocations.push(Allocations {
                size: *size,
                stack: *stack as usize,
                live: VecDeque::new(),
            }),
            (b'c', [milliseconds, ..]) => self.milliseconds = self.milliseconds.max(*milliseconds),
            _ => return None,
        }
        Some(())
    }

    /// The start of a recording.
    fn begin(&mut self) -> io::Result<()> {
        self.recording.write_all(&SYNC)?;
        self.send(&Packet::TraceStart)?;
        self.send(&Packet::Init(Init {
            timestamp_hz: 1000,
            cpu_hz: 0,
            ram_base: 0,
            id_shift: 0,
        }))?;
        self.send(&Packet::ModuleDesc {
            module: 0,
            offset: MODULE,
            text: "M=leakscope heap".into(),
        })?;
        // Version, bytes of a pointer, shift, depth, size; bases of the heap and of code.
        self.send_heap(HEAP, &[1, 8, 0, DEEPEST as u32, 0, 0, 0, 0, 0])
    }

    /// What was recorded, by the command that ran.
    fn describe(&mut self, command: &str) -> io::Result<()> {
        /// Descriptions are short.
        const LONGEST: usize = 64;
        let program = command.split(' ').next().unwrap_or_default();
        let name = program.rsplit('/').next().unwrap_or_default();
        // Commas and equal signs have a meaning in a description.
        let name = name.chars().filter(|character| !",=".contains(*character));
        let text = format!("N={},O=Linux", name.take(LONGEST).collect::<String>());
        self.send(&Packet::SysDesc {
            text: text.as_str().into(),
        })
    }

    fn define_address(&mut self, numbers: &[u64]) -> Option<()> {
        let [address, _module, places @ ..] = numbers else {
            return None;
        };
        let text = |number: u64| {
            let place = (number as usize).checked_sub(1)?;
            self.strings.get(place).map(Arc::clone)
        };
        let (triples, _) = places.as_chunks::<3>();
        let frames = triples
            .iter()
            .enumerate()
            .map(|(place, &[function, file, line])| CodeFrame {
                function: text(function),
                file: text(file),
                line: u32::try_from(line).ok().filter(|&line| line > 0),
                column: None,
                inlined: place + 1 < triples.len(),
            });
        let frames: Arc<[CodeFrame]> = frames.collect();
        self.addresses.push(*address);
        self.code.entry(*address).or_insert(frames);
        Some(())
    }

    /// A block begins or ends.
    fn event(&mut self, is_begin: bool, kind: usize) -> io::Result<Option<()>> {
        let Some(allocations) = self.allocations.get_mut(kind) else {
            return Ok(None);
        };
        let size = u32::try_from(allocations.size).unwrap_or(u32::MAX);
        self.shortened += u64::from(is_begin && allocations.size > size.into());
        let stack = allocations.stack;
        if is_begin {
            let place = self.places.pop().unwrap_or_else(|| {
                self.used += 1;
                self.used
            });
            allocations.live.push_back(place);
            let stack = self.send_stack(stack)?;
            self.send_heap(ALLOC, &[0, size, stack, place])?;
        } else if let Some(place) = allocations.live.pop_front() {
            self.places.push(place);
            self.send_heap(FREE, &[0, size, 0, place])?;
        }
        Ok(Some(()))
    }

    /// The number of a stack in the recording, where it is defined if it is not.
    fn send_stack(&mut self, stack: usize) -> io::Result<u32> {
        if stack == 0 {
            return Ok(0);
        }
        let number = stack % STACKS;
        if self.sent[number] != stack {
            self.sent[number] = stack;
            let mut fields = vec![number as u32 + 1];
            let mut next = stack;
            // A caller was defined before: a chain that says otherwise has no end.
            while let Some(&[address, caller]) =
                next.checked_sub(1).and_then(|at| self.stacks.get(at))
                && fields.len() < 2 * DEEPEST
            {
                let address = address.checked_sub(1).and_then(|at| self.addresses.get(at));
                let address = address.copied().unwrap_or(0);
                fields.extend([address as u32, (address >> 32) as u32]);
                next = if caller < next { caller } else { 0 };
            }
            self.send_heap(WIDE_STACK, &fields)?;
        }
        Ok(number as u32 + 1)
    }

    fn send_heap(&mut self, number: u32, fields: &[u32]) -> io::Result<()> {
        let mut payload = Vec::with_capacity(fields.len() * 3);
        for &field in fields {
            let (bytes, length) = varint::write(field);
            payload.extend(&bytes[..length]);
        }
        let id = MODULE + number;
        self.send(&Packet::Other {
            id,
            payload: &payload,
        })
    }

    fn send(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let delta = self.milliseconds - self.told;
        self.told = self.milliseconds;
        let mut buffer = [0; 16 * DEEPEST];
        let length = packet.encode(delta as u32, &mut buffer);
        self.recording
            .write_all(&buffer[..length.map_err(io::Error::other)?])
    }

    fn finish(mut self) -> Result<Heaptrack, HeaptrackError> {
        self.send(&Packet::TraceStop)?;
        self.recording.flush()?;
        Ok(Heaptrack {
            code: self.code,
            shortened: self.shortened,
        })
    }
}
