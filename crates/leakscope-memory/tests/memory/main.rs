//! Images of every format, whole and damaged; and who points at what, held to a naive twin.

mod chance;
mod console;
mod containers;
mod core_dumps;
mod damage;
mod kinds;
mod make;
mod zephyr;
