//! Packets that stand in two streams: Espressif's OpenOCD writes what concerns both cores to the files
//! of both ([`id::is_for_both_cores`](leakscope_systemview::id::is_for_both_cores)), and they must be acted on
//! once.

use std::hash::Hasher;

use rustc_hash::FxHasher;

/// A moment has no more such packets, unless they are garbage: a start sequence, with all that is known, has some hundred.
const MOST_WAITING: usize = 1024;

/// The packets of the present moment of which a copy may follow in another stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    time: u64,
    waiting: Vec<(usize, u64)>,
}

impl Copies {
    /// Whether this packet is the copy of one that came from another stream at the same time.
    pub(super) fn is_copy(&mut self, stream: usize, time: u64, id: u32, payload: &[u8]) -> bool {
        if time != self.time {
            self.time = time;
            self.waiting.clear();
        }
        let mut hasher = FxHasher::default();
        hasher.write_u32(id);
        hasher.write(payload);
        let hash = hasher.finish();
        let original = self
            .waiting
            .iter()
            .position(|&(from, other)| from != stream && other == hash);
        match original {
            Some(original) => {
                self.waiting.swap_remove(original);
                true
            }
            None => {
                if self.waiting.len() < MOST_WAITING {
                    self.waiting.push((stream, hash));
                }
                false
            }
        }
    }
}
