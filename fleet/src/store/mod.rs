//! The folder in which a fleet's rows are: `date=2026-11-28/part-0123456789abcdef/sites.parquet`.
//!
//! A part is a folder with a file for each table. It is written beside the others and renamed when it is whole and on the
//! disk: a part is there with all of its tables, or not at all. Nothing in it changes after that.
mod folder;
mod part;

pub use folder::{Folder, FolderError};
pub use part::Part;
