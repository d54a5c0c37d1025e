//! What is different between recordings.

mod builds;
mod chance;
mod device;
mod matching;
mod outputs;
