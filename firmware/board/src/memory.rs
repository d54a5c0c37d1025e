//! Memory: bytes, seen at one address or at several.

/// A piece of memory.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Where it begins; some memories of an ESP32-C3 are seen at two places, for data and for code.
    bases: Vec<u32>,
    bytes: Vec<u8>,
}

impl Memory {
    /// `length` bytes of zeros at each of these addresses.
    pub fn new(bases: &[u32], length: usize) -> Self {
        Self {
            bases: bases.to_owned(),
            bytes: vec![0; length],
        }
    }

    /// `length` bytes from `address` on; `None` if they are not all here.
    #[inline]
    pub fn place(&self, address: u32, length: u32) -> Option<&[u8]> {
        let offset = self.offset(address, length)?;
        self.bytes.get(offset..offset + length as usize)
    }

    /// The same, to be changed.
    #[inline]
    pub fn place_mut(&mut self, address: u32, length: u32) -> Option<&mut [u8]> {
        let offset = self.offset(address, length)?;
        self.bytes.get_mut(offset..offset + length as usize)
    }

    #[inline]
    fn offset(&self, address: u32, length: u32) -> Option<usize> {
        let offsets = self
            .bases
            .iter()
            .map(|&base| address.wrapping_sub(base) as usize);
        let room = self.bytes.len().checked_sub(length as usize)?;
        offsets.into_iter().find(|&offset| offset <= room)
    }
}
