//! The answers, a file each. `API.md` says what their fields mean.
#![allow(clippy::struct_field_names, reason = "the names are those of API.md")]

pub(crate) mod census;
mod columns;
mod drawing;
mod events;
mod frames;
mod heap;
mod lives;
pub(crate) mod mate;
mod overview;
mod site;
mod sites;
mod spans;
mod system;
mod tasks;
mod timeline;

pub(crate) use events::Page;
pub(crate) use lives::Lives;
pub(crate) use sites::Sites;

/// An address, as the page shows it.
pub(crate) fn address(address: u64) -> String {
    format!("{address:#010x}")
}
