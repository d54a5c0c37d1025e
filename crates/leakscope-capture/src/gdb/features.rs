//! What a server can do, and what it says of the processor.

use std::ops::Range;

use super::hex;

/// The answer to `qSupported`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a feature of its own"
)]
pub struct Features {
    /// The longest packet it takes, in bytes.
    pub packet_size: usize,
    /// `QStartNoAckMode`.
    pub has_no_ack_mode: bool,
    /// `qXfer:features:read`.
    pub has_target_description: bool,
    /// `qXfer:memory-map:read`.
    pub has_memory_map: bool,
    /// `x`, which reads memory as bytes.
    pub has_binary_upload: bool,
}

impl Features {
    pub(super) fn parse(answer: &[u8]) -> Self {
        /// What a server takes that does not say: GDB's own assumption.
        const USUAL: usize = 400;
        let items = || answer.split(|&byte| byte == b';');
        let has = |name: &[u8]| items().any(|item| item == name);
        let size = items().find_map(|item| hex::number(item.strip_prefix(b"PacketSize=")?));
        Self {
            packet_size: size.map_or(USUAL, |size| size.clamp(64, 1 << 16) as usize),
            has_no_ack_mode: has(b"QStartNoAckMode+"),
            has_target_description: has(b"qXfer:features:read+"),
            has_memory_map: has(b"qXfer:memory-map:read+"),
            has_binary_upload: has(b"binary-upload+"),
        }
    }
}

/// The kind of processor, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 32-bit ARM: Cortex-M and others.
    Arm,
    /// RISC-V, 32 or 64 bits.
    RiscV,
    /// Xtensa: ESP32, ESP32-S2, ESP32-S3.
    Xtensa,
    /// Another one.
    Other,
}

impl Architecture {
    /// The number of the register `pc`, where the server has no description of the target.
    pub(super) fn usual_pc(self) -> Option<u64> {
        match self {
            Self::Arm => Some(15),
            Self::RiscV => Some(32),
            Self::Xtensa => Some(0),
            Self::Other => None,
        }
    }
}

/// What the target description (`target.xml`, and what it includes) says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// The architecture, if named.
    pub(super) architecture: Option<Architecture>,
    /// The number of the register `pc`, and its width in bits.
    pub(super) pc: Option<(u64, u32)>,
    /// The number that the next register has that is given none.
    next: u64,
}

impl Description {
    /// Reads one file of the description; the names of those that it includes.
    pub(super) fn read(&mut self, xml: &str) -> Vec<String> {
        let mut included = Vec::new();
        for tag in xml.split('<').skip(1) {
            let name = tag.split([' ', '\t', '\r', '\n', '>', '/']).next();
            match name {
                Some("architecture") => self.architecture = Some(architecture(tag)),
                Some("reg") => self.register(tag),
                Some("xi:include") => included.extend(attribute(tag, "href").map(str::to_owned)),
                _ => {}
            }
        }
        included
    }

    fn register(&mut self, tag: &str) {
        let stated = attribute(tag, "regnum").and_then(|number| number.parse().ok());
        let number = stated.unwrap_or(self.next);
        self.next = number.saturating_add(1);
        if attribute(tag, "name") == Some("pc") {
            let bits = attribute(tag, "bitsize").and_then(|bits| bits.parse().ok());
            self.pc = Some((number, bits.unwrap_or(32)));
        }
    }
}

/// Where a memory map says that there is RAM (GDB's manual, "Memory Map Format").
pub(super) fn ram(map: &str) -> Vec<Range<u64>> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let range = |tag: &str| {
        let is_ram = tag.starts_with("memory") && attribute(tag, "type") == Some("ram");
        let start = number(attribute(tag, "start").filter(|_| is_ram)?)?;
        Some(start..start.checked_add(number(attribute(tag, "length")?)?)?)
    };
    map.split('<').filter_map(range).collect()
}

fn architecture(tag: &str) -> Architecture {
    let name = tag.split_once('>').map_or("", |(_, text)| text).trim();
    match name {
        _ if name.starts_with("arm") => Architecture::Arm,
        _ if name.starts_with("riscv") => Architecture::RiscV,
        _ if name.starts_with("xtensa") => Architecture::Xtensa,
        _ => Architecture::Other,
    }
}

/// The value of `name="value"` in a tag.
fn attribute<'tag>(text: &'tag str, name: &str) -> Option<&'tag str> {
    let tag = text.split('>').next()?;
    for (place, _) in tag.match_indices(name) {
        let is_word = tag[..place].ends_with(|before: char| before.is_ascii_whitespace());
        let rest = tag[place + name.len()..].trim_start();
        if let Some(value) = rest.strip_prefix('=').filter(|_| is_word) {
            let quoted = value.trim_start();
            let quote = quoted
                .chars()
                .next()
                .filter(|quote| "\"'".contains(*quote))?;
            return quoted[1..].split(quote).next();
        }
    }
    None
}
