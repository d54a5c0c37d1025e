//! Options of a project: the lines of `sdkconfig` and of `sdkconfig.defaults`.
//!
//! A line is `CONFIG_X=y`, `CONFIG_X=12`, `CONFIG_X="text"` or `# CONFIG_X is not set`; others say nothing. From ESP-IDF
//! 6.0 on, a comment `# default:` stands above options that nobody has set, which is as good as any other comment here.

use std::collections::BTreeMap;

use crate::version::Version;

/// How the names of options begin in these files.
pub(crate) const PREFIX: &str = "CONFIG_";
const NOT_SET: &str = " is not set";

/// One option, set on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment<'t> {
    /// The number of the line, from 1.
    pub line: usize,
    /// Its name without `CONFIG_`.
    pub name: &'t str,
    /// Its value without quotes; `n` if it is not set.
    pub value: &'t str,
}

/// The assignments in a text, in its order.
pub fn assignments(text: &str) -> impl Iterator<Item = Assignment<'_>> {
    let lines = (1..).zip(text.lines());
    lines.filter_map(|(line, text)| {
        let text = text.trim();
        let (name, value) = match text.strip_prefix('#') {
            Some(comment) => (comment.trim_start().strip_suffix(NOT_SET)?, "n"),
            None => text.split_once('=')?,
        };
        let value = value.trim();
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        Some(Assignment {
            line,
            name: name.trim().strip_prefix(PREFIX)?,
            value: quoted.unwrap_or(value),
        })
    })
}

/// The options of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdkconfig {
    values: BTreeMap<String, String>,
    /// As the header says it: from ESP-IDF 5.0 on.
    header: Option<Version>,
}

impl Sdkconfig {
    /// Reads `sdkconfig`. Of an option that is set twice, the last line counts, as it does for ESP-IDF.
    pub fn parse(text: &[u8]) -> Self {
        const HEADER: &str = "# Espressif IoT Development Framework (ESP-IDF) ";
        let text = String::from_utf8_lossy(text);
        let values = assignments(&text).map(|set| (set.name.to_owned(), set.value.to_owned()));
        let mut headers = text.lines().filter_map(|line| line.strip_prefix(HEADER));
        Self {
            values: values.collect(),
            header: headers.find_map(Version::of),
        }
    }

    /// The value of an option, by its name without `CONFIG_`; none if it is not mentioned.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Whether an option is `y`.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some("y")
    }

    /// An option as a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }

    /// The version that it was written by; the one that the project was begun with if that is not said (5.2 and newer).
    pub fn version(&self) -> Option<Version> {
        let begun_with = || Version::of(self.get("IDF_INIT_VERSION")?);
        self.header.or_else(begun_with)
    }
}
