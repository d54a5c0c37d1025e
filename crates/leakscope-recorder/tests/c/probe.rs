//! A debug probe, which reads and writes a recorder's control block in memory.

/// A recorder as a debug probe sees it: SEGGER's layout.
#[derive(Clone, Copy)]
pub(crate) struct Probe {
    pub(crate) block: *mut u8,
    pub(crate) cores: usize,
}

impl Probe {
    const CHANNEL: usize = 2 * size_of::<usize>() + 16;
    const SIZE: usize = 2 * size_of::<usize>();

    fn channel(self, core: usize, is_down: bool) -> *mut u8 {
        let number = usize::from(is_down) * (self.cores + 1) + core + 1;
        self.block.wrapping_add(24 + number * Self::CHANNEL)
    }

    /// Size, write and read position of a channel.
    fn numbers(self, core: usize, is_down: bool) -> [u32; 3] {
        let numbers = self.channel(core, is_down).wrapping_add(Self::SIZE);
        // SAFETY: the three numbers stand there; nobody else is at work.
        unsafe { numbers.cast::<[u32; 3]>().read_unaligned() }
    }

    pub(crate) fn set(self, core: usize, is_down: bool, which: usize, value: u32) {
        let number = self
            .channel(core, is_down)
            .wrapping_add(Self::SIZE + 4 * which);
        // SAFETY: as above.
        unsafe { number.cast::<u32>().write_unaligned(value) };
    }

    pub(crate) fn write(self, core: usize, byte: u8) {
        let [size, write, _] = self.numbers(core, true);
        let buffer = self.channel(core, true).wrapping_add(size_of::<usize>());
        // SAFETY: the pointer to the buffer stands there, and the position is below the size.
        unsafe {
            let buffer = buffer.cast::<*mut u8>().read_unaligned();
            buffer.wrapping_add(write as usize).write(byte);
        }
        self.set(core, true, 1, (write + 1) % size);
    }

    /// What probes look for, and the sizes and positions of all channels.
    pub(crate) fn seen(self) -> ([u8; 24], Vec<[u32; 3]>) {
        // SAFETY: a control block begins with these.
        let head = unsafe { self.block.cast::<[u8; 24]>().read() };
        let channels = (0..self.cores)
            .flat_map(|core| [self.numbers(core, false), self.numbers(core, true)])
            .collect();
        (head, channels)
    }
}
