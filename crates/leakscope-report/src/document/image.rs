//! `leakscope image`'s document: what an image of memory holds, and what was found in it.

use serde::{Deserialize, Serialize};

use super::Address;
use super::memory::Memory;

/// An image of memory. `docs/image-json.md` describes the JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schema", rename = "leakscope.image")]
pub struct Image {
    /// Of the schema: [`Image::VERSION`].
    pub version: u32,
    /// Bytes of memory.
    pub bytes: u64,
    /// Where they lay, in order of addresses.
    pub segments: Vec<Segment>,
    /// Registers: of each core, or of each task.
    pub threads: Vec<Thread>,
    /// The recording at whose end the image was made, if the file says it.
    pub trace: Option<String>,
    /// For how long the device stood still meanwhile, in milliseconds.
    pub halted_ms: Option<f64>,
    /// What is wrong with the file, a sentence each without a full stop.
    pub problems: Vec<String>,
    /// Who points at the blocks; `None` if nobody knows of any.
    pub memory: Option<Memory>,
    /// Blocks at which nothing points and of which nobody knows who allocated them: those that are alike together,
    /// those with the most bytes first.
    pub lost: Vec<Alike>,
    /// What points at one block, if that was asked.
    pub held: Option<Held>,
}

impl Image {
    /// The version of the schema.
    pub const VERSION: u32 = 1;
}

/// A stretch of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its first byte.
    pub start: Address,
    /// Its length.
    pub length_bytes: u64,
}

/// Registers of a core or of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// ESP-IDF: the address of the task's control block. Linux: the thread's number. Our own files: the core's number.
    pub id: Address,
    /// How many are in the image.
    pub registers: u64,
    /// Where its stack was.
    pub stack_pointer: Option<Address>,
}

/// Blocks of one size that begin with the same word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// How many.
    pub blocks: u64,
    /// The size of each.
    pub block_bytes: u64,
    /// The first word.
    pub first_word: Address,
    /// The variable at that address: the table of methods of a C++ object says what it is.
    pub variable: Option<String>,
}

/// What points at one block, in words. Texts come from the program and the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The block: its place, its size, whether it can be reached, and whose it is.
    pub block: String,
    /// Why it is not known to be lost, if it looks so: something is missing from the image (`memory.missing`).
    pub doubt: Option<String>,
    /// The shortest way to it, if it can be reached.
    pub way: Option<String>,
    /// Each word that points at it.
    pub holders: Vec<String>,
}
