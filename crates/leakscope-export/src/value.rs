//! What is counted where a stack has one number.

/// What a format with one number a stack counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Bytes that were not freed.
    #[default]
    Outstanding,
    /// Those of call sites that leak.
    Leaked,
    /// Bytes that leak in an hour: a second is too short for whole numbers.
    Growth,
    /// Bytes that were allocated.
    Allocated,
    /// Bytes that lived when the most did.
    Peak,
    /// Allocations.
    Count,
}

impl Value {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Outstanding,
        Self::Leaked,
        Self::Growth,
        Self::Allocated,
        Self::Peak,
        Self::Count,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outstanding => "outstanding",
            Self::Leaked => "leaked",
            Self::Growth => "growth",
            Self::Allocated => "allocated",
            Self::Peak => "peak",
            Self::Count => "count",
        }
    }
}
