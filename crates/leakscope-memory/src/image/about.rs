//! The note that files of our own have: what they are of.

/// Who our own notes are from.
pub(super) const NAME: &[u8] = b"leakscope";

/// What our own files say of themselves. Texts may come from a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The name of the recording beside it.
    pub trace: String,
    /// How long the target stood still for it, in microseconds.
    pub halted_us: u64,
    /// The chip, if it is known.
    pub chip: String,
}

impl About {
    pub(super) fn write(&self) -> Vec<u8> {
        let Self {
            trace,
            halted_us,
            chip,
        } = self;
        let [trace, chip] = [trace, chip].map(|text| text.replace('\n', " "));
        format!("trace={trace}\nhalted_us={halted_us}\nchip={chip}\n").into_bytes()
    }

    pub(super) fn read(note: &[u8]) -> Self {
        let mut about = Self::default();
        for line in String::from_utf8_lossy(note).lines() {
            match line.split_once('=') {
                Some(("trace", name)) => name.clone_into(&mut about.trace),
                Some(("chip", name)) => name.clone_into(&mut about.chip),
                Some(("halted_us", number)) => about.halted_us = number.parse().unwrap_or(0),
                _ => {}
            }
        }
        about
    }
}
