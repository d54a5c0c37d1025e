//! Gives the linker the memory layout of the board that is built for, and the script of its start-up code.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo says it");
    let layout = match architecture.as_str() {
        "arm" => "memory/mps2-an385.x",
        _ => {
            // cortex-m-rt's script asks for the layout by itself, riscv-rt's does not.
            println!("cargo:rustc-link-arg=-Tmemory.x");
            if env::var_os("CARGO_FEATURE_ESP32C3").is_some() {
                "memory/esp32c3.x"
            } else {
                "memory/virt.x"
            }
        }
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says it"));
    fs::copy(layout, out.join("memory.x")).expect("the layout can be copied");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg=-Tlink.x");
    println!("cargo:rerun-if-changed=memory");
}
