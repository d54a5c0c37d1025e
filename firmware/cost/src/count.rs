//! Counting instructions by the board's clock.

/// The board's free-running counter, at 25 MHz.
const COUNTER: *const u32 = 0x4002_8018 as *const u32;

/// An instruction takes 1024 ns, which are 25.6 ticks.
const TICKS_OF_TEN_INSTRUCTIONS: u32 = 256;

/// What the counter says.
pub fn ticks() -> u32 {
    // SAFETY: a register that may be read at any time.
    unsafe { COUNTER.read_volatile() }
}

/// How many instructions `what` takes, and a few around it.
#[inline(always)]
pub fn instructions(what: impl FnOnce()) -> u32 {
    let before = ticks();
    what();
    instructions_of(ticks().wrapping_sub(before))
}

/// How many instructions take so many ticks.
pub fn instructions_of(ticks: u32) -> u32 {
    (10 * ticks + TICKS_OF_TEN_INSTRUCTIONS / 2) / TICKS_OF_TEN_INSTRUCTIONS
}

/// How often each count came.
pub struct Counts {
    often: [u16; Self::MOST],
}

impl Counts {
    const MOST: usize = 4096;

    pub fn new() -> Self {
        Self {
            often: [0; Self::MOST],
        }
    }

    pub fn add(&mut self, count: u32) {
        // What takes longer than all that is counted is rare.
        self.often[(count as usize).min(Self::MOST - 1)] += 1;
    }

    /// The count that came most often.
    pub fn usual(&self) -> u32 {
        let often = self.often.iter().zip(0..);
        often
            .max_by_key(|(often, _)| **often)
            .map_or(0, |(_, count)| count)
    }
}
