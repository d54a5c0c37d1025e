//! What the fuzz targets do, one function an entry point of the project: so that a test can do the same
//! with bytes of its own, without a fuzzer.

pub mod analysis;
pub mod capture;
pub mod export;
pub mod memory;
pub mod project;
pub mod report;
pub mod systemview;
