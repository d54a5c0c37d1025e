//! Lists of events: any page of a list of millions, without going through those before it.
//!
//! - [`matching`] says which events are in a list;
//! - [`parts`] says how many of them are in each part of the trace, so that a page is found by adding up;
//! - [`page`] reads the part again in which a page stands;
//! - [`search`] counts what only reading can count, a little at a time.
pub(crate) mod matching;
pub(crate) mod page;
pub(crate) mod parts;
pub(crate) mod row;
pub(crate) mod search;
mod words;
