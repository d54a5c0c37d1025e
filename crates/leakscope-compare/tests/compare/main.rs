//! The gate, from recordings to answers.

mod baselines;
mod diff;
mod dumps;
mod filters;
mod forms;
mod gates;
mod limits;
mod programs;
mod rules;
