//! pprof's profile (`profile.proto`): one message, packed with gzip.
//!
//! Numbers of fields are those of the format's own description, `proto/profile.proto` of github.com/google/pprof.
mod read;
mod write;

pub use read::{Profile, ProfileError};
pub(crate) use write::Pprof;
