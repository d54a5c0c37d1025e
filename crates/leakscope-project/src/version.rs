//! Which ESP-IDF a project is built with.

use std::fmt;

/// A version of ESP-IDF, as far as options depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Its first number.
    pub major: u16,
    /// Its second number.
    pub minor: u16,
}

impl Version {
    /// The oldest whose options were looked up.
    pub const OLDEST: Self = Self { major: 4, minor: 4 };
    /// The newest whose options were looked up: ESP-IDF's master of July 2026.
    pub const NEWEST: Self = Self { major: 6, minor: 2 };

    /// The version at the beginning of a text: `v5.3.2`, `5.3.2-dirty`, `v6.1-beta1-12-gabcdef0`. None of a text that
    /// begins with something else, such as a commit's hash.
    pub fn of(text: &str) -> Option<Self> {
        let numbers = text.trim().trim_start_matches('v');
        let (major, rest) = numbers.split_once('.')?;
        let minor: &str = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

pub(crate) const V5_0: Version = Version { major: 5, minor: 0 };
pub(crate) const V5_1: Version = Version { major: 5, minor: 1 };
pub(crate) const V5_3: Version = Version { major: 5, minor: 3 };
pub(crate) const V5_5: Version = Version { major: 5, minor: 5 };
pub(crate) const V6_0: Version = Version { major: 6, minor: 0 };
pub(crate) const V6_1: Version = Version { major: 6, minor: 1 };
