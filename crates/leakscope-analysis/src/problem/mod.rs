//! What is wrong with the data: damage is counted and said, it never ends an analysis.

mod kind;
mod message;

pub use kind::{ProblemKind, Silence};
pub use message::OTHER_TASKS;

/// Something wrong with the data, or something that was assumed to read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// The input it was first seen in, in the order in which the inputs were given.
    pub input: usize,
    /// Where in that input it was first seen, in bytes from its start.
    pub offset: Option<u64>,
    /// When it was first seen, in ticks since the trace began.
    pub time: Option<u64>,
    /// How often.
    pub count: u64,
}

impl ProblemKind {
    /// Whether two occurrences are one problem, seen twice.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::SameCoreTwice { core: a }, Self::SameCoreTwice { core: b })
            | (Self::CoreMissing { core: a }, Self::CoreMissing { core: b })
            | (Self::CoreEndsEarly { core: a, .. }, Self::CoreEndsEarly { core: b, .. })
            | (Self::CoreBeginsEarly { core: a, .. }, Self::CoreBeginsEarly { core: b, .. }) => {
                a == b
            }
            _ => core::mem::discriminant(self) == core::mem::discriminant(other),
        }
    }

    /// Adds the amounts of another occurrence.
    fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Overflow { packets: sum }, Self::Overflow { packets: more })
            | (Self::Skipped { bytes: sum }, Self::Skipped { bytes: more })
            | (Self::BeforeStart { bytes: sum }, Self::BeforeStart { bytes: more })
            | (Self::Cut { bytes: sum }, Self::Cut { bytes: more }) => *sum += more,
            _ => {}
        }
    }
}

/// The problems of a trace: one entry a kind, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// Notes one occurrence.
    pub fn add(&mut self, kind: ProblemKind, input: usize, offset: Option<u64>, time: Option<u64>) {
        self.add_all(&Problem {
            kind,
            input,
            offset,
            time,
            count: 1,
        });
    }

    /// Notes all occurrences of a problem that was counted elsewhere.
    pub fn add_all(&mut self, problem: &Problem) {
        match self
            .list
            .iter_mut()
            .find(|known| known.kind.is_same(&problem.kind))
        {
            Some(known) => {
                known.kind.add(&problem.kind);
                known.count += problem.count;
            }
            None => self.list.push(problem.clone()),
        }
    }

    /// Whether this kind of problem was seen.
    pub fn has(&self, kind: &ProblemKind) -> bool {
        self.list.iter().any(|known| known.kind.is_same(kind))
    }

    /// All of them.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }
}
