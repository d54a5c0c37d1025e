//! x
mod answer;
mod engine;
mod index;
mod list;
mod names;
mod query;
mod replay;
mod scan;
mod source;
pub use engine::*;
pub use query::*;
pub use source::Source;
