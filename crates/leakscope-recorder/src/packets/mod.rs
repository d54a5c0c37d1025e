//! Packets of events, written into a ring where their bytes stay until they are read.

mod cursor;
mod output;
mod repeats;
mod ring;
mod time;

pub(crate) use cursor::Cursor;
pub(crate) use output::{Chain, Mode, OVERFLOW, Output, Running};
pub(crate) use ring::{Place, RESERVE, Ring};
pub(crate) use time::{Scale, Time};
