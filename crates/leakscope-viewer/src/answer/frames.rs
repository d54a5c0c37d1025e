//! Frames of call stacks, each listed once.

use std::collections::BTreeSet;

use leakscope_report::{NamedFrame, sanitise};
use rustc_hash::FxHashMap;
use serde::Serialize;

/// A frame.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ListedFrame {
    address: String,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    inlined: bool,
    /// How it was found, where that is not exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    certainty: Option<&'static str>,
}

/// Frames, each with its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    list: Vec<ListedFrame>,
    numbers: FxHashMap<Key, usize>,
}

/// Address, function, line, whether it was inlined, and how it was found.
type Key = (u64, Option<String>, Option<u32>, bool, Option<&'static str>);

impl Frames {
    pub(crate) fn number(&mut self, frame: &NamedFrame) -> usize {
        let function = frame.function.as_deref().map(str::to_owned);
        let certainty = frame.doubt();
        let key = (
            frame.address.0,
            function,
            frame.line,
            frame.inlined,
            certainty,
        );
        let list = &mut self.list;
        *self.numbers.entry(key).or_insert_with(|| {
            list.push(ListedFrame {
                address: frame.address.to_string(),
                function: (frame.function.as_deref()).map(|name| sanitise(name).into_owned()),
                file: (frame.file.as_deref()).map(|file| sanitise(file).into_owned()),
                line: frame.line,
                inlined: frame.inlined,
                certainty,
            });
            list.len() - 1
        })
    }

    pub(crate) fn into_list(self) -> Vec<ListedFrame> {
        self.list
    }
}

/// How many addresses tell a call stack apart.
const ADDRESSES: usize = 3;

/// A call stack in a few words: "parse_header main.c:66"; without symbols "0x40081eff ← 0x40081f34".
pub(super) fn title(stack: &[NamedFrame]) -> String {
    let Some(first) = stack.first() else {
        return "(no call stack)".to_owned();
    };
    let Some(function) = &first.function else {
        let unnamed = stack.iter().take_while(|frame| frame.function.is_none());
        let addresses: Vec<String> = unnamed
            .take(ADDRESSES)
            .map(|frame| frame.address.to_string())
            .collect();
        return addresses.join(" ← ");
    };
    let function = sanitise(function);
    let file = first.file.as_deref().map(|path| {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        sanitise(name)
    });
    match (file, first.line) {
        (Some(file), Some(line)) => format!("{function} {file}:{line}"),
        (Some(file), None) => format!("{function} {file}"),
        (None, _) => function.into_owned(),
    }
}

/// The titles of call stacks; of those that are alike, with the first frames that tell them apart.
pub(super) fn titles(stacks: &[&[NamedFrame]]) -> Vec<String> {
    let short: Vec<String> = stacks.iter().map(|stack| title(stack)).collect();
    let words = |frame: &NamedFrame| title(std::slice::from_ref(frame));
    let told = stacks.iter().zip(&short).map(|(stack, own)| {
        let alike = stacks.iter().zip(&short).filter(|(_, other)| *other == own);
        let differ = |other: &[NamedFrame]| {
            let mut pairs = stack.iter().zip(other);
            pairs.position(|(a, b)| words(a) != words(b))
        };
        let depths: BTreeSet<usize> = alike.filter_map(|(other, _)| differ(other)).collect();
        let frames = depths.iter().map(|&depth| words(&stack[depth]));
        frames.fold(own.clone(), |text, frame| format!("{text} ← {frame}"))
    });
    told.collect()
}
