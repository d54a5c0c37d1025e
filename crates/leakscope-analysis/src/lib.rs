//! From SystemView bytes to events, a model of the heap, and verdicts on call stacks
mod analysis;
pub mod describe;
pub mod findings;
pub mod heap;
pub mod outcome;
pub mod problem;
pub mod trace;

pub use analysis::Analysis;
