//! Tests of the models of allocators, and of what follows from them.
mod allocators;
mod failures;
mod film;
mod freertos;
mod image;
mod paused;
mod properties;
mod rust;
mod told;
mod trends;
mod workload;
