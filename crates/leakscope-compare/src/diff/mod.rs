//! What is different between recordings before and after a change: [`Diff::of`].
//!
//! - `matching` finds the call sites of one side on the other, by their identities.
//! - `evidence` adds up what a side shows of a call site, `comparison` tests whether both differ, by `statistics`.
//! - `status` says what that means. `document` is all of it as data, which is also the JSON (`docs/diff-json.md`), made of a
//!   `side` for each and of a `site` for each call site; `pauses` doubts it behind pauses of a recording; `notes` says in words what to know besides.
//! - [`text`] and [`html`] write it for people; `flame` is the picture in the latter.
mod basis;
mod comparison;
mod document;
mod evidence;
mod flame;
mod html;
mod matching;
mod notes;
mod pauses;
mod side;
mod site;
mod statistics;
mod status;
mod text;
mod words;

pub use basis::Basis;
pub use comparison::Method;
pub(crate) use comparison::compare;
pub use document::Diff;
pub(crate) use evidence::{Evidence, unsure_bytes};
pub use evidence::{Per, State};
pub use html::html;
pub use matching::Match;
pub use side::Side;
pub use site::{OfSide, Site};
pub use statistics::{LEVEL, discoveries};
pub use status::Status;
pub use text::{TextOptions, text};
pub(crate) use words::p_in_words;
