//! A target's memory at one moment, as a whole.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Memory, MemoryError, Registers};
use crate::course::Debugger;

/// A target's memory and registers at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Bytes, and the address of the first.
    pub pieces: Vec<(u64, Vec<u8>)>,
    /// Addresses that could not be read.
    pub unread: Vec<Range<u64>>,
    /// The registers of each core that stands still and, where the debugger knows them, of each task; none if they cannot be
    /// had.
    pub registers: Vec<Registers>,
    /// How long the target stood still for it.
    pub halted: Duration,
}

/// An order for a snapshot at the end of a recording: its owner looks into it meanwhile, and afterwards.
#[derive(Clone, Debug, Default)]
pub struct SnapshotRequest {
    wanted: Vec<Range<u64>>,
    stack_pointer: Option<StackPointer>,
    taken: Arc<Mutex<Option<Snapshot>>>,
    progress: Arc<[AtomicU64; 2]>,
}

/// What finds the stack pointer in registers.
type FindPointer = dyn Fn(&Registers) -> Option<u64> + Send + Sync;

#[derive(Clone)]
struct StackPointer(Arc<FindPointer>);

impl fmt::Debug for StackPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StackPointer")
    }
}

/// What one read asks for: a piece that cannot be had costs no more than this.
const PIECE: u64 = 4096;

/// No stack of a core or task that is not a variable of the program reaches further than this.
const STACK: u64 = 64 << 10;

impl SnapshotRequest {
    /// Asks for the memory in these ranges, besides what the debugger knows to be RAM.
    pub fn new(wanted: Vec<Range<u64>>) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Asks for stacks too, wherever they lie: from the stack pointer on, which `find` knows of registers.
    #[must_use]
    pub fn with_stacks(
        mut self,
        find: impl Fn(&Registers) -> Option<u64> + Send + Sync + 'static,
    ) -> Self {
        self.stack_pointer = Some(StackPointer(Arc::new(find)));
        self
    }

    /// The snapshot, if it was made.
    pub fn taken(&self) -> Option<Snapshot> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }

    /// How many bytes were read, and of how many; `None` if the reading has not begun.
    pub fn progress(&self) -> Option<(u64, u64)> {
        let [done, all] = [0, 1].map(|index: usize| self.progress[index].load(Ordering::Relaxed));
        (all > 0).then_some((done, all))
    }

    /// Reads the registers and the memory of a target that stands still. What cannot be read is noted.
    pub fn take<D: Debugger + Memory>(&self, target: &mut D) {
        let begin = Instant::now();
        let ranges = joined([&*self.wanted, &target.ram()].concat());
        let all = ranges.iter().map(|range| range.end - range.start).sum();
        self.progress[1].store(all, Ordering::Relaxed);
        let mut snapshot = Snapshot {
            registers: target.registers(),
            ..Snapshot::default()
        };
        let can_be_read = ranges
            .iter()
            .all(|range| snapshot.read(target, range, &self.progress[0]));
        if can_be_read {
            snapshot.read_stacks(target, self.stack_pointers(&snapshot.registers));
        }
        snapshot.halted = begin.elapsed();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = Some(snapshot);
    }

    /// Where the stacks are that these registers tell.
    fn stack_pointers(&self, registers: &[Registers]) -> Vec<u64> {
        let find = self.stack_pointer.iter();
        find.flat_map(|find| registers.iter().filter_map(|core| find.0(core)))
            .collect()
    }
}

/// All addresses in any of these ranges, in order, in ranges that do not touch.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, range| {
        let touches = next.start <= range.end;
        if touches {
            range.end = range.end.max(next.end);
        }
        touches
    });
    ranges
}

impl Snapshot {
    /// Reads a range piece by piece; whether more can be read.
    fn read(&mut self, memory: &mut dyn Memory, range: &Range<u64>, done: &AtomicU64) -> bool {
        let mut from = range.start;
        while from < range.end {
            let to = range.end.min((from / PIECE + 1).saturating_mul(PIECE));
            let mut bytes = vec![0; (to - from) as usize];
            match memory.read(from, &mut bytes) {
                Ok(()) => match self.pieces.last_mut() {
                    Some((start, piece)) if *start + piece.len() as u64 == from => {
                        piece.extend(bytes);
                    }
                    _ => self.pieces.push((from, bytes)),
                },
                Err(MemoryError::Lost(_)) => {
                    self.unread.push(from..range.end);
                    return false;
                }
                Err(MemoryError::Unmapped { .. } | MemoryError::Running) => {
                    match self.unread.last_mut() {
                        Some(unread) if unread.end == from => unread.end = to,
                        _ => self.unread.push(from..to),
                    }
                }
            }
            done.fetch_add(to - from, Ordering::Relaxed);
            from = to;
        }
        true
    }

    /// Reads what lies above these stack pointers, up to the end of the memory there or to what was read already.
    fn read_stacks(&mut self, memory: &mut dyn Memory, pointers: Vec<u64>) {
        for pointer in pointers {
            let mut from = pointer & !7;
            let end = from.saturating_add(STACK);
            while from < end && !self.holds(from) {
                let next = self.pieces.iter().map(|(start, _)| *start);
                let limit = next.filter(|start| *start > from).min().unwrap_or(end);
                let to = end.min(limit).min((from / PIECE + 1).saturating_mul(PIECE));
                let mut bytes = vec![0; (to - from) as usize];
                if memory.read(from, &mut bytes).is_err() {
                    break;
                }
                self.pieces.push((from, bytes));
                from = to;
            }
        }
    }

    fn holds(&self, address: u64) -> bool {
        let mut pieces = self.pieces.iter();
        pieces.any(|(start, bytes)| (*start..*start + bytes.len() as u64).contains(&address))
    }
}
