//! Verdicts on call sites: the rules' boundaries, their behaviour on programs whose truth is known, and
//! what holds for any history.

mod begun;
mod begun_table;
mod boots;
mod damage;
mod late;
mod loops;
mod lossy;
mod lossy_table;
mod one_loss;
mod patterns;
mod pieces;
mod program;
mod properties;
mod random;
mod ranking;
mod rules;
mod table;
