//! Reading the parts of a line, one after the other.

/// Why a part could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The line ends where the part could go on.
    End,
    /// Something else stands there.
    Other,
}

/// A line, and how far it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'t> {
    rest: &'t str,
    is_between_words: bool,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(line: &'t str) -> Self {
        Self {
            rest: line,
            is_between_words: false,
        }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    /// Whether the line ends here, or goes on with something else than a letter or a digit.
    pub(super) fn is_between_words(&self) -> bool {
        self.is_between_words || !self.rest.starts_with(char::is_alphanumeric)
    }

    /// What was read is whole, with any text behind it.
    pub(super) fn end_word(&mut self) {
        self.is_between_words = true;
    }

    /// Letters and what stands between them in names, or nothing.
    pub(super) fn words(&mut self) -> &'t str {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-');
        let rest = self.rest.trim_start_matches(is_part);
        let words = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        words
    }

    /// Everything before this character, which must come.
    pub(super) fn up_to(&mut self, character: char) -> Result<&'t str, Stop> {
        let (before, _) = self.rest.split_once(character).ok_or(Stop::End)?;
        self.rest = &self.rest[before.len()..];
        Ok(before)
    }

    /// Whether nothing but spaces is left.
    pub(super) fn is_blank(&self) -> bool {
        self.rest.trim().is_empty()
    }

    pub(super) fn spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// Exactly this text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Stop> {
        if let Some(rest) = self.rest.strip_prefix(text) {
            self.rest = rest;
            return Ok(());
        }
        Err(if text.starts_with(self.rest) {
            Stop::End
        } else {
            Stop::Other
        })
    }

    /// Whether this text stands there; then it was read.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        self.text(text).is_ok()
    }

    /// A decimal number.
    pub(super) fn number(&mut self) -> Result<u64, Stop> {
        self.digits(10)
    }

    /// A hexadecimal number without `0x`.
    pub(super) fn hexadecimal(&mut self) -> Result<u64, Stop> {
        self.digits(16)
    }

    /// What C's `%p` prints: `0x3ffb1234`, or `(nil)`.
    pub(super) fn pointer(&mut self) -> Result<u64, Stop> {
        if self.eat("(nil)") {
            return Ok(0);
        }
        self.text("0x")?;
        self.hexadecimal()
    }

    /// At least this many of one character; returns how many.
    pub(super) fn run_of(&mut self, character: char, least: usize) -> Result<usize, Stop> {
        let rest = self.rest.trim_start_matches(character);
        let count = self.rest.len() - rest.len();
        if count < least {
            return Err(if rest.is_empty() {
                Stop::End
            } else {
                Stop::Other
            });
        }
        self.rest = rest;
        Ok(count)
    }

    fn digits(&mut self, radix: u32) -> Result<u64, Stop> {
        /// Digits of a pointer of 32 or 64 bits. A word in capitals may run on behind fewer.
        const WHOLE: [usize; 2] = [8, 16];
        let run = |is_digit: &dyn Fn(char) -> bool| {
            self.rest.find(|c| !is_digit(c)).unwrap_or(self.rest.len())
        };
        let small = run(&|c| c.is_digit(radix) && !c.is_ascii_uppercase());
        let capital = run(&|c| c.is_digit(radix) && !c.is_ascii_lowercase());
        let end = if WHOLE.contains(&capital) {
            capital.max(small)
        } else {
            small
        };
        let (digits, rest) = self.rest.split_at(end);
        if digits.is_empty() && rest.is_empty() {
            return Err(Stop::End);
        }
        let number = u64::from_str_radix(digits, radix).map_err(|_| Stop::Other)?;
        self.rest = rest;
        Ok(number)
    }
}
