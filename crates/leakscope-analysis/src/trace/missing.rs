//! Which core's data are missing, or end before the others': what that core freed, nobody has seen.

use super::Trace;
use super::stream::Stream;

/// What a core did, and nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingPart {
    pub(crate) core: u8,
    /// The input in which its data should be.
    pub(crate) input: usize,
    /// Since when they are missing; `None` if there are none at all.
    pub(crate) since: Option<u64>,
}

/// The data of several cores never end at one moment. What is missing for longer than this share of the trace counts.
const LEAST_SHARE: u64 = 20;

impl Trace {
    /// The cores of which data are missing, as far as all streams have come to their end. A core whose last packet is whole
    /// may have had nothing to do any more, and is not one of them.
    pub(crate) fn missing_parts(&self) -> Vec<MissingPart> {
        let streams = || self.streams.iter().map(|source| &source.stream);
        let any_packet = streams().any(|stream| stream.last_time().is_some());
        if !any_packet || !streams().all(Stream::has_ended) {
            return Vec::new();
        }
        let parts = self.streams.iter().filter_map(|source| {
            let since = match source.stream.last_time() {
                None => None,
                Some(end) if source.damaged_at == Some(end) && self.is_before_end(end) => Some(end),
                Some(_) => return None,
            };
            let input = source.stream.part.input;
            Some(MissingPart {
                core: source.core,
                input,
                since,
            })
        });
        parts.collect()
    }

    fn is_before_end(&self, moment: u64) -> bool {
        self.end.saturating_sub(moment) > self.end / LEAST_SHARE
    }
}
