//! The viewer, from outside: what it answers is held against a naive twin that keeps every event.

mod api;
mod attacks;
mod contexts;
mod corpus;
mod damage;
mod dump;
mod effects;
mod file;
mod frees;
mod heap_map;
mod lists;
mod lives;
mod memory;
mod moving;
mod overview;
mod owners;
mod program;
mod replaced;
mod routes;
mod sessions;
mod tracks;
mod twin;
mod unknown;
mod windows;
