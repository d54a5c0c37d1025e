//! A fleet, from files to answers.
mod engines;
mod exactly_once;
mod ingest;
mod made;
mod page;
mod planted;
mod schema;
mod statistics;
mod uptime;
