//! The number of a call site.

/// Which call site of a trace: they are numbered from 0, without holes, in order of first appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(u32);

impl SiteId {
    /// The call site with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its number, as an index into a list of all call sites.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
