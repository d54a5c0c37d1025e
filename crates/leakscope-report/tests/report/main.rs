//! The report, as it comes out: golden files of hand-made outcomes, and what must hold of each output.
mod events;
mod everything;
mod golden;
mod heap_map;
mod identity;
mod image;
mod json;
mod log;
mod outcomes;
mod program;
mod read;
mod recording;
mod text;
mod units;
