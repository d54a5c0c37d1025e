//! What a target says of itself: the strings of `SYSDESC` packets.

use crate::text::Text;

/// A description of the system, `key=value,…` (UM08027, section 7.3.5). Several strings add up.
#[derive(Clone, Copy, Debug)]
pub struct SystemDescription<'a>(pub Text<'a>);

/// One statement of a [`SystemDescription`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemItem<'a> {
    /// `N=`: the application.
    Application(Text<'a>),
    /// `O=`: the operating system.
    OperatingSystem(Text<'a>),
    /// `D=`: the device.
    Device(Text<'a>),
    /// `C=`: the core.
    Core(Text<'a>),
    /// `M=`: a module that needs no `MODULEDESC`.
    Module(Text<'a>),
    /// `I#n=`: an interrupt.
    Interrupt {
        /// Its number, as in `ISR_ENTER`.
        number: u32,
        /// Its name.
        name: Text<'a>,
    },
    /// `ELF_SHA256=`: the first hexadecimal digits of the checksum of the firmware's ELF file (newer
    /// ESP-IDF).
    ElfSha256(Text<'a>),
    /// Something that is new to this crate.
    Other {
        /// Before the first `=`; empty if there is none.
        key: Text<'a>,
        /// Behind it.
        value: Text<'a>,
    },
}

impl<'a> SystemDescription<'a> {
    /// Its statements, in order.
    pub fn items(self) -> impl Iterator<Item = SystemItem<'a>> {
        self.0
            .0
            .split(|&byte| byte == b',')
            .filter(|item| !item.is_empty())
            .map(SystemItem::parse)
    }
}

impl<'a> SystemItem<'a> {
    fn parse(item: &'a [u8]) -> Self {
        let (key, value) = match item.iter().position(|&byte| byte == b'=') {
            Some(equals) => (
                item.get(..equals).unwrap_or_default().trim_ascii(),
                Text(item.get(equals + 1..).unwrap_or_default().trim_ascii()),
            ),
            None => (Default::default(), Text(item)),
        };
        match key {
            b"N" => Self::Application(value),
            b"O" => Self::OperatingSystem(value),
            b"D" => Self::Device(value),
            b"C" => Self::Core(value),
            b"M" => Self::Module(value),
            b"ELF_SHA256" => Self::ElfSha256(value),
            _ => match interrupt_number(key) {
                Some(number) => Self::Interrupt {
                    number,
                    name: value,
                },
                None => Self::Other {
                    key: Text(key),
                    value,
                },
            },
        }
    }
}

fn interrupt_number(key: &[u8]) -> Option<u32> {
    let digits = key.strip_prefix(b"I#")?;
    core::str::from_utf8(digits).ok()?.parse().ok()
}
