//! The document of `leakscope image`: an image that is looked at for its own sake.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use leakscope_memory::reach::Kind;
use leakscope_symbols::Symbols;

use super::{Examined, NO_SITE, Names};
use crate::document::Address;
use crate::document::image::{Alike, Held, Image, Segment, Thread};

impl Examined<'_> {
    /// What the image holds and what was found in it. `holds` asks what points at the block around an address: if none is
    /// known there, `held` is `None`.
    pub fn image(&self, names: &Names<'_>, holds: Option<u64>) -> Image {
        let image = self.scene.image;
        let segments = image.segments().map(|(range, _)| Segment {
            start: Address(range.start),
            length_bytes: range.end - range.start,
        });
        let threads = image.threads.iter().map(|thread| Thread {
            id: Address(thread.id),
            registers: thread.registers.len() as u64,
            stack_pointer: thread.stack_pointer.map(Address),
        });
        let about = image.about.as_ref();
        let has_blocks = !self.survey.blocks.is_empty();
        Image {
            version: Image::VERSION,
            bytes: image.len(),
            segments: segments.collect(),
            threads: threads.collect(),
            trace: about.map(|about| about.trace.clone()),
            halted_ms: about.map(|about| about.halted_us as f64 / 1e3),
            problems: image.problems.iter().map(ToString::to_string).collect(),
            memory: has_blocks.then(|| self.document(names)),
            lost: self.alike(),
            held: holds.and_then(|address| self.holds(address, names)),
        }
    }

    /// The lost blocks of which nobody knows who allocated them, by size and by what they begin with.
    fn alike(&self) -> Vec<Alike> {
        let mut counted: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        for found in &self.survey.blocks {
            if found.kind == Kind::Definite && found.block.group == NO_SITE {
                let first_word = self.scene.image.pointer(found.block.start).unwrap_or(0);
                *counted.entry((found.block.size, first_word)).or_default() += 1;
            }
        }
        // A table of methods is a constant, and those are not among the variables that are looked at.
        let variables = self.symbols.map(Symbols::variables).unwrap_or_default();
        let named = |address: u64| {
            let mut variables = variables.iter();
            let variable = variables.find(|variable| {
                let offset = address.checked_sub(variable.address);
                offset.is_some_and(|offset| offset < variable.size)
            })?;
            Some(variable.name.to_string())
        };
        let alike = counted
            .into_iter()
            .map(|((block_bytes, first_word), blocks)| Alike {
                blocks,
                block_bytes,
                first_word: Address(first_word),
                variable: named(first_word),
            });
        let mut alike: Vec<Alike> = alike.collect();
        alike.sort_by_key(|alike| Reverse(alike.block_bytes * alike.blocks));
        alike
    }

    /// What points at the block around an address. `None` if no block is known there.
    fn holds(&self, address: u64, names: &Names<'_>) -> Option<Held> {
        let holders = self.scene.holders_of(address)?;
        let blocks = &self.survey.blocks;
        let after = blocks.partition_point(|found| found.block.start <= address);
        let found = &blocks[after.checked_sub(1)?];
        let leader = found.leader.map(|leader| blocks[leader].block.start);
        let lost_with = leader.map(|start| format!(", lost with the block at {start:#x}"));
        Some(Held {
            block: names.block(found) + &lost_with.unwrap_or_default(),
            doubt: (found.kind.is_lost() && !self.is_complete())
                .then(|| "the image is incomplete: what is missing may hold it".to_owned()),
            way: found.branch.map(|branch| names.way(branch)),
            holders: holders
                .iter()
                .map(|(holder, value)| names.holder(*holder, *value))
                .collect(),
        })
    }
}
