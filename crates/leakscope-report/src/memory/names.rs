//! What holders are called.

use leakscope_memory::reach::{Block, Branch, Found, Holder, Root};
use leakscope_symbols::{ValueKind, Variable};
use rustc_hash::FxHashMap;

use super::{Examined, NO_SITE};
use crate::document::Address;
use crate::document::call_site::CallSite;
use crate::document::memory::{RootKind, Step};
use crate::symbolizer::without_allocator;
use crate::units::{bytes, count};

/// Steps of a way that are shown: the first ones, and the last.
const SHOWN: usize = 6;

/// What a call site's blocks are called: by the function that allocates them.
pub(super) fn of_site(site: &CallSite) -> String {
    let frame = without_allocator(&site.frames).first();
    match frame.map(|frame| (frame.function.as_deref(), frame.address)) {
        Some((Some(function), _)) => function.to_owned(),
        Some((None, address)) => address.to_string(),
        None => format!("call site {}", site.id),
    }
}

/// Names of roots and of blocks.
#[derive(Debug)]
pub struct Names<'e> {
    examined: &'e Examined<'e>,
    /// By the numbers of call sites. Never listed.
    sites: FxHashMap<u32, String>,
}

impl<'e> Names<'e> {
    pub(super) fn new(examined: &'e Examined<'e>, sites: FxHashMap<u32, String>) -> Self {
        Self { examined, sites }
    }

    fn block_of(&self, group: u32) -> String {
        match self.sites.get(&group) {
            Some(function) => format!("block of {function}"),
            None if group == NO_SITE => "block".to_owned(),
            None => format!("block of call site {group}"),
        }
    }

    /// One block: "block of net_open at 0x20000100: 24 B, definite".
    pub(super) fn block(&self, found: &Found) -> String {
        let Block { start, size, group } = found.block;
        format!(
            "{} at {start:#x}: {}, {}",
            self.block_of(group),
            bytes(size),
            self.kind(found)
        )
    }

    /// What was found of a block: of what looks lost in an image from which something is missing, no more than "perhaps".
    fn kind(&self, found: &Found) -> String {
        let is_sure = self.examined.is_complete() || !found.kind.is_lost();
        let perhaps = if is_sure { "" } else { "perhaps " };
        format!("{perhaps}{}", found.kind.name())
    }

    /// The variable at an address, and what of it: "g_sessions.head (sessions.c)".
    fn variable(&self, variable: &Variable, address: u64, is_one: bool) -> String {
        let offset = address.saturating_sub(variable.address);
        let symbols = self.examined.symbols;
        let known = symbols.map(|symbols| symbols.member_at(variable, offset));
        let (member, kind) = known.unwrap_or((String::new(), ValueKind::Other));
        let place = match (&*member, offset) {
            ("", 0) => String::new(),
            ("", _) if !is_one => String::new(),
            ("", offset) => format!("+{offset:#x}"),
            (member, _) if is_one => member.to_owned(),
            // Each of its blocks is at another index.
            (member, _) => without_indices(member),
        };
        let is = if kind == ValueKind::Float {
            "the float "
        } else {
            ""
        };
        let name = &variable.name;
        let file = variable
            .file
            .as_deref()
            .map(|file| file.rsplit(['/', '\\']).next().unwrap_or(file));
        match file {
            Some(file) => format!("{is}{name}{place} ({file})"),
            None => format!("{is}{name}{place}"),
        }
    }

    fn root(&self, branch: &Branch) -> (String, RootKind) {
        match branch.root {
            Root::Variable(index) => {
                let variable = &self.examined.variables[index];
                (
                    self.variable(variable, branch.word, branch.at_root <= 1),
                    RootKind::Variable,
                )
            }
            Root::Unnamed => (format!("memory at {:#x}", branch.word), RootKind::Unnamed),
            Root::Stack(index) => (self.examined.stacks[index].clone(), RootKind::Stack),
            Root::Register(thread, _) => (self.registers(thread), RootKind::Register),
            Root::Unknown => (
                "memory of the heap of unknown use".to_owned(),
                RootKind::Unknown,
            ),
        }
    }

    fn registers(&self, thread: usize) -> String {
        match self.examined.scene.image.threads.get(thread) {
            Some(state) => format!("a register of thread {:#x}", state.id),
            None => "a register".to_owned(),
        }
    }

    /// The steps of all ways.
    pub(super) fn steps(&self) -> Vec<Step> {
        let branches = &self.examined.survey.branches;
        // A step that is not the first begins where its way does.
        let first = |branch: &Branch| {
            let way = std::iter::successors(Some(*branch), |step| {
                step.parent.map(|parent| branches[parent])
            });
            way.last().unwrap_or(*branch)
        };
        let step = |(index, branch): (usize, &Branch)| {
            let (root, root_kind) = self.root(&first(branch));
            Step {
                root,
                root_kind,
                root_address: (root_kind != RootKind::Register).then_some(Address(branch.word)),
                parent: branch.parent,
                call_site: (branch.group != NO_SITE).then_some(branch.group),
                blocks: branch.blocks,
                bytes: branch.bytes,
                way: self.way(index),
            }
        };
        branches.iter().enumerate().map(step).collect()
    }

    /// The way to most of a call site's blocks: "g_sessions.head (sessions.c) → 312 × block of net_open".
    pub(super) fn main_way(&self, site: u32) -> Option<String> {
        let branches = &self.examined.survey.branches;
        let of_site = (0..branches.len()).filter(|&index| branches[index].group == site);
        let most =
            of_site.max_by_key(|&index| (branches[index].blocks, std::cmp::Reverse(index)))?;
        Some(self.way(most))
    }

    /// A way in words, up to a step.
    pub fn way(&self, step: usize) -> String {
        let branches = &self.examined.survey.branches;
        let mut steps: Vec<&Branch> =
            std::iter::successors(Some(step), |&step| branches[step].parent)
                .map(|step| &branches[step])
                .collect();
        steps.reverse();
        let mut words = vec![self.root(steps[0]).0];
        let in_words = |branch: &&Branch| {
            format!("{} × {}", count(branch.blocks), self.block_of(branch.group))
        };
        if steps.len() > SHOWN {
            words.extend(steps[..SHOWN - 1].iter().map(in_words));
            words.push("…".to_owned());
            words.extend(steps.last().iter().map(|branch| in_words(branch)));
        } else {
            words.extend(steps.iter().map(in_words));
        }
        words.join(" → ")
    }

    /// One holder, in words.
    pub(super) fn holder(&self, holder: Holder, value: u64) -> String {
        let survey = &self.examined.survey;
        match holder {
            Holder::Register(thread, register) => {
                format!(
                    "{} (number {register}) holds {value:#x}",
                    self.registers(thread)
                )
            }
            Holder::Block(index, offset) => {
                let found = &survey.blocks[index];
                let (start, kind) = (found.block.start, self.kind(found));
                let block = self.block_of(found.block.group);
                format!("{block} at {start:#x}, offset {offset} ({kind}), holds {value:#x}")
            }
            Holder::Word(address) => {
                let variables = &self.examined.variables;
                let after = variables.partition_point(|variable| variable.address <= address);
                let variable = after.checked_sub(1).map(|index| &variables[index]);
                let inside = variable.filter(|variable| address - variable.address < variable.size);
                let stacks = &self.examined.scene.stacks;
                let stack = stacks
                    .iter()
                    .position(|stack| stack.used.contains(&address));
                let name = match (inside, stack) {
                    (Some(variable), _) => self.variable(variable, address, true),
                    (None, Some(stack)) => self.examined.stacks[stack].clone(),
                    (None, None) => "memory".to_owned(),
                };
                format!("{name} at {address:#x} holds {value:#x}")
            }
        }
    }
}

/// `[3].next` as `[…].next`.
fn without_indices(member: &str) -> String {
    let mut text = String::new();
    let mut rest = member;
    while let Some((before, behind)) = rest.split_once('[') {
        text.push_str(before);
        text.push_str("[…]");
        rest = behind.split_once(']').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text
}
