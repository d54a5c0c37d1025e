//! Tests of the models of allocators, and of what follows from them.
mod allocators;
mod freertos;
mod rust;
mod workload;
