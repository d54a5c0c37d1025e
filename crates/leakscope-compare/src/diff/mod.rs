//! What is different between recordings before and after a change: [`Diff::of`].
//!
//! - `matching` finds the call sites of one side on the other, by their identities.
//! - `evidence` adds up what a side shows of a call site, `comparison` tests whether both differ, by `statistics`.
//! - `status` says what that means, `document` is all of it as data.
//! - [`text`], [`json()`] and [`html`] write it for people, programs and browsers.
mod comparison;
mod document;
mod evidence;
mod flame;
mod html;
mod json;
mod matching;
mod statistics;
mod status;
mod text;

pub use comparison::Method;
pub use document::{Basis, Diff, OfSide, Side, Site};
pub use evidence::{Per, State};
pub use html::html;
pub use json::json;
pub use matching::Match;
pub use status::Status;
pub use text::{TextOptions, text};
