//! A target's memory at one moment, as a whole.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Memory, MemoryError};

/// A target's memory and registers at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Bytes, and the address of the first.
    pub pieces: Vec<(u64, Vec<u8>)>,
    /// Addresses that could not be read.
    pub unread: Vec<Range<u64>>,
    /// The registers of the core that stands still, in GDB's order (the answer to `g`); empty if they are not known.
    pub registers: Vec<u8>,
    /// How long the target stood still for it.
    pub halted: Duration,
}

/// An order for a snapshot at the end of a recording: its owner looks into it afterwards.
#[derive(Clone, Debug, Default)]
pub struct SnapshotRequest {
    /// What is wanted.
    pub ranges: Vec<Range<u64>>,
    taken: Arc<Mutex<Option<Snapshot>>>,
}

/// What one read asks for: a piece that cannot be had costs no more than this.
const PIECE: u64 = 4096;

impl SnapshotRequest {
    /// Asks for the memory in these ranges.
    pub fn new(ranges: Vec<Range<u64>>) -> Self {
        Self {
            ranges,
            taken: Arc::default(),
        }
    }

    /// The snapshot, if it was made.
    pub fn taken(&self) -> Option<Snapshot> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }

    /// Reads the memory of a target that stands still. What cannot be read is noted.
    pub fn take(&self, memory: &mut dyn Memory, registers: Vec<u8>) {
        let begin = Instant::now();
        let mut snapshot = Snapshot {
            registers,
            ..Snapshot::default()
        };
        for range in &self.ranges {
            if !snapshot.read(memory, range) {
                break;
            }
        }
        snapshot.halted = begin.elapsed();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = Some(snapshot);
    }
}

impl Snapshot {
    /// Reads a range piece by piece; whether more can be read.
    fn read(&mut self, memory: &mut dyn Memory, range: &Range<u64>) -> bool {
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
            from = to;
        }
        true
    }
}
