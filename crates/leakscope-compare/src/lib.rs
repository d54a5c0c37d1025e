//! What is expected of a recording, and whether it holds: the rules behind `leakscope check`; and what is different
//! between two, for `leakscope diff`.
//!
//! Everything here is a pure function of reports ([`Report`](leakscope_report::Report)) and of texts; nothing reads a
//! file, a clock or a trace.
//!
//! ```
//! use leakscope_compare::gate::Gate;
//! use leakscope_compare::suppress::Rules;
//!
//! let rules = Rules::read(
//!     "leakscope.toml",
//!     "[[suppress]]\nid = 'scan'\nreason = 'a cache of 32 entries'\nframes = ['esp_wifi_scan*', '...', 'app_main']",
//! )?;
//! let gate = Gate { rules: rules.rules, ..Gate::default() };
//! assert_eq!(gate.rules[0].id, "scan");
//! # Ok::<(), leakscope_compare::suppress::RuleError>(())
//! ```
//!
//! # The tour
//! - [`gate`] judges a report: what fails it, and whether anything can be claimed at all.
//! - [`suppress`] are rules that excuse leaks, in three languages: our own, LeakSanitizer's and Valgrind's.
//! - [`baseline`] knows leaks that were there before.
//! - [`diff`] says what is different between recordings before and after a change.
//! - [`rate`] is growth in the unit of whoever sets a limit.
//! - [`write`](mod@write) puts judgements in the forms that people and CI systems read.
//!
//! # Terms
//! - **rule**: a suppression, with a reason.
//! - **standing** of a call site: what rules and baseline make of its verdict.
//! - **inconclusive**: neither passed nor failed, because the recording cannot tell.
pub mod baseline;
mod data;
pub mod diff;
mod doubt;
mod doubtful;
mod filter;
mod full;
pub mod gate;
mod program;
pub mod rate;
pub mod suppress;
pub mod write;
