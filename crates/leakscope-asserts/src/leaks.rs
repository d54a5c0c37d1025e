//! What was left, for people and for programs.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::fmt;
use std::path::PathBuf;
use std::ptr;

use crate::ledger::{self, Stack, Sum};

/// Blocks that were left, by the call stacks that allocated them; those with the most bytes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaks {
    /// Whose allocations these are.
    pub watched: Watched,
    /// A call stack each.
    pub sites: Vec<Site>,
}

/// What was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The calling thread, while it ran once.
    Thread,
    /// All threads meanwhile.
    AllThreads,
    /// The calling thread, while it ran so many times.
    Rounds(usize),
}

/// Blocks that one call stack has allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// How many; of growth, how many more.
    pub blocks: usize,
    /// How many bytes were asked for; of growth, how many more.
    pub bytes: usize,
    /// From the function that allocated out to the code that was watched, without the allocator's and this crate's own. None,
    /// if the compiler has put all of it into this crate's, and no line tables say so.
    pub frames: Vec<Frame>,
}

/// A function in a call stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Its name, or its address if it has none.
    pub function: String,
    /// Where it was, if the program has debug information.
    pub file: Option<PathBuf>,
    /// The line in that file, from 1 on.
    pub line: Option<u32>,
}

impl Leaks {
    pub(crate) fn of(watched: Watched, sums: BTreeMap<Stack, Sum>) -> Self {
        let mut sites: Vec<Site> = Vec::new();
        for (stack, sum) in sums {
            let all = named(&stack);
            // The test harness keeps what is printed until the test is over.
            if all
                .iter()
                .any(|frame| frame.function.contains("std::io::stdio::"))
            {
                continue;
            }
            let frames = of_the_watched(all);
            // A loop that was unrolled has several addresses for one line.
            match sites.iter_mut().find(|site| site.frames == frames) {
                Some(site) => {
                    site.blocks += sum.blocks;
                    site.bytes += sum.bytes;
                }
                None => sites.push(Site {
                    blocks: sum.blocks,
                    bytes: sum.bytes,
                    frames,
                }),
            }
        }
        sites.sort_by_key(|site| std::cmp::Reverse(site.bytes));
        Self { watched, sites }
    }

    /// Whether nothing was left.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// Does nothing if nothing was left.
    ///
    /// # Panics
    /// With all that was left.
    #[track_caller]
    pub fn assert_none(&self) {
        assert!(self.is_empty(), "{self}");
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.sites.iter().fold(Sum::default(), |sum, site| Sum {
            blocks: sum.blocks + site.blocks,
            bytes: sum.bytes + site.bytes,
        });
        let amount_of_all = amount(all.blocks, all.bytes);
        match self.watched {
            Watched::Thread => writeln!(f, "{amount_of_all}, not freed:")?,
            Watched::AllThreads => writeln!(
                f,
                "{amount_of_all}, not freed, of all threads (of other tests too, if they ran meanwhile):"
            )?,
            Watched::Rounds(rounds) => writeln!(f, "{amount_of_all} more after {rounds} rounds:")?,
        }
        for site in &self.sites {
            writeln!(f, "  {}, allocated by", amount(site.blocks, site.bytes))?;
            if site.frames.is_empty() {
                writeln!(
                    f,
                    "      code without lines: debug = true in the profile names it"
                )?;
            }
            for frame in &site.frames {
                writeln!(f, "      {frame}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, " ({}:{line})", file.display()),
            (Some(file), None) => write!(f, " ({})", file.display()),
            _ => Ok(()),
        }
    }
}

fn amount(blocks: usize, bytes: usize) -> String {
    // A block that has grown is none more.
    if blocks == 0 {
        return format!("{bytes} B");
    }
    let plural = if blocks == 1 { "" } else { "s" };
    format!("{blocks} block{plural}, {bytes} B")
}

/// All functions of a stack, those too that were inlined.
fn named(stack: &[usize]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for &address in stack {
        let before = frames.len();
        // What looking names up allocates is nobody's leak.
        ledger::unnoted(|_| {
            backtrace::resolve(ptr::without_provenance_mut::<c_void>(address), |symbol| {
                let name = symbol.name().map(|name| format!("{name:#}"));
                frames.push(Frame {
                    function: name.unwrap_or_else(|| format!("{address:#x}")),
                    file: symbol.filename().map(Into::into),
                    line: symbol.lineno(),
                });
            });
        });
        if frames.len() == before {
            frames.push(Frame {
                function: format!("{address:#x}"),
                ..Frame::default()
            });
        }
    }
    frames
}

/// The frames up to this crate's own outermost one, without those that only pass an allocation or a call on. If there is nothing
/// else, without this crate's own and what it walks stacks with.
fn of_the_watched(mut frames: Vec<Frame>) -> Vec<Frame> {
    let passes_on = |frame: &Frame| frame.is_of(&PASS_ON) || frame.is_ours();
    let is_watched = |frame: &Frame| !passes_on(frame);
    if let Some(inner) = frames.iter().position(is_watched) {
        let outer = frames[inner..].iter().position(Frame::is_ours);
        frames.truncate(outer.map_or(frames.len(), |outer| inner + outer));
        frames.retain(is_watched);
    } else {
        frames.retain(|frame| !frame.is_ours() && !frame.is_of(&WALKS));
    }
    frames
}

/// What walks stacks.
const WALKS: [(&str, &str); 1] = [("backtrace::", "/backtrace-")];

/// Names of functions and files begin with, or hold, one of these, if they only pass an allocation on. A function that was
/// inlined has its file and no more than the end of its name, if line tables are all that is known.
const PASS_ON: [(&str, &str); 6] = [
    ("alloc::", "/library/alloc/"),
    ("core::", "/library/core/"),
    ("std::", "/library/std/"),
    ("hashbrown::", "/hashbrown-"),
    ("backtrace::", "/backtrace-"),
    ("__r", "/library/"),
];

impl Frame {
    fn is_ours(&self) -> bool {
        let sources = file!().strip_suffix("leaks.rs").unwrap_or(file!());
        self.is_of(&[("leakscope_asserts::", sources)])
    }

    fn is_of(&self, crates: &[(&str, &str)]) -> bool {
        let name = self.function.trim_start_matches(['<', '&']);
        let file = self.file.as_ref().map(|file| file.to_string_lossy());
        let is_in = |part: &str| file.as_ref().is_some_and(|file| file.contains(part));
        crates
            .iter()
            .any(|(begin, part)| name.starts_with(begin) || is_in(part))
    }
}
