//! Says whether the processor has all instructions of Thumb-2, which the scan of a stack uses: the compiler does not tell.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(thumb2)");
    let target = std::env::var("TARGET").unwrap_or_default();
    let has_few = ["thumbv6m", "thumbv8m.base"];
    if target.starts_with("thumb") && !has_few.iter().any(|few| target.starts_with(few)) {
        println!("cargo::rustc-cfg=thumb2");
    }
}
