//! Forms of judgements.
