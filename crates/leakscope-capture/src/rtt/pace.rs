//! How often to look into a buffer.

use std::time::Duration;

/// The time between two looks, which follows how full the buffer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    interval: Duration,
    longest: Duration,
    /// Fuller than this, in percent, and the next look comes sooner; half as full, and it comes later.
    full: u8,
}

impl Pace {
    const SHORTEST: Duration = Duration::from_millis(1);

    /// Often enough that what is shown of the recording is of this moment.
    pub fn lively() -> Self {
        Self {
            interval: Duration::from_millis(4),
            longest: Duration::from_millis(50),
            full: 40,
        }
    }

    /// Only when the buffer may be nearly full: for a target that has to be stopped for each look.
    pub fn sparing() -> Self {
        Self {
            interval: Duration::from_millis(4),
            longest: Duration::from_secs(2),
            full: 60,
        }
    }

    /// The time to the next look.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Learns how full the buffer was, in percent of its size.
    pub fn found(&mut self, fill: u8) {
        let interval = match fill {
            90.. => Self::SHORTEST,
            _ if fill > self.full => self.interval / 2,
            _ if fill < self.full / 2 => self.interval * 2,
            _ => self.interval,
        };
        self.interval = interval.clamp(Self::SHORTEST, self.longest);
    }
}
