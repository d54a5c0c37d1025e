//! What an image of memory says: what was looked at, and who holds the blocks.

use leakscope_memory::reach::Kind;
use serde::{Deserialize, Serialize};

use super::Address;

/// What an image of memory says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Bytes of memory in the image.
    pub bytes: u64,
    /// Whether all variables, all live blocks and the registers of a core or task are in it. If not, a block that nothing points at may be
    /// held by what is missing.
    pub is_complete: bool,
    /// What is missing, a sentence each without a full stop.
    pub missing: Vec<String>,
    /// What is wrong with the file, a sentence each without a full stop.
    pub problems: Vec<String>,
    /// Bytes of variables and other memory outside of the heap and of stacks that were looked at.
    pub static_bytes: u64,
    /// Bytes in use of stacks.
    pub stack_bytes: u64,
    /// Bytes of the heap that are neither a known block nor known to be free: taken to be in use.
    pub unknown_bytes: u64,
    /// Bytes of blocks.
    pub block_bytes: u64,
    /// Words that point at blocks.
    pub pointers: u64,
    /// How many words would do so by chance: so many did with the heap moved to where no memory is.
    pub expected_by_chance: Option<f64>,
    /// What was found of all blocks.
    pub total: Reached,
    /// Ways from roots to blocks, a step each: those from variables first. Blocks of one call site are one step.
    pub holders: Vec<Step>,
}

/// A step of a way from a root to blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Where the way begins: `g_sessions.head (sessions.c)`, `stack of net`.
    pub root: String,
    /// What kind of memory that is.
    pub root_kind: RootKind,
    /// Where the word is that the way begins with; of registers, none.
    pub root_address: Option<Address>,
    /// The step before, an index of the list; none behind the root.
    pub parent: Option<usize>,
    /// The call site whose blocks these are, by its number; none of blocks from before the trace.
    pub call_site: Option<u32>,
    /// How many blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The way up to here: `g_sessions.head (sessions.c) → 312 × block of net_open`.
    pub way: String,
}

/// Where a way begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootKind {
    /// A variable.
    Variable,
    /// Memory outside of the heap in which no variable is known.
    Unnamed,
    /// A stack.
    Stack,
    /// A register.
    Register,
    /// Memory of the heap of which nothing is known.
    Unknown,
}

/// What an image of memory says of the blocks of one call site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Blocks at which nothing points any more …
    pub definite_blocks: u64,
    /// … and their bytes.
    pub definite_bytes: u64,
    /// Blocks at which only lost blocks point …
    pub indirect_blocks: u64,
    /// … and their bytes.
    pub indirect_bytes: u64,
    /// Blocks at which something points, on each way into the middle of a block …
    pub possible_blocks: u64,
    /// … and their bytes.
    pub possible_bytes: u64,
    /// Blocks that can be reached …
    pub reachable_blocks: u64,
    /// … and their bytes.
    pub reachable_bytes: u64,
    /// Blocks that do not live any more, by the allocator's own map; they do not count as outstanding.
    pub gone_blocks: u64,
    /// Who holds most of those that can be reached: `g_sessions.head (sessions.c) → 312 × block of net_open`.
    pub holder: Option<String>,
}

impl Reached {
    /// Blocks and bytes of a kind.
    pub const fn of(&self, kind: Kind) -> (u64, u64) {
        match kind {
            Kind::Definite => (self.definite_blocks, self.definite_bytes),
            Kind::Indirect => (self.indirect_blocks, self.indirect_bytes),
            Kind::Possible => (self.possible_blocks, self.possible_bytes),
            Kind::Reachable => (self.reachable_blocks, self.reachable_bytes),
        }
    }

    pub(crate) fn add(&mut self, kind: Kind, size: u64) {
        let (blocks, bytes) = match kind {
            Kind::Definite => (&mut self.definite_blocks, &mut self.definite_bytes),
            Kind::Indirect => (&mut self.indirect_blocks, &mut self.indirect_bytes),
            Kind::Possible => (&mut self.possible_blocks, &mut self.possible_bytes),
            Kind::Reachable => (&mut self.reachable_blocks, &mut self.reachable_bytes),
        };
        *blocks += 1;
        *bytes += size;
    }

    /// Blocks that the program cannot reach any more.
    pub const fn lost_blocks(&self) -> u64 {
        self.definite_blocks.saturating_add(self.indirect_blocks)
    }

    /// All blocks that live.
    pub const fn blocks(&self) -> u64 {
        let held = self.possible_blocks.saturating_add(self.reachable_blocks);
        self.lost_blocks().saturating_add(held)
    }
}
