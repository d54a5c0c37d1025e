//! The C file under many compilers, warnings as errors, and under sanitizers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_testing::needs::has_tool;

use crate::library::{HARNESS, SOURCES, run};

/// What is to be compiled each time.
const KINDS: [&[&str]; 3] = [&[], &["-DLEAKSCOPE_ESP_IDF=1"], &["-DLEAKSCOPE_DEPTH=0"]];

const WARNINGS: [&str; 7] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wundef",
    "-Wshadow",
    "-Werror",
];

/// A folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c").join(name);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// Compiles the file in all kinds, with the configuration in a folder.
fn compiles(name: &str, compiler: &str, flags: &[&str], configuration: &str) {
    if !has_tool(compiler) {
        return;
    }
    let object = folder("compilers").join(format!("{name}.o"));
    let source = Path::new(SOURCES).join("leakscope.c");
    for kind in KINDS {
        let mut command = Command::new(compiler);
        command.args(flags).args(WARNINGS).args(kind);
        command
            .args(["-O2", "-I", configuration, "-c"])
            .arg(&source);
        run(command.arg("-o").arg(&object));
    }
}

#[test]
fn hosts_compile_it_as_c_and_as_cpp() {
    let cores = "-DLEAKSCOPE_CORES=2";
    for compiler in ["gcc", "clang"] {
        compiles(compiler, compiler, &["-std=c99"], HARNESS);
    }
    for compiler in ["g++", "clang++"] {
        for standard in ["-std=c++11", "-std=c++20"] {
            compiles(compiler, compiler, &["-xc++", standard, cores], HARNESS);
        }
    }
}

/// With nothing but what a compiler brings by itself, and four functions of `string.h`.
#[test]
fn chips_and_hosts_of_32_bits_compile_it() {
    let include = folder("freestanding");
    let header = "#include <stddef.h>\n\
        void *memcpy(void *, const void *, size_t);\n\
        void *memmove(void *, const void *, size_t);\n\
        void *memset(void *, int, size_t);\n\
        size_t strlen(const char *);\n";
    fs::write(include.join("string.h"), header).expect("the target folder can be written");
    let include = include.to_str().expect("a path of text");
    let configuration = format!("{SOURCES}/config");
    let riscv = ["-march=rv32imc_zicsr", "-mabi=ilp32"];
    let targets: [(&str, &[&str]); 9] = [
        ("arm-none-eabi-gcc", &["-mcpu=cortex-m0", "-mthumb"]),
        ("arm-none-eabi-gcc", &["-mcpu=cortex-m3", "-mthumb"]),
        ("arm-none-eabi-gcc", &["-mcpu=cortex-m33", "-mthumb"]),
        ("clang", &["--target=thumbv7m-none-eabi"]),
        ("riscv64-unknown-elf-gcc", &riscv),
        (
            "riscv64-unknown-elf-gcc",
            &["-march=rv64imac_zicsr", "-mabi=lp64"],
        ),
        ("clang", &["--target=riscv32-unknown-elf", "-march=rv32imc"]),
        ("xtensa-lx106-elf-gcc", &["-mtext-section-literals"]),
        ("clang", &["--target=i686-unknown-linux-gnu"]),
    ];
    for (number, (compiler, flags)) in targets.iter().enumerate() {
        let free = ["-std=c99", "-ffreestanding", "-isystem", include];
        let flags = [&free, *flags].concat();
        // A computer has no lock that the file knows.
        let is_host = flags.iter().any(|flag| flag.contains("linux"));
        let configuration = if is_host { HARNESS } else { &configuration };
        compiles(&format!("target-{number}"), compiler, &flags, configuration);
    }
}

/// What stands between a program and its C library: newlib's, and others'.
#[test]
fn the_wraps_compile() {
    let compiler = "arm-none-eabi-gcc";
    if !has_tool(compiler) {
        return;
    }
    let source = Path::new(SOURCES).join("leakscope_wrap.c");
    let kinds: [&[&str]; 3] = [
        &[],
        &["-DLEAKSCOPE_NEWLIB_WRAPPED"],
        &["-DLEAKSCOPE_FREERTOS_WRAPPED"],
    ];
    for kind in kinds {
        let mut command = Command::new(compiler);
        command
            .args(["-std=c99", "-mcpu=cortex-m3", "-mthumb"])
            .args(WARNINGS)
            .args(kind);
        command
            .args(["-Wmissing-prototypes", "-O2", "-I"])
            .arg(format!("{SOURCES}/config"))
            .arg("-c")
            .arg(&source);
        run(command.arg("-o").arg(folder("compilers").join("wrap.o")));
    }
}

/// GCC's, which brings them along.
#[test]
fn sanitizers_find_nothing() {
    if !has_tool("gcc") {
        return;
    }
    let sources = [
        Path::new(HARNESS).join("exercise.c"),
        Path::new(SOURCES).join("leakscope.c"),
    ];
    for (number, kind) in KINDS.iter().enumerate() {
        let program = folder("sanitizers").join(format!("exercise-{number}"));
        let mut command = Command::new("gcc");
        command.args(["-std=c99", "-g", "-O1", "-fsanitize=address,undefined"]);
        command.args(["-fno-sanitize-recover=all", "-DLEAKSCOPE_CORES=2"]);
        command
            .args(*kind)
            .args(["-I", HARNESS, "-I", SOURCES, "-o"]);
        run(command.arg(&program).args(&sources));
        run(&mut Command::new(&program));
    }
}

/// A machine whose lock is not known is one error, and not one for each place that locks.
#[test]
fn a_lock_that_is_missing_is_one_error() {
    if !has_tool("gcc") {
        return;
    }
    let output = Command::new("gcc")
        .args(["-std=c99", "-fsyntax-only", "-I"])
        .arg(format!("{SOURCES}/config"))
        .arg(Path::new(SOURCES).join("leakscope.c"))
        .output()
        .expect("it was found");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    assert!(
        said.contains("define LEAKSCOPE_LOCK and LEAKSCOPE_UNLOCK"),
        "{said}"
    );
}

/// Without a clock and its frequency, a recording could not be read: that is refused at once.
#[test]
fn a_recorder_without_a_clock_is_refused() {
    if !has_tool("gcc") {
        return;
    }
    let folder = folder("no-clock");
    let config = "#define LEAKSCOPE_LOCK() ((uintptr_t)0)\n#define LEAKSCOPE_UNLOCK(state) ((void)(state))\n";
    let program = "#include \"leakscope.h\"\n\
        static uint32_t now(void) { return 0; }\n\
        static size_t take(const uint8_t *bytes, size_t length) { (void)bytes; return length; }\n\
        int main(void) {\n\
            static const struct leakscope_config none = {0}, no_rate = {.clock = now}, whole = {.clock = now, .clock_hz = 1};\n\
            bool is_right = !leakscope_init(&none) && !leakscope_init(&no_rate);\n\
            leakscope_start();\n\
            is_right = is_right && leakscope_drain(0, take) == 0;\n\
            return is_right && leakscope_init(&whole) && leakscope_init(&whole) ? 0 : 1;\n\
        }\n";
    fs::write(folder.join("leakscope_config.h"), config)
        .and_then(|()| fs::write(folder.join("program.c"), program))
        .expect("the target folder can be written");
    let binary = folder.join("program");
    let mut command = Command::new("gcc");
    command
        .args(["-std=c99", "-Wall", "-Werror", "-I"])
        .arg(&folder);
    command
        .arg(format!("-I{SOURCES}"))
        .arg(folder.join("program.c"));
    command.arg(Path::new(SOURCES).join("leakscope.c"));
    run(command.arg("-o").arg(&binary));
    run(&mut Command::new(&binary));
}
