//! What stands around the C file for operating systems (`integrations/`), compiled against stand-ins of their headers, and
//! run where a computer can.
//!
//! The stand-ins say what the real headers say where these are used. What was tried with the real ones stands in the
//! guide: `docs/esp-idf.md`, `docs/zephyr.md`.
#![cfg(unix)]

mod compile;
mod esp_idf;
mod pages;
mod zephyr;
