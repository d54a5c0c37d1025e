//! What can be typed for `leakscope fleet`.

use std::ffi::OsString;

use clap::Args;

/// Ask many recordings of many devices (the program leakscope-fleet).
///
/// `leakscope fleet ingest` reads recordings and heap dumps into tables, `leakscope fleet ask` asks which call site leaks
/// since which firmware, on how many devices. `leakscope fleet ingest --help` and so on say more. It is a program of its
/// own: docs/fleet.md says how to install it.
#[derive(Debug, Args)]
pub(crate) struct Fleet {
    /// What leakscope-fleet is told: ingest, ask, sql, page, resymbolize.
    #[arg(
        required = true,
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) arguments: Vec<OsString>,
}
