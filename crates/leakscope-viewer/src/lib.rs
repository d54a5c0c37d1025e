//! x
mod answer;
mod engine;
mod index;
mod list;
mod names;
mod html;
mod query;
mod replay;
mod scan;
mod server;
mod source;
pub use engine::*;
pub use query::*;
pub use server::*;
pub use html::file as page;
pub use source::Source;
