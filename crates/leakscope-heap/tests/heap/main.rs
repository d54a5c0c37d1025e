//! Tests of the models of allocators, and of what follows from them.
mod allocators;
mod rust;
mod workload;
