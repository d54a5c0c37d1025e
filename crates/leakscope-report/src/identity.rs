//! What a call site is called in every build: by the names of its functions, so that moved lines, other
//! addresses and other clones of a function change nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::document::call_site::CallSite;
use crate::symbolizer::NamedFrame;

/// Functions that tell a call site apart where the depth of recorded stacks differs.
const INNERMOST: usize = 4;

/// What a call site is called: `ls1:` and 16 hexadecimal digits of the SHA-256 of its functions' names, one a
/// line, the innermost first.
///
/// A direct recursion counts as one call. Call sites of equal names are told apart by `~1`, `~2` … in the
/// order of their lines. A stack in which no function has a name is called `addr:` and digits of its
/// addresses and of the traced ELF file's checksum: that is good for one build only.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// By the innermost four functions: the same for a stack that was recorded deeper.
    pub site: String,
    /// By all functions: each call site of a report has another.
    pub stack: String,
}

/// A stack as its identity sees it.
struct Calls {
    /// `None` of frames without a name.
    names: Vec<Option<String>>,
    lines: Vec<Option<u32>>,
    addresses: Vec<u64>,
}

impl Calls {
    fn of(frames: &[NamedFrame]) -> Self {
        let mut calls = Self {
            names: Vec::with_capacity(frames.len()),
            lines: Vec::with_capacity(frames.len()),
            addresses: frames.iter().map(|frame| frame.address.0).collect(),
        };
        for frame in frames {
            let name = frame.function.as_deref().map(normalised);
            if name.is_none() || calls.names.last() != Some(&name) {
                calls.names.push(name);
                calls.lines.push(frame.line);
            }
        }
        calls
    }

    /// By the innermost of its functions.
    fn name(&self, depth: usize, elf_sha256: Option<&str>) -> String {
        let names = &self.names[..depth.min(self.names.len())];
        let is_named = names.is_empty() || names.iter().any(Option::is_some);
        if is_named {
            let names = names.iter().map(|name| name.as_deref().unwrap_or("?"));
            return format!("ls1:{}", digest(names));
        }
        let addresses = self.addresses.iter().take(depth);
        let addresses: Vec<String> = addresses.map(|address| format!("{address:x}")).collect();
        let all = addresses.iter().map(String::as_str).chain(elf_sha256);
        format!("addr:{}", digest(all))
    }
}

/// Gives each call site its identity.
pub(crate) fn identify(call_sites: &mut [CallSite], elf_sha256: Option<&str>) {
    let sites = call_sites.iter();
    let calls: Vec<Calls> = sites.map(|site| Calls::of(&site.frames)).collect();
    let of_sites = told_apart(&calls, elf_sha256, INNERMOST, |calls| {
        let lines = calls.lines.iter().take(INNERMOST);
        lines.copied().collect::<Vec<_>>()
    });
    // Two calls in one line are two call sites too.
    let of_stacks = told_apart(&calls, elf_sha256, usize::MAX, |calls| {
        (calls.lines.clone(), calls.addresses.clone())
    });
    for ((call_site, site), stack) in call_sites.iter_mut().zip(of_sites).zip(of_stacks) {
        call_site.identity = Identity { site, stack };
    }
}

/// The names of all, numbered where those of equal names have different lines.
fn told_apart<L: Ord>(
    all: &[Calls],
    elf_sha256: Option<&str>,
    depth: usize,
    lines: impl Fn(&Calls) -> L,
) -> Vec<String> {
    let names: Vec<String> = (all.iter())
        .map(|calls| calls.name(depth, elf_sha256))
        .collect();
    let mut siblings: BTreeMap<&str, Vec<L>> = BTreeMap::new();
    for (name, calls) in names.iter().zip(all) {
        siblings.entry(name).or_default().push(lines(calls));
    }
    for group in siblings.values_mut() {
        group.sort_unstable();
        group.dedup();
    }
    let numbered = names.iter().zip(all).map(|(name, calls)| {
        let group = siblings.get(name.as_str());
        let group = group.filter(|group| group.len() > 1);
        match group.map(|group| group.binary_search(&lines(calls))) {
            Some(Ok(place)) => format!("{name}~{}", place + 1),
            _ => name.clone(),
        }
    });
    numbered.collect()
}

/// The first 16 hexadecimal digits of the SHA-256 of lines.
fn digest<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let lines: Vec<&str> = lines.collect();
    let hash = Sha256::digest(lines.join("\n"));
    let first = hash.first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

/// Endings that compilers give to clones of a function, each followed by `.` and a number or by nothing.
const CLONES: [&str; 6] = ["isra", "constprop", "part", "cold", "lto_priv", "llvm"];

/// A function's demangled name as other builds have it too: without the hash that Rust ends names with,
/// without what compilers add to the names of clones, and with spaces between words only.
///
/// ```
/// use leakscope_report::identity::normalised;
/// assert_eq!(normalised("parse.constprop.0.isra.1"), "parse");
/// assert_eq!(normalised("Queue::push(int) [clone .part.0]"), "Queue::push(int)");
/// assert_eq!(normalised("net::poll::h0123456789abcdef"), "net::poll");
/// assert_eq!(normalised("map<int, vector<unsigned  int> >::at"), "map<int,vector<unsigned int>>::at");
/// ```
pub fn normalised(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    for word in name.split_whitespace() {
        let is_word = |character: Option<char>| {
            character.is_some_and(|character| character.is_alphanumeric() || character == '_')
        };
        if is_word(kept.chars().next_back()) && is_word(word.chars().next()) {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    while let Some(shorter) = without_clone(&kept).or_else(|| without_hash(&kept)) {
        kept.truncate(shorter.len());
    }
    kept
}

/// `name` without the last ending of a clone.
fn without_clone(name: &str) -> Option<&str> {
    if let Some((function, clone)) = name.rsplit_once("[clone.") {
        return clone.ends_with(']').then_some(function);
    }
    let (before, last) = name.rsplit_once('.')?;
    let (function, ending) = if last.bytes().all(|digit| digit.is_ascii_digit()) {
        before.rsplit_once('.')?
    } else {
        (before, last)
    };
    (!function.is_empty() && CLONES.contains(&ending)).then_some(function)
}

/// `name` without `::h` and 16 hexadecimal digits.
fn without_hash(name: &str) -> Option<&str> {
    let (function, hash) = name.rsplit_once("::h")?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hash.then_some(function)
}
