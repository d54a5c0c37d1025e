//! Which of FreeRTOS's numberings a trace uses.
//!
//! Espressif numbers the calls of FreeRTOS in another way than SEGGER, over the same range of ids, and
//! both say `O=FreeRTOS`. So the choice goes by all that a trace gives away, and may change while more of
//! it is read.

use leakscope_systemview::{Header, SystemDescription, SystemItem};

use super::built_in;
use super::file::DescriptionFile;

/// How ids from 32 to 511 are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RtosNumbering {
    /// FreeRTOS as ESP-IDF numbers it.
    EspIdf,
    /// FreeRTOS as SEGGER numbers it: 33 to 144 up to FreeRTOS V10, 150 to 332 from V11 on.
    Segger,
    /// Unknown, or another operating system: nothing built in describes it.
    Unknown,
}

impl RtosNumbering {
    /// The built-in descriptions for it.
    pub fn descriptions(self) -> Option<&'static DescriptionFile> {
        match self {
            Self::EspIdf => Some(built_in::esp_idf_freertos()),
            Self::Segger => Some(built_in::freertos()),
            Self::Unknown => None,
        }
    }
}

/// What a trace has given away so far.
///
/// ```
/// use leakscope_analysis::describe::{NumberingEvidence, RtosNumbering};
/// use leakscope_systemview::SystemDescription;
///
/// let mut evidence = NumberingEvidence::default();
/// evidence.system_description(SystemDescription("N=Demo,O=FreeRTOS".into()));
/// assert_eq!(evidence.choice(), RtosNumbering::Segger);
/// evidence.module("ESP32 SystemView Heap Tracing Module");
/// assert_eq!(evidence.choice(), RtosNumbering::EspIdf);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberingEvidence {
    /// Something that only Espressif's software writes.
    espressif: bool,
    /// `C=core0`: newer ESP-IDF says so, but others may.
    numbered_core: bool,
    /// An id, or a return, that ESP-IDF's numbering does not have.
    segger_v11: bool,
    system: System,
}

/// What `O=` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum System {
    #[default]
    Unsaid,
    FreeRtos,
    Other,
}

impl NumberingEvidence {
    /// The text before the recording.
    pub fn header(&mut self, header: &Header<'_>) {
        self.espressif |= header.is_espressif();
    }

    /// A `SYSDESC` packet.
    pub fn system_description(&mut self, description: SystemDescription<'_>) {
        for item in description.items() {
            match item {
                SystemItem::OperatingSystem(name) if name.0.eq_ignore_ascii_case(b"FreeRTOS") => {
                    self.system = System::FreeRtos;
                }
                SystemItem::OperatingSystem(_) => self.system = System::Other,
                SystemItem::Device(name) => {
                    let start = name.0.get(..5).unwrap_or_default();
                    self.espressif |= start.eq_ignore_ascii_case(b"esp32");
                }
                SystemItem::Core(name) => {
                    self.numbered_core |= matches!(name.0, b"core0" | b"core1");
                }
                SystemItem::ElfSha256(_) => self.espressif = true,
                _ => {}
            }
        }
    }

    /// The name of a module, from a `MODULEDESC` packet.
    pub fn module(&mut self, name: &str) {
        self.espressif |= name.contains("ESP32") || name.starts_with("ESP_");
    }

    /// The id of an event.
    #[inline]
    pub fn event(&mut self, id: u32) {
        // ESP-IDF's ids end at 207, its descriptions of module events begin at 512.
        self.segger_v11 |= matches!(id, 208..=332);
    }

    /// The id of the call that an `END_CALL` packet ends.
    #[inline]
    pub fn end_call(&mut self, id: u32) {
        // ESP-IDF never records the end of a call, nor does SEGGER's adapter for older versions.
        self.segger_v11 |= matches!(id, 150..=332);
    }

    /// What the evidence so far speaks for.
    ///
    /// Espressif's own words count most: a single id may come from damaged bytes. Ids of V11 outweigh a
    /// numbered core. With nothing else to go by, FreeRTOS is SEGGER's.
    pub fn choice(&self) -> RtosNumbering {
        if self.system == System::Other {
            return RtosNumbering::Unknown;
        }
        if self.espressif || self.numbered_core && !self.segger_v11 {
            return RtosNumbering::EspIdf;
        }
        if self.segger_v11 || self.system == System::FreeRtos {
            return RtosNumbering::Segger;
        }
        RtosNumbering::Unknown
    }
}
