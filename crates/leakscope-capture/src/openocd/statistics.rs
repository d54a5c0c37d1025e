//! What Espressif's OpenOCD says of a trace: text, for people.

/// The numbers that matter of `esp sysview stop`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Blocks that the target had not finished when OpenOCD took them.
    pub(crate) incomplete_blocks: u64,
    /// Bytes that are missing.
    pub(crate) lost_bytes: u64,
}

impl Statistics {
    /// Reads them; what is not said is 0.
    ///
    /// `Data: blocks incomplete 0, lost bytes: 0`
    pub(crate) fn parse(text: &str) -> Self {
        Self {
            incomplete_blocks: number_after(text, "blocks incomplete "),
            lost_bytes: number_after(text, "lost bytes: "),
        }
    }

    /// A sentence, if something is missing.
    pub(crate) fn complaint(self) -> Option<String> {
        (self != Self::default()).then(|| {
            format!(
                "OpenOCD lost data: {} incomplete blocks, {} bytes",
                self.incomplete_blocks, self.lost_bytes
            )
        })
    }
}

fn number_after(text: &str, words: &str) -> u64 {
    let rest = text.rsplit_once(words).map_or("", |(_, rest)| rest);
    let end = rest.find(|c: char| !c.is_ascii_digit());
    let digits = &rest[..end.unwrap_or(rest.len())];
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found_among_the_lines_of_progress() {
        let text = "117940 \n117960 \nTracing is STOPPED. Size is 120157 of -1 @ 60.6 (66.1) KiB/s\n\
                    Data: blocks incomplete 2, lost bytes: 310\nBlock read time [204.0..281.0] ms\n";
        let statistics = Statistics::parse(text);
        assert_eq!(
            (statistics.incomplete_blocks, statistics.lost_bytes),
            (2, 310)
        );
        assert!(
            statistics
                .complaint()
                .is_some_and(|text| text.contains("310"))
        );
        assert_eq!(Statistics::parse("no such text").complaint(), None);
    }
}
