//! Lines of what a device prints, which comes in pieces.

/// A line that does not end within this many bytes is cut.
const LONGEST: usize = 1024;

/// What was printed and not shown yet.
#[derive(Debug, Default)]
pub(super) struct Lines(String);

impl Lines {
    pub(super) fn put(&mut self, piece: &str) {
        self.0 += piece;
    }

    /// The next whole line, without its end.
    pub(super) fn next(&mut self) -> Option<String> {
        match self.0.find('\n') {
            Some(end) => {
                let line: String = self.0.drain(..=end).collect();
                Some(line.trim_end_matches(['\r', '\n']).to_owned())
            }
            None if self.0.len() > LONGEST => self.rest(),
            None => None,
        }
    }

    /// What there is of a line that will not end.
    pub(super) fn rest(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.0);
        (!line.is_empty()).then_some(line)
    }
}
