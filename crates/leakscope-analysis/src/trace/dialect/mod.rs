//! The ways in which targets tell of their heap, each in a file of its own.
//!
//! - [`idf`]: ESP-IDF's heap module, with call stacks;
//! - [`segger`]: SystemView's own heap events, without;
//! - [`leakscope`]: the module of the leakscope recorder;
//! - [`guess`]: whether events that nothing describes are ESP-IDF's heap module.
pub(super) mod guess;
pub(super) mod idf;
pub(super) mod leakscope;
pub(super) mod segger;
