//! What a call site is called in every build: by the names of its functions, so that moved lines, other
//! addresses and other clones of a function change nothing.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::document::Address;
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

impl Identity {
    /// By names alone, and so the same for calls in several lines of one function, which a report tells apart.
    pub fn of(frames: &[NamedFrame], elf_sha256: Option<&str>) -> Self {
        let calls = Calls::of(frames);
        Self {
            site: calls.name(INNERMOST, elf_sha256),
            stack: calls.name(usize::MAX, elf_sha256),
        }
    }
}

/// What names of stacks begin with none of whose functions has a name.
const BY_ADDRESS: &str = "addr:";

/// Whether a name is made of addresses, so that it is good in one build alone.
pub fn is_by_address(name: &str) -> bool {
    name.starts_with(BY_ADDRESS)
}

/// A stack as its identity sees it.
struct Calls {
    /// `None` of frames without a name.
    names: Vec<Option<String>>,
    lines: Vec<Option<u32>>,
    addresses: Vec<Address>,
}

impl Calls {
    fn of(frames: &[NamedFrame]) -> Self {
        let mut calls = Self {
            names: Vec::with_capacity(frames.len()),
            lines: Vec::with_capacity(frames.len()),
            addresses: frames.iter().map(|frame| frame.address).collect(),
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
        if names.is_empty() || names.iter().any(Option::is_some) {
            let names = names.iter().map(|name| name.as_deref().unwrap_or("?"));
            return format!("ls1:{}", digest(names));
        }
        let addresses = self.addresses.iter().take(depth);
        let addresses: Vec<String> = addresses.map(ToString::to_string).collect();
        let all = addresses.iter().map(String::as_str).chain(elf_sha256);
        format!("{BY_ADDRESS}{}", digest(all))
    }

    fn innermost_lines(self) -> Vec<Option<u32>> {
        self.lines.into_iter().take(INNERMOST).collect()
    }
}

/// Numbers call sites that have the same name and different lines.
pub(crate) fn tell_apart(call_sites: &mut [CallSite]) {
    for (index, ending) in endings(
        call_sites,
        |site| &site.identity.site,
        Calls::innermost_lines,
    ) {
        call_sites[index].identity.site += &ending;
    }
    // Two calls in one line are two call sites too.
    let place = |calls: Calls| (calls.lines, calls.addresses);
    for (index, ending) in endings(call_sites, |site| &site.identity.stack, place) {
        call_sites[index].identity.stack += &ending;
    }
}

/// The indices of those that share their name with others in another place, and the endings that tell them apart:
/// `~1` and so on, in the order of places.
fn endings<P: Ord>(
    call_sites: &[CallSite],
    name: fn(&CallSite) -> &str,
    place: impl Fn(Calls) -> P,
) -> Vec<(usize, String)> {
    let name = |index: usize| name(&call_sites[index]);
    let mut by_name: Vec<usize> = (0..call_sites.len()).collect();
    by_name.sort_by_key(|&index| name(index));
    let mut endings = Vec::new();
    for siblings in by_name.chunk_by(|&one, &next| name(one) == name(next)) {
        if siblings.len() == 1 {
            continue;
        }
        let places = siblings.iter();
        let places: Vec<P> = places
            .map(|&index| place(Calls::of(&call_sites[index].frames)))
            .collect();
        let mut distinct: Vec<&P> = places.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() > 1 {
            let ending = |place| {
                let rank = distinct.partition_point(|known| *known <= place);
                format!("~{rank}")
            };
            let of_siblings = siblings.iter().zip(&places);
            endings.extend(of_siblings.map(|(&index, place)| (index, ending(place))));
        }
    }
    endings
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
