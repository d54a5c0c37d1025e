//! Whether the core is in the ids, where no header says so: told by trial.

use super::{Ready, Special, Stream};
use crate::trace::layout::Part;

/// What became of bytes that were read in one of the two ways.
#[derive(Clone, Copy, Debug, Default)]
struct Trial {
    /// Bytes that are no packets.
    skipped: u64,
    /// Packets of the second core.
    second_core: u64,
}

/// Read in the right way, this many times fewer bytes are skipped.
const RIGHT: u64 = 4;

/// Fewer packets of a second core are what damage may look like.
const LEAST: u64 = 8;

/// Whether ids carry the core in the bytes at the front of a recording.
pub(in crate::trace) fn has_core_bits(bytes: &[u8]) -> bool {
    let plain = Trial::of(bytes, false);
    if plain.skipped == 0 {
        return false;
    }
    let with_cores = Trial::of(bytes, true);
    with_cores.second_core >= LEAST && with_cores.skipped * RIGHT <= plain.skipped
}

impl Trial {
    fn of(bytes: &[u8], core_bit: bool) -> Self {
        let part = Part {
            core_bit,
            ..Part::default()
        };
        let mut stream = Stream::new(part);
        let mut rest = bytes;
        let mut trial = Self::default();
        loop {
            if let Some(number) = stream.take_frame() {
                trial.second_core += u64::from(stream.numbered(number).core());
                continue;
            }
            match stream.take_special() {
                Some(Special::Skipped { bytes, .. } | Special::BeforeStart { bytes, .. }) => {
                    trial.skipped += bytes;
                    continue;
                }
                Some(Special::Nothing { .. }) => trial.skipped = bytes.len() as u64,
                _ => {}
            }
            match stream.prepare() {
                Ready::Item => {}
                Ready::NeedBytes => {
                    let space = stream.space();
                    let (now, later) = rest.split_at(rest.len().min(space.len()));
                    space[..now.len()].copy_from_slice(now);
                    rest = later;
                    stream.supply(now.len());
                }
                Ready::End => return trial,
            }
        }
    }
}
