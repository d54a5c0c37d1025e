//! Memory that a chip has at two addresses: a pointer to one of them points at the other.

/// A stretch of addresses that stands for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The first address.
    pub from: u64,
    /// The address that it stands for.
    pub to: u64,
    /// Bytes.
    pub length: u64,
    /// Whether words follow each other in the opposite order.
    pub is_reversed: bool,
}

/// A chip, and where its memory is twice.
struct Chip {
    /// As it is named, in lower case and without dashes.
    name: &'static str,
    aliases: &'static [Alias],
}

const fn alias(from: u64, to: u64, length: u64) -> Alias {
    Alias {
        from,
        to,
        length,
        is_reversed: false,
    }
}

/// Chips whose aliases are known. Where the facts are from stands beside each.
const CHIPS: &[Chip] = &[
    // ESP32 Technical Reference Manual, table "Embedded Memory Address Mapping": SRAM 1, 128 KiB, is mapped to the
    // instruction bus in reverse order of words.
    Chip {
        name: "esp32",
        aliases: &[Alias {
            from: 0x400A_0000,
            to: 0x3FFE_0000,
            length: 0x2_0000,
            is_reversed: true,
        }],
    },
    // ESP-IDF, components/heap/port/esp32c3/memory_layout.c and soc.h: SOC_DIRAM_IRAM_LOW, SOC_DIRAM_DRAM_LOW.
    Chip {
        name: "esp32c3",
        aliases: &[alias(0x4038_0000, 0x3FC8_0000, 0x6_0000)],
    },
    // ESP-IDF, components/soc/esp32s3/include/soc/soc.h: SOC_DIRAM_IRAM_LOW 0x40378000, SOC_DIRAM_DRAM_LOW 0x3FC88000.
    Chip {
        name: "esp32s3",
        aliases: &[alias(0x4037_8000, 0x3FC8_8000, 0x6_8000)],
    },
    // ESP-IDF, components/soc/esp32s2/include/soc/soc.h: SOC_DIRAM_IRAM_LOW, SOC_DIRAM_DRAM_LOW and _HIGH.
    Chip {
        name: "esp32s2",
        aliases: &[alias(0x4002_0000, 0x3FFB_0000, 0x5_0000)],
    },
    // ESP-IDF, components/soc/esp32p4/include/soc/soc.h: SOC_DRAM_LOW and _HIGH; beside the cache they lie
    // SOC_NON_CACHEABLE_OFFSET_SRAM higher.
    Chip {
        name: "esp32p4",
        aliases: &[alias(0x8FF0_0000, 0x4FF0_0000, 0xC_0000)],
    },
];

impl Alias {
    #[inline]
    pub(super) fn holds(&self, address: u64) -> bool {
        address.wrapping_sub(self.from) < self.length
    }

    /// The address that an address of it stands for.
    #[inline]
    pub(super) fn meant(&self, address: u64) -> u64 {
        let offset = address - self.from;
        if self.is_reversed {
            let byte = offset % 4;
            self.to + (self.length - 4 - (offset - byte)) + byte
        } else {
            self.to + offset
        }
    }
}

/// The aliases of a chip, as a target names it; none if it is not known.
pub fn of_chip(name: &str) -> &'static [Alias] {
    let plain: String = (name.chars().filter(char::is_ascii_alphanumeric)).collect();
    let plain = plain.to_ascii_lowercase();
    let known = CHIPS.iter().find(|chip| chip.name == plain);
    known.map_or(&[], |chip| chip.aliases)
}
