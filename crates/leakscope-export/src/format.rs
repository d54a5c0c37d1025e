//! The formats.

use crate::facts::Facts;
use crate::folded::Folded;
use crate::heaptrack::Heaptrack;
use crate::output::Output;
use crate::perfetto::Perfetto;
use crate::pprof::Pprof;
use crate::selection::Selection;
use crate::sink::Sink;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Traces of Perfetto: who ran, what happened to the heap, flame graphs.
    Perfetto,
    /// Profiles of Go, which many tools read.
    Pprof,
    /// What heaptrack's programs read.
    Heaptrack,
    /// A line a stack.
    Folded,
}

/// What a format with one number a stack counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Bytes that were not freed.
    #[default]
    Outstanding,
    /// Those of call sites that leak.
    Leaked,
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
        Self::Allocated,
        Self::Peak,
        Self::Count,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outstanding => "outstanding",
            Self::Leaked => "leaked",
            Self::Allocated => "allocated",
            Self::Peak => "peak",
            Self::Count => "count",
        }
    }

    /// The value of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|value| value.name() == name)
    }
}

impl Format {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Perfetto, Self::Pprof, Self::Heaptrack, Self::Folded];

    /// What it is called, and what its files' names end with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Perfetto => "perfetto",
            Self::Pprof => "pprof",
            Self::Heaptrack => "heaptrack",
            Self::Folded => "folded",
        }
    }

    /// What it is for, and what opens it.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Perfetto => {
                "tasks, interrupts, heap, logs and flame graphs on one time line: ui.perfetto.dev"
            }
            Self::Pprof => {
                "who allocated and who holds the heap, as graph, flame graph or source: `go tool pprof`, speedscope.app"
            }
            Self::Heaptrack => {
                "the heap over time, call tree, comparison of two recordings: `heaptrack_gui`, `heaptrack_print`"
            }
            Self::Folded => "flame graphs as pictures: `inferno-flamegraph`, `flamegraph.pl`, speedscope.app",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|format| format.name() == name)
    }

    /// Whether people cannot read it.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Perfetto | Self::Pprof)
    }

    /// Whether it is packed in any case.
    pub const fn is_packed(self) -> bool {
        matches!(self, Self::Pprof)
    }

    /// Begins to write a recording to `out`.
    pub fn begin<'r>(
        self,
        facts: &'r Facts<'r>,
        selection: &Selection,
        value: Value,
        out: Output<'r>,
    ) -> Box<dyn Sink + 'r> {
        match self {
            Self::Perfetto => Box::new(Perfetto::new(facts, selection, out)),
            Self::Pprof => Box::new(Pprof::new(facts, out)),
            Self::Heaptrack => Box::new(Heaptrack::new(facts, out)),
            Self::Folded => Box::new(Folded::new(facts, value, out)),
        }
    }
}
