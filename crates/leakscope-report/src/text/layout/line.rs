//! A line of text, in pieces that are painted differently.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::sanitise::sanitise;

/// What a piece of text is, as far as its colour goes. Colour repeats what the words say, and is never
/// the only sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::text) enum Paint {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading, or a number that matters.
    Strong,
    /// Labels and other things that may be passed over.
    Dim,
    /// An accusation.
    Leak,
    /// Something that makes the report less sure.
    Warning,
    /// An acquittal.
    Good,
}

impl Paint {
    pub(super) fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Leak => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Good => AnsiColor::Green.on_default().bold(),
        }
    }
}

/// A line of painted pieces, whose text does nothing to a terminal, wherever it came from. A no-break space keeps words together when lines are broken, and is written
/// as a space.
#[derive(Clone, Debug, Default)]
pub(in crate::text) struct Line {
    pub(super) pieces: Vec<(Paint, String)>,
}

impl Line {
    pub(in crate::text) fn new() -> Self {
        Self::default()
    }

    /// With `text` behind what is there.
    pub(in crate::text) fn paint(mut self, paint: Paint, text: impl AsRef<str>) -> Self {
        self.pieces
            .push((paint, sanitise(text.as_ref()).into_owned()));
        self
    }

    pub(in crate::text) fn plain(self, text: impl AsRef<str>) -> Self {
        self.paint(Paint::Plain, text)
    }

    pub(in crate::text) fn strong(self, text: impl AsRef<str>) -> Self {
        self.paint(Paint::Strong, text)
    }

    pub(in crate::text) fn dim(self, text: impl AsRef<str>) -> Self {
        self.paint(Paint::Dim, text)
    }

    /// In columns of a terminal.
    pub(in crate::text) fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.width()).sum()
    }

    /// Broken at spaces into lines of at most `width`; a word that is wider stays whole.
    pub(super) fn broken(&self, width: usize) -> Vec<Self> {
        let mut lines = vec![Self::new()];
        let mut used = 0;
        for (paint, text) in self.words() {
            let wide = text.width();
            let line = lines.len() - 1;
            if text == " " {
                // Spaces at the end of a line, or at the start of the next, are not written.
                if used > 0 {
                    lines[line].pieces.push((paint, " ".to_owned()));
                    used += 1;
                }
            } else if used > 0 && used + wide > width && lines[line].ends_in_space() {
                lines[line].trim();
                lines.push(Self::new().paint(paint, text));
                used = wide;
            } else {
                lines[line].pieces.push((paint, text.to_owned()));
                used += wide;
            }
        }
        if let Some(last) = lines.last_mut() {
            last.trim();
        }
        lines
    }

    /// Whether a line may be broken here: two pieces without a space between them are one word.
    fn ends_in_space(&self) -> bool {
        let last = self.pieces.last();
        last.is_some_and(|(_, text)| text == " ")
    }

    /// Words and single spaces.
    fn words(&self) -> impl Iterator<Item = (Paint, &str)> {
        self.pieces.iter().flat_map(|(paint, text)| {
            text.split_inclusive(' ').flat_map(move |word| {
                let (word, space) = match word.strip_suffix(' ') {
                    Some(word) => (word, " "),
                    None => (word, ""),
                };
                [(*paint, word), (*paint, space)]
                    .into_iter()
                    .filter(|(_, text)| !text.is_empty())
            })
        })
    }

    fn trim(&mut self) {
        while self.pieces.last().is_some_and(|(_, text)| text == " ") {
            self.pieces.pop();
        }
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::new().plain(text)
    }
}
