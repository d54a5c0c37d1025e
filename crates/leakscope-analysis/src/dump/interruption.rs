//! What makes a device stop in the middle of a dump.

/// What a console says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// Printing kept a watchdog waiting: a dump is printed with interrupts disabled.
    Watchdog,
    /// The program crashed.
    Panic,
    /// The device was reset.
    Reset,
}

/// Words of ESP-IDF's panic handler and task watchdog, and of the chips' boot ROM. Watchdogs first: they are told
/// as a panic too.
const WORDS: &[(&str, Interruption)] = &[
    ("wdt timeout", Interruption::Watchdog),
    ("watchdog got triggered", Interruption::Watchdog),
    ("WDT_SYS_R", Interruption::Watchdog),
    ("Guru Meditation Error", Interruption::Panic),
    ("abort() was called", Interruption::Panic),
    ("rst:0x", Interruption::Reset),
    ("ESP-ROM:", Interruption::Reset),
];

/// Whether a device says that it begins anew, or will.
pub(super) fn is_restart(text: &str) -> bool {
    text.contains("Rebooting...") || Interruption::named_in(text) == Some(Interruption::Reset)
}

impl Interruption {
    /// The one that a text tells of.
    pub(super) fn named_in(text: &str) -> Option<Self> {
        let named = WORDS.iter().find(|(words, _)| text.contains(words))?;
        Some(named.1)
    }
}
