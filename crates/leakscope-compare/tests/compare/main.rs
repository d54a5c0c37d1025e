//! The gate, from recordings to answers.

mod baselines;
mod forms;
mod gates;
mod programs;
mod rules;
