//! The trigger module: hardware breakpoints and watchpoints, of type 2 (`mcontrol`).
//!
//! The RISC-V External Debug Support, version 0.13, chapter 5.2. Matching is for equality, or for an aligned
//! range ("NAPOT"); the only action is to enter debug mode.

use std::array;

/// As many as an ESP32-C3 has.
pub const COUNT: usize = 8;

/// `tdata1`, type 2.
const MCONTROL: u32 = 2 << 28;
/// Only the debugger may write this trigger.
const DMODE: u32 = 1 << 27;
const ENTER_DEBUG_MODE: u32 = 1 << 12;
/// `match`: aligned range.
const NAPOT: u32 = 1 << 7;
const MACHINE_MODE: u32 = 1 << 6;
const EXECUTE: u32 = 1 << 2;
const STORE: u32 = 1 << 1;
const LOAD: u32 = 1;
/// The bits that can be written.
const WRITABLE: u32 = DMODE | ENTER_DEBUG_MODE | NAPOT | MACHINE_MODE | EXECUTE | STORE | LOAD;

/// `tinfo`: of which types a trigger can be.
const TYPES: u32 = 1 << 2;

/// What the hart does at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is about to execute the instruction there.
    Execute,
    /// It is about to load from there.
    Load,
    /// It is about to store there.
    Store,
}

/// All triggers, of which one is selected.
#[derive(Clone, Debug)]
pub struct Triggers {
    selected: usize,
    all: [Trigger; COUNT],
    /// The accesses that some trigger watches: most often none.
    watched: u32,
}

#[derive(Clone, Copy, Debug)]
struct Trigger {
    control: u32,
    address: u32,
}

impl Default for Triggers {
    fn default() -> Self {
        let none = Trigger {
            control: MCONTROL,
            address: 0,
        };
        Self {
            selected: 0,
            all: array::from_fn(|_| none),
            watched: 0,
        }
    }
}

impl Triggers {
    /// `tselect`.
    pub fn select(&self) -> u32 {
        self.selected as u32
    }

    /// Writes `tselect`; a number without a trigger changes nothing.
    pub fn set_select(&mut self, number: u32) {
        if (number as usize) < COUNT {
            self.selected = number as usize;
        }
    }

    /// `tdata1` of the selected trigger.
    pub fn control(&self) -> u32 {
        self.all[self.selected].control
    }

    /// Writes `tdata1` of the selected trigger; another type than 2 turns it off.
    pub fn set_control(&mut self, value: u32) {
        let is_mcontrol = value >> 28 == MCONTROL >> 28;
        let written = if is_mcontrol { value & WRITABLE } else { 0 };
        self.all[self.selected].control = MCONTROL | written;
        self.watched = self.all.iter().fold(0, |all, one| all | one.effective());
    }

    /// `tdata2` of the selected trigger: the address.
    pub fn address(&self) -> u32 {
        self.all[self.selected].address
    }

    /// Writes `tdata2` of the selected trigger.
    pub fn set_address(&mut self, value: u32) {
        self.all[self.selected].address = value;
    }

    /// `tinfo`.
    pub fn types() -> u32 {
        TYPES
    }

    /// Whether a trigger stops the hart before this access to `bytes` bytes at `address`.
    #[inline]
    pub fn fire(&self, access: Access, address: u32, bytes: u32) -> bool {
        let kind = access.bit();
        self.watched & kind != 0
            && self
                .all
                .iter()
                .any(|trigger| trigger.effective() & kind != 0 && trigger.matches(address, bytes))
    }
}

impl Access {
    fn bit(self) -> u32 {
        match self {
            Self::Execute => EXECUTE,
            Self::Load => LOAD,
            Self::Store => STORE,
        }
    }
}

impl Trigger {
    /// The accesses that it stops.
    fn effective(self) -> u32 {
        let needed = MACHINE_MODE | ENTER_DEBUG_MODE;
        if self.control & needed == needed {
            self.control & (EXECUTE | LOAD | STORE)
        } else {
            0
        }
    }

    fn matches(self, address: u32, bytes: u32) -> bool {
        let (first, size) = if self.control & NAPOT == 0 {
            (self.address, 1)
        } else {
            // The ones at the end, and the zero before them, say how large the range is.
            let inside = self.address ^ self.address.wrapping_add(1);
            (self.address & !inside, inside.wrapping_add(1))
        };
        // Of an access in several bytes each may be meant.
        let is_inside = address.wrapping_sub(first) < size || size == 0;
        is_inside || first.wrapping_sub(address) < bytes
    }
}
