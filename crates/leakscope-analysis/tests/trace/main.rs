//! What the analysis makes of recordings: bytes in, events and an outcome out.
//!
//! The recordings are written by our own encoder ([`scenario`]) and read through the public interface
//! ([`reading`]), as a command would.
mod chunks;
mod context;
mod damage;
mod dialects;
mod heap;
mod reading;
mod rows;
mod scenario;
mod sessions;
mod twin;
