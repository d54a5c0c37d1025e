//! A recording in parts: when one ends, and what the next one has to know of those before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::rotated::expand;
use leakscope_systemview::{Frame, FrameError, Packet, id, sync, varint};

/// When a part ends and the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// When it has this many bytes.
    Size(u64),
    /// After this time.
    Time(Duration),
}

/// The parts so far.
#[derive(Debug)]
pub(super) struct Rotator {
    rotation: Rotation,
    /// As the user calls all of it.
    whole: PathBuf,
    /// The header that the device has sent, which is that of each part.
    pub(super) sent_header: Vec<u8>,
    /// The same in all parts, and in those of no other recording.
    id: String,
    number: u32,
    length: u64,
    began: Instant,
    /// What has come of a packet that is not whole.
    carry: Vec<u8>,
    /// What a reader must know: packets by what they tell of, with a delta of 0.
    known: BTreeMap<(u32, Vec<u8>), Vec<u8>>,
    /// Events of modules that were described: whether they define something for later ones.
    described: BTreeMap<u32, bool>,
    /// Packets of modules' events that came before their description, as `known` has them: a recorder may tell first
    /// what the description says is a definition.
    undescribed: BTreeMap<u32, BTreeMap<Vec<u8>, Vec<u8>>>,
}

/// More descriptions than any program has are not repeated.
const MOST_KNOWN: usize = 10_000;
/// Events of modules; damage may look like any others.
const MOST_EVENTS: usize = 64;
/// A packet that takes more is damage.
const LONGEST: usize = 64 * 1024;

impl Rotator {
    pub(super) fn new(rotation: Rotation, whole: &Path) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.unwrap_or_default().as_nanos();
        Self {
            rotation,
            whole: whole.to_owned(),
            sent_header: Vec::new(),
            id: format!("{since:x}-{:x}", std::process::id()),
            number: 1,
            length: 0,
            began: Instant::now(),
            carry: Vec::new(),
            known: BTreeMap::new(),
            described: BTreeMap::new(),
            undescribed: BTreeMap::new(),
        }
    }

    /// Where this part lies: `heap.svdat` has the parts `heap.0001.svdat`, `heap.0002.svdat`, …
    pub(super) fn path(&self) -> PathBuf {
        part_path(&self.whole, &format!("{:04}", self.number))
    }

    /// What the header of this part says besides: which part of which recording it is, and how many bytes behind the
    /// header those before it have had.
    pub(super) fn header_lines(&self, repeated: usize) -> String {
        let (number, id) = (self.number, &self.id);
        format!("; Recording    {id}\n; Part         {number}\n; Repeated     {repeated}\n")
    }

    /// The next part begins: where it lies, and what it has to repeat.
    pub(super) fn next(&mut self) -> (PathBuf, Vec<u8>) {
        self.number += 1;
        self.length = 0;
        self.began = Instant::now();
        let mut known = sync::SYNC.to_vec();
        known.extend([id::TRACE_START as u8, 0]);
        // Frequencies first: all others need them.
        let init = self.known.iter().filter(|((id, _), _)| *id == id::INIT);
        let others = self.known.iter().filter(|((id, _), _)| *id != id::INIT);
        known.extend(init.chain(others).flat_map(|(_, packet)| packet));
        (self.path(), known)
    }

    /// Takes bytes into account that are to be written; how many of them belong to this part, if it then ends. Only
    /// those were taken into account.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let before = self.carry.len();
        let mut buffer = std::mem::take(&mut self.carry);
        buffer.extend_from_slice(bytes);
        let mut at: usize = 0;
        loop {
            let taken = at.checked_sub(before);
            if let Some(taken) = taken
                && self.is_due(taken)
            {
                return Some(taken);
            }
            let rest = &buffer[at..];
            if rest.starts_with(&sync::SYNC) {
                at += sync::SYNC.len();
                continue;
            }
            match Frame::split(rest) {
                _ if sync::SYNC.starts_with(rest) => break,
                Ok(frame) => {
                    self.learn(&frame);
                    at += frame.length;
                }
                Err(FrameError::Incomplete) if rest.len() < LONGEST => break,
                Err(_) => at += 1,
            }
        }
        self.carry = buffer.split_off(at);
        self.length += bytes.len() as u64;
        None
    }

    fn is_due(&self, taken: usize) -> bool {
        let length = self.length + taken as u64;
        length > 0
            && match self.rotation {
                Rotation::Size(size) => length >= size,
                Rotation::Time(time) => self.began.elapsed() >= time,
            }
    }

    fn learn(&mut self, frame: &Frame<'_>) {
        let first = frame.payload.iter().position(|byte| byte & 0x80 == 0);
        let first = &frame.payload[..first.map_or(0, |end| end + 1)];
        if frame.id == id::MODULEDESC
            && let Ok(Packet::ModuleDesc { offset, text, .. }) = Packet::parse(frame)
        {
            let text = text.to_string();
            let events = text.split(',').filter_map(described);
            events.for_each(|(number, defines)| {
                self.describe(offset.saturating_add(number), defines);
            });
        }
        let subject = match frame.id {
            // A session that begins tells all anew.
            id::TRACE_START => {
                self.described.clear();
                self.undescribed.clear();
                return self.known.clear();
            }
            id::INIT | id::NUMMODULES => &[],
            id::TASK_CREATE | id::TASK_INFO | id::STACK_INFO | id::NAME_RESOURCE => first,
            id::SYSDESC | id::MODULEDESC => frame.payload,
            id::EX if is_description(frame.payload) => frame.payload,
            number if number < id::FIRST_MODULE => return,
            number => match self.described.get(&number) {
                Some(true) => first,
                Some(false) => return,
                None => return self.wait_for_description(number, first, without_delta(frame)),
            },
        };
        self.know((frame.id, subject.to_vec()), without_delta(frame));
    }

    fn know(&mut self, subject: (u32, Vec<u8>), packet: Vec<u8>) {
        if self.known.len() < MOST_KNOWN || self.known.contains_key(&subject) {
            self.known.insert(subject, packet);
        }
    }

    fn describe(&mut self, number: u32, defines: bool) {
        self.described.insert(number, defines);
        let waiting = self.undescribed.remove(&number).filter(|_| defines);
        for (subject, packet) in waiting.into_iter().flatten() {
            self.know((number, subject), packet);
        }
    }

    fn wait_for_description(&mut self, number: u32, subject: &[u8], packet: Vec<u8>) {
        let all: usize = self.undescribed.values().map(BTreeMap::len).sum();
        if self.undescribed.len() < MOST_EVENTS || self.undescribed.contains_key(&number) {
            let waiting = self.undescribed.entry(number).or_default();
            if all < MOST_KNOWN || waiting.contains_key(subject) {
                waiting.insert(subject.to_vec(), packet);
            }
        }
    }
}

fn part_path(whole: &Path, number: &str) -> PathBuf {
    let mut name = whole.file_stem().unwrap_or_default().to_owned();
    name.push(".");
    name.push(number);
    if let Some(extension) = whole.extension() {
        name.push(".");
        name.push(extension);
    }
    whole.with_file_name(name)
}

/// The first file that has the name of a part of this recording, whatever it is.
pub fn first_part(whole: &Path) -> Option<PathBuf> {
    let parts = expand(part_path(whole, "*").to_str()?);
    let is_part = |path: &Path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let number = stem.rsplit('.').next().unwrap_or_default();
        number.len() >= 4
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && part_path(whole, number) == path
    };
    let mut parts = parts.into_iter().map(PathBuf::from);
    parts.find(|path| is_part(path))
}

/// The number of an event out of a module's description, and whether it defines something: then its first parameter is the
/// number of what it defines (`5 Stack Number=%u Frames: …`), or the version of all (`4 Heap Version=%u …`).
fn described(event: &str) -> Option<(u32, bool)> {
    let mut words = event.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let first = words.nth(1).unwrap_or_default();
    let defines = first.starts_with("Number=") || first.starts_with("Version=");
    Some((number, defines))
}

/// Whether an extended event describes something.
fn is_description(payload: &[u8]) -> bool {
    use id::extended::{HEAP_DEFINE, NAME_MARKER, REGISTER_DATA};
    let number = payload.first().map(|&byte| u32::from(byte));
    number.is_some_and(|number| [HEAP_DEFINE, NAME_MARKER, REGISTER_DATA].contains(&number))
}

/// The packet as of no time later than the one before it.
fn without_delta(frame: &Frame<'_>) -> Vec<u8> {
    let mut packet = Vec::new();
    let mut put = |number: u32| {
        let (digits, length) = varint::write(number);
        packet.extend_from_slice(&digits[..length]);
    };
    put(frame.id);
    if frame.id >= id::FIRST_WITH_LENGTH {
        put(frame.payload.len() as u32);
    }
    packet.extend_from_slice(frame.payload);
    packet.push(0);
    packet
}
