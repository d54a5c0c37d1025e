//! Heap dumps in logs: their forms in all versions of ESP-IDF, what monitors make of them, what is wrong
//! with them, and that any text is read without harm.
mod decorated;
mod forms;
mod outcome;
mod pieces;
mod prefixes;
mod properties;
mod torn;
