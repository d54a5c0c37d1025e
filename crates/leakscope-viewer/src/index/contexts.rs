//! Numbers for tasks, interrupts and whoever else runs.

use leakscope_analysis::trace::Context;
use rustc_hash::FxHashMap;

/// A number for each context, in order of first appearance. No program has so many that they run out; what
/// would come after the last is taken for unknown.
#[derive(Clone, Debug)]
pub(crate) struct Contexts {
    list: Vec<Context>,
    others: FxHashMap<Context, u16>,
    tasks: Vec<u16>,
}

/// Number of [`Context::Unknown`].
pub(crate) const UNKNOWN: u16 = 0;

const NONE: u16 = u16::MAX;

impl Default for Contexts {
    fn default() -> Self {
        Self {
            list: vec![Context::Unknown],
            others: FxHashMap::from_iter([(Context::Unknown, UNKNOWN)]),
            tasks: Vec::new(),
        }
    }
}

impl Contexts {
    /// The number of a context; a new one gets the next.
    #[inline]
    pub(crate) fn number(&mut self, context: Context) -> u16 {
        match self.known(context) {
            Some(number) => number,
            None => self.add(context),
        }
    }

    /// The number of a context, if it has one.
    #[inline]
    pub(crate) fn known(&self, context: Context) -> Option<u16> {
        match context {
            Context::Task(task) => {
                let number = self.tasks.get(task.index()).copied();
                number.filter(|&number| number != NONE)
            }
            other => self.others.get(&other).copied(),
        }
    }

    #[cold]
    fn add(&mut self, context: Context) -> u16 {
        if self.list.len() >= usize::from(NONE) {
            return UNKNOWN;
        }
        let number = self.list.len() as u16;
        self.list.push(context);
        match context {
            Context::Task(task) => {
                if task.index() >= self.tasks.len() {
                    self.tasks.resize(task.index() + 1, NONE);
                }
                self.tasks[task.index()] = number;
            }
            other => {
                self.others.insert(other, number);
            }
        }
        number
    }

    /// All of them, by number.
    pub(crate) fn list(&self) -> &[Context] {
        &self.list
    }
}
