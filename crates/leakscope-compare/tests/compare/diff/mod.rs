//! What is different between recordings.

mod builds;
mod chance;
pub(crate) mod device;
mod matching;
mod outputs;
