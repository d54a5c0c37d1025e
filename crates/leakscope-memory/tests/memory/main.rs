//! Images of every format, whole and damaged; and who points at what, held to a naive twin.
#![allow(
    clippy::single_range_in_vec_init,
    reason = "a list of one range is what is meant"
)]

mod chance;
mod console;
mod containers;
mod core_dumps;
mod damage;
mod kinds;
mod make;
mod zephyr;
