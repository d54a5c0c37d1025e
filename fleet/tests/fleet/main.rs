//! A fleet, from files to answers.
#[cfg(feature = "cluster")]
mod cluster;
mod engines;
mod exactly_once;
mod ingest;
mod made;
mod page;
mod planted;
mod schema;
mod statistics;
mod uptime;
