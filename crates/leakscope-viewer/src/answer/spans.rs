//! Stretches of running or being ready, made as many as can be told apart.

use serde::{Serialize, Serializer};

use crate::index::stretches::Stretch;

/// Stretches in order of time, each at least as long as a column, or alone in its column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans {
    done: Vec<Stretch>,
    pending: Option<Stretch>,
    /// Whether there are several pieces in it.
    column: u64,
}

impl Spans {
    /// Adds what comes next; `column` is the length in ticks of what can be told apart.
    pub(crate) fn add(&mut self, next: Stretch, column: u64) {
        if next.ticks == 0 {
            return;
        }
        let place = next.from / column.max(1);
        match &mut self.pending {
            Some(pending) if next.to - next.from < column && self.column == place => {
                pending.to = next.to;
                pending.ticks += next.ticks;
            }
            pending => {
                self.done.extend(pending.take());
                if next.to - next.from < column {
                    *pending = Some(next);
                    self.column = place;
                } else {
                    self.done.push(next);
                }
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.done.len() + usize::from(self.pending.is_some())
    }
}

impl Serialize for Spans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.done.iter().chain(&self.pending);
        serializer.collect_seq(all.flat_map(|stretch| {
            let length = (stretch.to - stretch.from).max(1);
            [
                Number::Ticks(stretch.from),
                Number::Ticks(stretch.to),
                Number::share(stretch.ticks, length),
            ]
        }))
    }
}

/// Whole where it can be: that is shorter.
enum Number {
    Ticks(u64),
    Share(f64),
}

impl Number {
    /// To four digits, and never 0 where there is something.
    fn share(part: u64, whole: u64) -> Self {
        if part >= whole {
            return Self::Ticks(1);
        }
        let share = (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0;
        Self::Share(share.clamp(0.0001, 0.9999))
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Ticks(ticks) => serializer.serialize_u64(ticks),
            Self::Share(share) => serializer.serialize_f64(share),
        }
    }
}
