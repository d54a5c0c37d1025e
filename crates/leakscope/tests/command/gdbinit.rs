//! `leakscope gdbinit`: what it makes of a program. Whether GDB accepts it is tested with firmware.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use leakscope_testing::needs::say_skipped;

use crate::run::leakscope;

/// A program with these C declarations. On systems without ELF files there is none.
pub(crate) fn program(declarations: &str) -> Option<(tempfile::TempDir, PathBuf)> {
    if !cfg!(target_os = "linux") {
        say_skipped("programs here are no ELF files");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let source = format!("int main(void) {{ return 0; }}\n{declarations}");
    fs::write(folder.path().join("app.c"), source).expect("a file");
    let compiler = Command::new("cc")
        .args(["app.c", "-o", "app.elf"])
        .current_dir(folder.path())
        .status()
        .expect("a C compiler");
    assert!(compiler.success());
    let elf = folder.path().join("app.elf");
    Some((folder, elf))
}

const START_AND_STOP: &str = "void heap_trace_start(void) {} void heap_trace_stop(void) {}";

#[test]
fn the_target_is_told_from_the_program() {
    for (declarations, options, has, has_not) in [
        (
            "void app_main(void) {}",
            &[][..],
            "monitor esp sysview_mcore start file:///",
            "_SEGGER_RTT",
        ),
        (
            "char _SEGGER_RTT[168];",
            &[],
            "set $block = (unsigned long long)&_SEGGER_RTT",
            "sysview_mcore",
        ),
        (
            "char _SEGGER_RTT[168];",
            &["--target", "esp32c3"],
            "monitor esp sysview_mcore stop",
            "_SEGGER_RTT",
        ),
    ] {
        let Some((folder, elf)) = program(&format!("{START_AND_STOP} {declarations}")) else {
            return;
        };
        let run = leakscope(["gdbinit", "--elf"])
            .on(&[&elf])
            .on(options)
            .in_folder(folder.path());
        let commands = run.stdout();
        assert!(commands.contains(has), "{commands}");
        assert!(!commands.contains(has_not), "{commands}");
        let expected = [
            "target extended-remote localhost:3333\n",
            "thbreak *heap_trace_start\n",
            "thbreak *heap_trace_stop\n",
            &format!("file \"{}\"\n", elf.display()),
            // Nobody knows in which folder GDB is started.
            &format!("{}/heap.svdat", folder.path().display()),
        ];
        for line in expected {
            assert!(commands.contains(line), "{line} is missing in\n{commands}");
        }
    }
}

/// As with `record`: from now on until Ctrl-C, as far as the program has no such functions and none are named.
#[test]
fn a_program_without_the_usual_functions_is_recorded_from_now_on() {
    for (options, heading, end) in [
        (
            &[][..],
            "# Records the heap from now to Ctrl-C, ",
            "set $is_new = 1\ncontinue\nleakscope_take\necho The recording is ",
        ),
        (
            &["--start", "main"],
            "# Records the heap from main to Ctrl-C, ",
            "thbreak *main\ncontinue\n\ncontinue\nleakscope_take\necho The recording is ",
        ),
        (
            &["--stop", "main"],
            "# Records the heap from now to main, ",
            "set $is_new = 1\nthbreak *main\ncommands\n  silent\n  leakscope_take\n",
        ),
    ] {
        let Some((_folder, elf)) = program("char _SEGGER_RTT[168];") else {
            return;
        };
        let run = leakscope(["gdbinit", "--elf"]).on(&[&elf]).on(options);
        let commands = run.stdout();
        assert!(commands.starts_with(heading), "{commands}");
        assert!(commands.contains(end), "{commands}");
        assert!(!commands.contains("heap_trace"), "{commands}");
    }
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    for (declarations, options, expected) in [
        (
            "void app_main(void) {}",
            &[][..],
            "error: the program has no function `heap_trace_start`\nhint: --start and --stop name others",
        ),
        (
            "char _SEGGER_RTT[168];",
            &["--stop", "never"],
            "error: the program has no function `never`\nhint: --start and --stop name others",
        ),
        (
            START_AND_STOP,
            &[],
            "error: the program does not show what it runs on\nhint: --target",
        ),
        (
            START_AND_STOP,
            &["--target", "rtt"],
            "error: the program has no `_SEGGER_RTT`: is its recorder built for RTT?\n",
        ),
        (
            START_AND_STOP,
            &["-o", "/my traces/heap.svdat"],
            "error: GDB cannot write to `/my traces/heap.svdat`: it takes no path with spaces\n",
        ),
    ] {
        let Some((_folder, elf)) = program(declarations) else {
            return;
        };
        let ran = leakscope(["gdbinit", "--elf"])
            .on(&[&elf])
            .on(options)
            .end();
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.starts_with(expected), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn places_may_be_numbers() {
    let Some((_folder, elf)) = program("void app_main(void) {}") else {
        return;
    };
    let commands = leakscope(["gdbinit", "--start", "0x42001000", "--stop", "app_main"])
        .on(&["--gdb", "10.0.0.1:1234", "--elf"])
        .on(&[&elf])
        .stdout();
    for line in [
        "thbreak *0x42001000\n",
        "thbreak *app_main\n",
        "target extended-remote 10.0.0.1:1234\n",
    ] {
        assert!(commands.contains(line), "{commands}");
    }
}
