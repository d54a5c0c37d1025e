//! What a rule answers: a verdict, how sure it is, and why, in words that hold numbers.

/// What is said of a call site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Blocks are allocated again and again, and none is ever freed.
    LeakSteady,
    /// Some blocks are freed, and yet there are always more.
    LeakGrowing,
    /// Every cycle that the user marked leaves blocks behind.
    LeakPerCycle,
    /// Most blocks are freed soon; a few stay for good.
    LeakSurvivors,
    /// No pattern accuses it, but in an image of memory nothing points at some of its blocks any more.
    Lost,
    /// Blocks are freed, but only when the program stops.
    LateRelease,
    /// The number of blocks stopped growing early.
    Bounded,
    /// Everything was allocated at start-up.
    Once,
    /// What is outstanding is younger than such blocks usually get.
    InFlight,
    /// No pattern fits.
    Unclassified,
    /// Lost data could explain what is outstanding.
    Uncertain,
    /// Nothing is outstanding.
    AllFreed,
}

impl Verdict {
    /// All there are.
    pub const ALL: [Self; 12] = [
        Self::LeakSteady,
        Self::LeakGrowing,
        Self::LeakPerCycle,
        Self::LeakSurvivors,
        Self::Lost,
        Self::LateRelease,
        Self::Bounded,
        Self::Once,
        Self::InFlight,
        Self::Unclassified,
        Self::Uncertain,
        Self::AllFreed,
    ];

    /// The name that programs read: `leak-steady`, `late-release`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeakSteady => "leak-steady",
            Self::LeakGrowing => "leak-growing",
            Self::LeakPerCycle => "leak-per-cycle",
            Self::LeakSurvivors => "leak-survivors",
            Self::Lost => "lost",
            Self::LateRelease => "late-release",
            Self::Bounded => "bounded",
            Self::Once => "once",
            Self::InFlight => "in-flight",
            Self::Unclassified => "unclassified",
            Self::Uncertain => "uncertain",
            Self::AllFreed => "all-freed",
        }
    }

    /// Whether it accuses the call site.
    pub const fn is_leak(self) -> bool {
        matches!(
            self,
            Self::LeakSteady | Self::LeakGrowing | Self::LeakPerCycle | Self::LeakSurvivors
        )
    }
}

/// How much a verdict can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A hint.
    Low,
    /// Probably so.
    Medium,
    /// The data leave no other reading.
    High,
}

impl Confidence {
    /// `low`, `medium` or `high`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// One step surer.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium | Self::High => Self::High,
        }
    }

    /// One step less sure.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// One piece of a reason: text, or a number whose unit the report chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// As it is.
    Text(&'static str),
    /// A number of things.
    Count(u64),
    /// Bytes.
    Bytes(u64),
    /// A moment, in ticks since the trace began.
    Moment(u64),
    /// A length of time, in ticks.
    Duration(u64),
    /// Hundredths.
    Percent(u32),
}

impl Word {
    /// The words that fit one of a kind, or any other number.
    pub(crate) const fn one_or(count: u64, one: &'static str, several: &'static str) -> Self {
        Self::Text(if count == 1 { one } else { several })
    }
}

/// Why a verdict was given, in words: "27 of 27 blocks never freed, one every 9.0 ms".
///
/// The pieces are joined without spaces between them.
pub type Reason = Vec<Word>;

/// A verdict with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is said.
    pub verdict: Verdict,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why.
    pub reason: Reason,
}

impl Finding {
    /// Blocks were freed after the recording had paused: the call site is judged as if they had been freed when its session ended.
    pub(crate) fn note_freed_later(&mut self, blocks: u64) {
        self.reason.extend([
            Word::Text("; "),
            Word::Count(blocks),
            Word::one_or(blocks, " was", " were"),
            Word::Text(" freed only after the recording had paused"),
        ]);
    }

    /// Of a call site where every allocation failed.
    pub(crate) fn nothing_allocated() -> Self {
        Self {
            verdict: Verdict::AllFreed,
            confidence: Confidence::High,
            reason: vec![Word::Text("no allocation succeeded here")],
        }
    }
}
