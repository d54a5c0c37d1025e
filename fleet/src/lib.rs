//! Heap leaks of many devices: recordings become rows of Parquet, and questions are asked in SQL.
//!
//! # The tour
//! - [`schema`] lists the tables and their columns; [`rows`] makes rows of a report.
//! - [`store`] is the folder of parts in which they lie; [`ingest`] reads files into it, each content once.
//! - [`engine`] runs SQL over it (DataFusion); [`ask`] has a file a question: SQL that any engine runs, and behind it the
//!   [`statistics`], whose unit is the device.
//! - [`answer`] is what comes out, and [`page`] the one HTML page.
#![forbid(unsafe_code)]

pub mod answer;
pub mod ask;
pub mod engine;
pub mod ingest;
pub mod page;
pub mod rows;
pub mod schema;
pub mod statistics;
pub mod store;
