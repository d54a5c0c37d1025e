//! Where a program's code is, and which of its bytes an address from a trace means.

use crate::ranges::RangeMap;
use crate::{AddressKind, Machine};
use std::collections::BTreeSet;
use std::ops::Range;

/// The two bits that a windowed Xtensa call (`call4`, `call8`, `call12`) overwrites in the
/// return address with the size of the register window (Xtensa ISA manual, "Windowed
/// Register Option"). The processor takes them from its program counter on return.
const XTENSA_WINDOW_BITS: u64 = 0xc000_0000;

/// The executable parts of a program.
#[derive(Debug)]
pub(crate) struct Code {
    machine: Machine,
    ranges: RangeMap<()>,
    /// The values that the window bits have in `ranges`.
    regions: BTreeSet<u64>,
    /// Whether a function begins at address 0.
    function_at_zero: bool,
}

impl Code {
    pub(crate) fn new(
        machine: Machine,
        ranges: impl IntoIterator<Item = Range<u64>>,
        function_at_zero: bool,
    ) -> Self {
        let ranges = RangeMap::new(ranges.into_iter().map(|range| (range, ())));
        let regions = ranges
            .iter()
            .map(|(range, ())| range.start & XTENSA_WINDOW_BITS)
            .collect();
        Self {
            machine,
            ranges,
            regions,
            function_at_zero,
        }
    }

    /// The address of a byte of the instruction that `address` means, or `None` if it is not in
    /// this program's code.
    pub(crate) fn instruction(&self, address: u64, kind: AddressKind) -> Option<u64> {
        let address = match self.machine {
            // Bit 0 says that the code is Thumb code (ARM ELF specification).
            Machine::Arm => address & !1,
            _ => address,
        };
        let address = match kind {
            AddressKind::ReturnAddress => address.checked_sub(1)?,
            AddressKind::Exact => address,
        };
        if self.ranges.contains(address) {
            return Some(address);
        }
        if self.machine != Machine::Xtensa || address > u64::from(u32::MAX) {
            return None;
        }
        self.regions
            .iter()
            .map(|region| address & !XTENSA_WINDOW_BITS | region)
            .find(|address| self.ranges.contains(*address))
    }

    /// The executable parts, in the order of addresses.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Range<u64>> {
        self.ranges.iter().map(|(part, ())| part)
    }

    /// Whether debug information that begins at `address` describes code that is in the program.
    ///
    /// A linker that discards unused functions leaves their debug information behind, moved to
    /// address 0 (GNU ld, lld) or to the highest addresses (lld). Zero is no code on most
    /// microcontrollers; where it is, it holds the vector table, not a function.
    pub(crate) fn is_linked(&self, address: u64) -> bool {
        self.ranges.contains(address) && (address != 0 || self.function_at_zero)
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use crate::{AddressKind, Machine};
    use std::ops::Range;

    const FLASH: Range<u64> = 0x400d_0000..0x400d_1000;

    fn one_section(machine: Machine, range: Range<u64>) -> Code {
        Code::new(machine, std::iter::once(range), false)
    }

    #[test]
    fn a_return_address_means_the_byte_before() {
        let code = one_section(Machine::RiscV32, FLASH);
        let instruction = |address| code.instruction(address, AddressKind::ReturnAddress);
        assert_eq!(instruction(0x400d_0010), Some(0x400d_000f));
        // A call that never returns may be the very last instruction.
        assert_eq!(instruction(0x400d_1000), Some(0x400d_0fff));
        assert_eq!(instruction(0x400d_0000), None);
        assert_eq!(instruction(0), None);
    }

    #[test]
    fn the_thumb_bit_is_no_address_bit() {
        let code = one_section(Machine::Arm, 0x800_0000..0x800_1000);
        assert_eq!(
            code.instruction(0x800_0011, AddressKind::ReturnAddress),
            Some(0x800_000f)
        );
        assert_eq!(
            code.instruction(0x800_0011, AddressKind::Exact),
            Some(0x800_0010)
        );
    }

    #[test]
    fn window_bits_are_replaced_by_those_of_the_code() {
        let code = Code::new(Machine::Xtensa, [FLASH, 0x4008_0000..0x4008_1000], false);
        for window in [0x4000_0000, 0x8000_0000, 0xc000_0000] {
            assert_eq!(
                code.instruction(0x000d_0010 | window, AddressKind::ReturnAddress),
                Some(0x400d_000f)
            );
        }
        assert_eq!(code.instruction(0x800e_0000, AddressKind::Exact), None);
        assert_eq!(code.instruction(0x1_000d_0010, AddressKind::Exact), None);

        let code = one_section(Machine::RiscV32, FLASH);
        assert_eq!(code.instruction(0x800d_0010, AddressKind::Exact), None);
    }

    #[test]
    fn discarded_functions_at_zero_are_not_linked() {
        let mut code = one_section(Machine::Arm, 0..0x1000);
        assert!(!code.is_linked(0));
        assert!(code.is_linked(0x10));
        assert!(!code.is_linked(0x1000));
        code.function_at_zero = true;
        assert!(code.is_linked(0));
    }
}
