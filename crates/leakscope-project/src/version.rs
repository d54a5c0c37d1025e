//! Which ESP-IDF a project is built with.

use std::fmt;

/// A version of ESP-IDF, as far as options depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Its first number.
    pub major: u16,
    /// Its second number.
    pub minor: u16,
    /// Its third number; 0 where none is told.
    pub patch: u16,
}

impl Version {
    /// The oldest whose options were looked up.
    pub const OLDEST: Self = Self::begins(4, 4);
    /// The newest whose options were looked up: ESP-IDF's master of July 2026.
    pub const NEWEST: Self = Self {
        patch: u16::MAX,
        ..Self::begins(6, 2)
    };

    const fn begins(major: u16, minor: u16) -> Self {
        Self {
            major,
            minor,
            patch: 0,
        }
    }

    /// The version at the beginning of a text: `v5.3.2`, `5.3.2-dirty`, `v6.1-beta1-12-gabcdef0`. None of a text that
    /// begins with something else, such as a commit's hash.
    pub fn of(text: &str) -> Option<Self> {
        let numbers = text.trim().trim_start_matches('v');
        let (major, rest) = numbers.split_once('.')?;
        let (minor, rest) = digits(rest);
        let patch = rest.strip_prefix('.').map_or("", |rest| digits(rest).0);
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
            patch: patch.parse().unwrap_or(0),
        })
    }
}

/// The digits at the beginning of a text, and what follows.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

pub(crate) const V5_0: Version = Version::begins(5, 0);
pub(crate) const V5_3: Version = Version::begins(5, 3);
pub(crate) const V5_5: Version = Version::begins(5, 5);
pub(crate) const V6_0: Version = Version::begins(6, 0);
pub(crate) const V6_1: Version = Version::begins(6, 1);
