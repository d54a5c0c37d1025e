//! What Espressif's `sysviewtrace_proc.py` makes of a recording in ESP-IDF's dialect: its rules, of ESP-IDF 6.1, in our own
//! words. It reads the files of all cores first, each by itself, then goes through their events in order of time, and gives
//! up at whatever it does not expect.

use std::collections::{BTreeSet, HashMap};

use leakscope_systemview::id;
use leakscope_systemview::sync::SYNC;

/// What its heap report says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct HeapReport {
    pub events: u64,
    pub leaked_blocks: u64,
    pub leaked_bytes: u64,
}

/// Reads recordings, one a core.
///
/// # Errors
/// What the script gives up at, in words.
pub fn read(recordings: &[&[u8]]) -> Result<HeapReport, String> {
    let cores: Vec<Core> = recordings
        .iter()
        .map(|bytes| Core::read(bytes))
        .collect::<Result<_, _>>()?;
    let mut events: Vec<(usize, &Event)> = Vec::new();
    for (number, core) in cores.iter().enumerate() {
        events.extend(core.events.iter().map(|event| (number, event)));
    }
    events.sort_by(|(_, one), (_, other)| one.seconds.total_cmp(&other.seconds));
    let mut contexts = vec![Context::default(); cores.len()];
    let mut heap = Heap::default();
    // It puts off what it cannot give to a context, and then takes the first event that it can once more for each of them.
    let mut put_off = 0;
    for (number, event) in events {
        contexts[number].follow(event, &cores[number])?;
        if !contexts[number].is_known {
            put_off += 1;
            continue;
        }
        for _ in 0..=put_off {
            heap.follow(event)?;
        }
        put_off = 0;
    }
    Ok(HeapReport {
        events: heap.events,
        leaked_blocks: heap.live.len() as u64,
        leaked_bytes: heap.live.values().map(|&size| u64::from(size)).sum(),
    })
}

/// An event, with the fields that matter.
struct Event {
    seconds: f64,
    kind: Kind,
}

enum Kind {
    Interrupt(u32),
    InterruptEnds,
    Runs(u32),
    Stops(u32),
    Alloc(u32, u32),
    Free(u32),
    Other,
}

/// One core's file.
#[derive(Default)]
struct Core {
    events: Vec<Event>,
    interrupts: BTreeSet<u32>,
    tasks: BTreeSet<u32>,
}

/// Once a script has seen who runs, it knows.
#[derive(Clone, Default)]
struct Context {
    stack: Vec<Option<u32>>,
    is_known: bool,
}

#[derive(Default)]
struct Heap {
    events: u64,
    live: HashMap<u32, u32>,
}

/// The bytes that are left.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    /// `None` where the recording ends, also in the middle of an event: that is no error.
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = 0_u64;
        for shift in 0.. {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << (7 * shift);
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(value as u32)
    }

    /// A number of 14 bits at most: ids and lengths.
    fn short(&mut self) -> Option<u32> {
        let low = u32::from(self.byte()?);
        match low & 0x80 {
            0 => Some(low),
            _ => Some(u32::from(self.byte()?) << 7 | (low & 0x7F)),
        }
    }

    fn text(&mut self) -> Option<&'b [u8]> {
        let length = usize::from(self.byte()?);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

/// The fields of SystemView's own events, `u` a number and `s` a text, by id.
const FIELDS: [&str; 28] = [
    "", "u", "u", "", "u", "", "u", "uu", "u", "uus", "", "", "u", "uu", "s", "u", "u", "", "",
    "u", "", "uuuu", "uus", "", "uuuu", "us", "suu", "u",
];

impl Core {
    fn read(recording: &[u8]) -> Result<Self, String> {
        let mut core = Self::default();
        let mut module = None;
        let mut clock = Clock::default();
        let rest = recording.strip_prefix(&SYNC);
        let mut bytes = Bytes(rest.ok_or("the recording begins with no sync")?);
        while let Some(event) = core.event(&mut bytes, &mut module, &mut clock)? {
            core.events.push(event);
        }
        Ok(core)
    }

    /// The next event; `None` at the end.
    fn event(
        &mut self,
        bytes: &mut Bytes<'_>,
        module: &mut Option<u32>,
        clock: &mut Clock,
    ) -> Result<Option<Event>, String> {
        let Some(id) = bytes.short() else {
            return Ok(None);
        };
        let has_length = id >= id::FIRST_WITH_LENGTH;
        let Some(length) = (if has_length { bytes.short() } else { Some(0) }) else {
            return Ok(None);
        };
        let before = bytes.0.len();
        let kind_of_heap = module
            .and_then(|offset| id.checked_sub(offset))
            .filter(|&kind| kind < 2);
        let (numbers, texts) = if let Some(fields) = FIELDS.get(id as usize) {
            let Some(fields) = read_fields(bytes, fields) else {
                return Ok(None);
            };
            fields
        } else if id < id::FIRST_MODULE {
            return Err(format!("event {id} is not known"));
        } else {
            let Some((payload, rest)) = bytes.0.split_at_checked(length as usize) else {
                return Ok(None);
            };
            bytes.0 = rest;
            let mut payload = Bytes(payload);
            let numbers = std::iter::from_fn(|| payload.number());
            (numbers.collect(), Vec::new())
        };
        if has_length && before - bytes.0.len() != length as usize {
            return Err(format!(
                "event {id} has a length of {length}, which is wrong"
            ));
        }
        let Some(delta) = bytes.number() else {
            return Ok(None);
        };
        let mut words = Vec::new();
        for text in texts {
            words.push(std::str::from_utf8(text).map_err(|error| format!("event {id}: {error}"))?);
        }
        self.learn(id, &numbers, &words, module);
        let seconds = clock.advance(id, &numbers, delta);
        let first = numbers.first().copied().unwrap_or(0);
        let kind = match (kind_of_heap, id) {
            (Some(0), _) => Kind::Alloc(first, numbers.get(1).copied().unwrap_or(0)),
            (Some(_), _) => Kind::Free(first),
            (None, id::ISR_ENTER) => Kind::Interrupt(first),
            (None, id::ISR_EXIT | id::ISR_TO_SCHEDULER) => Kind::InterruptEnds,
            (None, id::TASK_START_EXEC) => Kind::Runs(first),
            (None, id::TASK_STOP_READY) => Kind::Stops(first),
            (None, _) => Kind::Other,
        };
        Ok(Some(Event { seconds, kind }))
    }

    /// Names, wherever they stand in the file.
    fn learn(&mut self, id: u32, numbers: &[u32], words: &[&str], module: &mut Option<u32>) {
        match (id, numbers, words) {
            (id::TASK_INFO, &[task, _], _) => {
                self.tasks.insert(task);
            }
            (id::SYSDESC, _, [text]) => {
                let named = text
                    .strip_prefix("I#")
                    .and_then(|rest| rest.split_once('='));
                if let Some((number, name)) = named
                    && !name.is_empty()
                {
                    self.interrupts.extend(number.parse::<u32>());
                }
            }
            (id::MODULEDESC, &[_, offset], ["M=ESP32 SystemView Heap Tracing Module"]) => {
                *module = Some(offset);
            }
            _ => {}
        }
    }
}

fn read_fields<'b>(bytes: &mut Bytes<'b>, fields: &str) -> Option<(Vec<u32>, Vec<&'b [u8]>)> {
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for field in fields.bytes() {
        match field {
            b'u' => numbers.push(bytes.number()?),
            _ => texts.push(bytes.text()?),
        }
    }
    Some((numbers, texts))
}

/// Ticks count from the event that tells how many there are in a second; each start begins anew.
#[derive(Default)]
struct Clock {
    ticks: u64,
    hz: Option<u32>,
}

impl Clock {
    fn advance(&mut self, id: u32, numbers: &[u32], delta: u32) -> f64 {
        if id == id::TRACE_START {
            self.ticks = 0;
            return 0.0;
        }
        if id == id::INIT {
            self.hz = numbers.first().copied();
        }
        let Some(hz) = self.hz else {
            return f64::from(delta);
        };
        self.ticks += u64::from(delta);
        self.ticks as f64 / f64::from(hz)
    }
}

impl Context {
    fn follow(&mut self, event: &Event, core: &Core) -> Result<(), String> {
        match event.kind {
            Kind::Interrupt(number) => {
                if !core.interrupts.contains(&number) {
                    return Err(format!("interrupt {number} has no name"));
                }
                self.stack.push(None);
            }
            Kind::InterruptEnds => {
                self.stack.pop();
            }
            Kind::Runs(task) => {
                known(task, core)?;
                self.stack = vec![Some(task)];
            }
            Kind::Stops(task) => {
                known(task, core)?;
                if self.stack.last() == Some(&Some(task)) {
                    self.stack.pop();
                } else if !self.stack.is_empty() {
                    return Ok(());
                }
            }
            _ => return Ok(()),
        }
        self.is_known = true;
        Ok(())
    }
}

fn known(task: u32, core: &Core) -> Result<(), String> {
    if core.tasks.contains(&task) {
        Ok(())
    } else {
        Err(format!("task {task:#x} has no name"))
    }
}

impl Heap {
    fn follow(&mut self, event: &Event) -> Result<(), String> {
        match event.kind {
            Kind::Alloc(address, size) => {
                self.events += 1;
                if self.live.insert(address, size).is_some() {
                    return Err(format!("{address:#x} is allocated twice"));
                }
            }
            Kind::Free(address) => {
                self.events += 1;
                self.live.remove(&address);
            }
            _ => {}
        }
        Ok(())
    }
}
