//! `leakscope doctor`.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use leakscope_testing::project;
use serde_json::Value;

use super::*;

/// Compares what is said with a file; with `LEAKSCOPE_BLESS=1`, writes it.
#[track_caller]
fn check(name: &str, actual: &str) {
    let folder = project().join("crates/leakscope/tests/command/project/golden");
    let path = folder.join(name);
    if std::env::var_os("LEAKSCOPE_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(&folder).expect("a folder with room");
        fs::write(&path, actual).expect("a folder with room");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name}: LEAKSCOPE_BLESS=1 writes it anew");
}

/// Both forms of what is said of a project.
#[track_caller]
fn check_both(name: &str, project: &EspIdf) {
    let before = files(&project.root);
    let text = project.run(&["doctor"]).stdout();
    let called = env!("CARGO_BIN_EXE_leakscope");
    check(&format!("{name}.txt"), &text.replace(called, "leakscope"));
    let json = project.run(&["doctor", "--format", "json"]).stdout();
    check(&format!("{name}.json"), &json);
    assert!(files(&project.root) == before, "nothing is written unasked");
}

/// All that is in a folder.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let content = fs::read(&path).expect("a file");
            files.push((path, content));
        }
    }
    files.sort();
    files
}

/// What 4.4 writes: no version in its header, and nothing of what a chip has.
#[test]
fn two_xtensa_cores_with_4_4() {
    let config = "#\n# Automatically generated file. DO NOT EDIT.\n\
                  # Espressif IoT Development Framework (ESP-IDF) Project Configuration\n#\n\
                  CONFIG_IDF_TARGET=\"esp32\"\n# CONFIG_FREERTOS_UNICORE is not set\nCONFIG_APPTRACE_DEST_NONE=y\n\
                  CONFIG_HEAP_TRACING_OFF=y\n# CONFIG_HEAP_TRACING_TOHOST is not set\n";
    check_both("esp32-4.4", &EspIdf::new("esp32", "v4.4.8", config));
}

const C3: &str = "CONFIG_IDF_TARGET_ARCH_RISCV=y\nCONFIG_IDF_TARGET=\"esp32c3\"\n\
                  CONFIG_SOC_USB_SERIAL_JTAG_SUPPORTED=y\nCONFIG_SOC_CPU_CORES_NUM=1\n\
                  CONFIG_FREERTOS_UNICORE=y\nCONFIG_ESP_CONSOLE_SECONDARY_USB_SERIAL_JTAG=y\n";

/// There are no call stacks to be had.
#[test]
fn risc_v_before_5_5() {
    let on = "CONFIG_APPTRACE_DEST_JTAG=y\nCONFIG_APPTRACE_SV_ENABLE=y\nCONFIG_APPTRACE_SV_DEST_JTAG=y\n\
              CONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=0\n";
    let project = EspIdf::new("esp32c3", "v5.3.2-dirty", &format!("{C3}{on}"));
    check_both("esp32c3-5.3", &project);
}

/// Defaults that agree and that contradict, and one for the chip.
#[test]
fn risc_v_with_5_5() {
    let project = EspIdf::new(
        "esp32c3",
        "v5.5.1",
        &format!("{C3}CONFIG_HEAP_TRACING_STANDALONE=y\n"),
    );
    project.write(
        "sdkconfig.defaults",
        "CONFIG_APPTRACE_DEST_JTAG=y\nCONFIG_HEAP_TRACING_STANDALONE=y\n",
    );
    project.write(
        "sdkconfig.defaults.esp32c3",
        "CONFIG_ESP_SYSTEM_NO_BACKTRACE=y\n",
    );
    check_both("esp32c3-5.5", &project);
}

#[test]
fn a_project_that_is_ready() {
    let config = "CONFIG_IDF_TARGET=\"esp32s3\"\nCONFIG_SOC_CPU_CORES_NUM=2\nCONFIG_IDF_TARGET_ARCH_XTENSA=y\n\
                  CONFIG_SOC_USB_SERIAL_JTAG_SUPPORTED=y\nCONFIG_APPTRACE_DEST_JTAG=y\nCONFIG_APPTRACE_SV_ENABLE=y\n\
                  CONFIG_APPTRACE_SV_DEST_JTAG=y\nCONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=10\n";
    let project = EspIdf::new("esp32s3", "v5.4.1", config);
    project.write("build/demo.elf", "a program");
    check_both("esp32s3-5.4", &project);
}

/// Leakscope's component, with defaults that would switch it off; the program that was built is something else.
#[test]
fn our_component() {
    let on = "CONFIG_HEAP_TRACING_OFF=y\nCONFIG_LEAKSCOPE_ENABLE=y\nCONFIG_LEAKSCOPE_SINK_UART=y\n";
    let project = EspIdf::new("esp32c3", "v5.3.2", &format!("{C3}{on}"));
    let path = "build/project_description.json";
    let with = project
        .read(path)
        .replace("\"heap\"]", "\"heap\",\"leakscope\"]");
    project.write(path, &with);
    project.write("sdkconfig.defaults", "CONFIG_APPTRACE_SV_ENABLE=y\n");
    project.write("build/demo.elf", "a picture");
    check_both("component-5.3", &project);
    // What another way would do to it is said with its lines, and done by a line of its own.
    let jtag = project
        .run(&["doctor", "--way", "jtag", "--write"])
        .stdout();
    assert!(
        jtag.contains("missing  CONFIG_LEAKSCOPE_ENABLE=n "),
        "{jtag}"
    );
    assert!(
        project
            .read("sdkconfig.defaults")
            .contains("\nCONFIG_LEAKSCOPE_ENABLE=n\n")
    );
    // Over TCP, the port is named if it is not the usual one.
    let tcp = format!("{C3}{on}").replace("SINK_UART=y", "SINK_TCP=y\nCONFIG_LEAKSCOPE_TCP_PORT=7");
    project.write("sdkconfig", &tcp);
    let said = project.run(&["doctor"]).stdout();
    assert!(
        said.contains(" record --tcp ADDRESS:7 -o heap.svdat\n"),
        "{said}"
    );
}

/// A list of lines is never empty, and what the files are not is said.
#[test]
fn files_that_are_something_else() {
    let standalone = "CONFIG_HEAP_TRACING_STANDALONE=y\n";
    let project = EspIdf::new("esp32", "v5.3", standalone);
    project.write("sdkconfig.defaults", standalone);
    let said = project.run(&["doctor", "--way", "console"]).stdout();
    let expected = "sdkconfig.defaults lacks, without which there are no call stacks or short ones,\n  CONFIG_HEAP_TRACING_STACK";
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("Warning"), "{said}");
    let words: Vec<u8> = standalone.bytes().flat_map(|byte| [byte, 0]).collect();
    fs::write(project.path("sdkconfig"), words).expect("a folder with room");
    let said = project.run(&["doctor"]).stdout();
    assert!(
        said.contains("\nWarning  sdkconfig is in UTF-16, "),
        "{said}"
    );
    let unknown = EspIdf::new("ESP32C3", "v5.3", "").run(&["doctor"]).stdout();
    assert!(
        unknown.contains("\nWarning  `ESP32C3` is no chip that is known here"),
        "{unknown}"
    );
    let Some((_folder, elf)) = crate::gdbinit::program("") else {
        return;
    };
    fs::copy(&elf, project.path("build/demo.elf")).expect("a file");
    let said = project.run(&["doctor"]).stdout();
    assert!(
        said.contains("\nWarning  the program is for another processor, "),
        "{said}"
    );
}

/// SystemView is a component there, and USB carries traces.
#[test]
fn risc_v_with_6_1() {
    let config = C3.replace("esp32c3", "esp32c6");
    check_both(
        "esp32c6-6.1",
        &EspIdf::new("esp32c6", "v6.1-beta1", &config),
    );
}

#[test]
fn two_risc_v_cores_with_6_0() {
    let config = "CONFIG_IDF_TARGET=\"esp32p4\"\nCONFIG_IDF_TARGET_ARCH_RISCV=y\nCONFIG_SOC_CPU_CORES_NUM=2\n\
                  CONFIG_SOC_USB_SERIAL_JTAG_SUPPORTED=y\n# default:\nCONFIG_PM_ENABLE=y\n\
                  CONFIG_SEGGER_SYSVIEW_MAX_TASKS=16\n";
    check_both("esp32p4-6.0", &EspIdf::new("esp32p4", "v6.0.1", config));
}

#[test]
fn the_target_linux() {
    let project = EspIdf::new("linux", "v6.0", "CONFIG_IDF_TARGET=\"linux\"\n");
    check_both("linux-6.0", &project);
}

/// Lines are added once, below what is there; nothing else is changed.
#[test]
fn lines_are_written() {
    let project = EspIdf::new("esp32c3", "v5.5.1", C3);
    project.write("sdkconfig.defaults", "# ours\nCONFIG_APPTRACE_SV_ENABLE=y");
    let said = project.run(&["doctor", "--write"]).stdout();
    assert!(
        said.contains("Added 5 lines to sdkconfig.defaults."),
        "{said}"
    );
    let expected = "# ours\nCONFIG_APPTRACE_SV_ENABLE=y\n\n# Heap recording: JTAG (leakscope doctor --write)\n\
                    CONFIG_APPTRACE_DEST_JTAG=y\nCONFIG_APPTRACE_SV_DEST_JTAG=y\nCONFIG_HEAP_TRACING_TOHOST=y\n\
                    CONFIG_ESP_SYSTEM_USE_FRAME_POINTER=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=10\n";
    assert_eq!(project.read("sdkconfig.defaults"), expected);
    assert_eq!(project.read("sdkconfig"), C3);
    // What to do with sdkconfig, which has none of that.
    let again = project.run(&["doctor", "--write"]).stdout();
    assert!(again.contains("sdkconfig exists, and wins"), "{again}");
    assert!(!again.contains("Added"), "{again}");
    assert_eq!(project.read("sdkconfig.defaults"), expected);
    // The command that would write is the one that was typed.
    let typed = project
        .run(&["doctor", "--way", "uart", "--project", "."])
        .stdout();
    let called = env!("CARGO_BIN_EXE_leakscope");
    let hint = format!("\n`{called} doctor --project . --way uart --write` adds the lines to ");
    assert!(typed.contains(&hint), "{typed}");
    // Another way contradicts these.
    let json = project.run(&["doctor", "--write", "--way", "console", "--format", "json"]);
    let answer = json.json();
    assert_eq!(answer["chosen"], "console");
    assert_eq!(answer["additions"]["lines"], json!([]));
    assert_eq!(answer["additions"]["conflicts"][0]["line"], 7);
    assert_eq!(answer["written"], false);
    assert_eq!(project.read("sdkconfig.defaults"), expected);
}

/// What cannot be done, or need not, is said; the exit code tells it from what was done.
#[test]
fn nothing_is_written() {
    let project = EspIdf::new("esp32", "v4.4", "");
    let asked = project.run(&["doctor", "--way", "uart"]).end();
    assert_eq!(asked.code, 0);
    let expected = "\nThere is nothing to add for UART, which is not possible: ESP-IDF traces over a UART from 5.0 on.\n";
    assert!(asked.stdout.ends_with(expected), "{}", asked.stdout);
    let ran = project.run(&["doctor", "--way", "uart", "--write"]).end();
    assert_eq!(ran.code, 2);
    let expected = "error: nothing was written: UART is not possible: ESP-IDF traces over a UART from 5.0 on\nhint: ";
    assert!(ran.stderr.starts_with(expected), "{}", ran.stderr);
    assert!(!project.path("sdkconfig.defaults").exists());
    let host = EspIdf::new("linux", "v6.0", "CONFIG_IDF_TARGET=\"linux\"\n");
    assert_eq!(host.run(&["doctor", "--write"]).end().code, 2);
    project.run(&["doctor", "--write"]).stdout();
    let again = project.run(&["doctor", "--write"]).stdout();
    assert!(
        again.contains("\nNothing was written: there is no line to add.\n"),
        "{again}"
    );
}

/// Lines end as the file's other lines do.
#[test]
fn defaults_with_crlf() {
    let project = EspIdf::new("esp32", "v5.3", "");
    project.write("sdkconfig.defaults", "CONFIG_APPTRACE_SV_ENABLE=y\r\n");
    project.run(&["doctor", "--write"]).stdout();
    let written = project.read("sdkconfig.defaults");
    assert_eq!(
        written.matches('\n').count(),
        written.matches("\r\n").count()
    );
    assert!(
        written.ends_with("CONFIG_HEAP_TRACING_STACK_DEPTH=10\r\n"),
        "{written:?}"
    );
}

/// What the program calls is looked up in it; what is left to do ends with the command.
#[test]
fn what_the_program_calls() {
    let config = "CONFIG_APPTRACE_DEST_JTAG=y\nCONFIG_APPTRACE_SV_ENABLE=y\nCONFIG_APPTRACE_SV_DEST_JTAG=y\n\
                  CONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=32\n";
    let project = EspIdf::new("esp32", "v5.3", config);
    let unbuilt = project.run(&["doctor"]).stdout();
    assert!(unbuilt.contains("  1. let the program call heap_trace_init_tohost(), heap_trace_start()\n  2. `idf.py build flash`\n  3. "), "{unbuilt}");
    assert!(
        unbuilt.contains("on       CONFIG_HEAP_TRACING_STACK_DEPTH=32 "),
        "{unbuilt}"
    );
    let Some((_folder, elf)) = crate::gdbinit::program("void heap_trace_start(void) {}") else {
        return;
    };
    fs::copy(&elf, project.path("build/demo.elf")).expect("a file");
    let half = project.run(&["doctor"]).stdout();
    assert!(half.contains("JTAG: not ready, "), "{half}");
    assert!(
        half.contains("  to do    the program calls no heap_trace_init_tohost(): docs/esp-idf.md has the lines\n"),
        "{half}"
    );
    assert!(half.contains("  2. `idf.py build flash`\n"), "{half}");
    let calls = "void heap_trace_start(void) {} void heap_trace_init_tohost(void) {}";
    let (_folder, elf) = crate::gdbinit::program(calls).expect("a compiler");
    fs::copy(&elf, project.path("build/demo.elf")).expect("a file");
    let whole = project.run(&["doctor"]).stdout();
    assert!(whole.contains("JTAG: ready\n"), "{whole}");
    let jtag = whole.split("\n\n").find(|part| part.starts_with("JTAG: "));
    assert!(!jtag.expect("a part").contains("has to call"), "{whole}");
    assert!(
        whole.contains(
            "To record:\n  1. `idf.py flash`, unless the chip runs this program already\n  2. "
        ),
        "{whole}"
    );
}

/// `sdkconfig` was changed to another chip since the build.
#[test]
fn two_targets() {
    let project = EspIdf::new("esp32", "v5.3", C3);
    let said = project.run(&["doctor"]).stdout();
    let expected = "\nWarning  build/project_description.json is of a build for esp32, sdkconfig for esp32c3: ";
    assert!(said.contains(expected), "{said}");
    let answer = project.run(&["doctor", "--format", "json"]).json();
    assert_eq!(answer["project"]["described_target"], "esp32");
}

/// A project without defaults gets some, in the folder that it has now.
#[test]
fn new_defaults() {
    let project = EspIdf::new("esp32", "v5.3", "");
    let answer = project.run(&["doctor", "--write", "--way", "uart", "--format", "json"]);
    assert_eq!(answer.json()["written"], true);
    let written = project.read("sdkconfig.defaults");
    assert!(
        written.starts_with("# Heap recording: UART (leakscope doctor --write)\nCONFIG_"),
        "{written}"
    );
    // With no sdkconfig yet, the defaults will do.
    fs::remove_file(project.path("sdkconfig")).expect("a file");
    let said = project.run(&["doctor"]).stdout();
    assert!(said.contains("there is no sdkconfig"), "{said}");
    assert!(!said.contains("wins"), "{said}");
}

/// Defaults that lie elsewhere are not touched.
#[test]
fn defaults_of_others() {
    let project = EspIdf::new("esp32", "v5.3", "");
    let path = "build/project_description.json";
    let elsewhere = project.read(path);
    let elsewhere = elsewhere.replace("/project/sdkconfig.defaults", "/elsewhere/defaults");
    project.write(path, &elsewhere);
    let asked = project.run(&["doctor"]).stdout();
    assert!(
        asked.contains("lies in its folder: add the lines by hand."),
        "{asked}"
    );
    assert!(!asked.contains("--write"), "{asked}");
    let ran = project.run(&["doctor", "--write"]).end();
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("CONFIG_APPTRACE_SV_ENABLE=y"));
    assert!(
        ran.stderr.contains("error: nothing was written"),
        "{}",
        ran.stderr
    );
    assert!(!project.path("sdkconfig.defaults").exists());
    // Of several, the last one in the project has the last word.
    let both = elsewhere.replace(
        "/elsewhere/defaults",
        "/elsewhere/defaults;/project/a;/project/b",
    );
    project.write(path, &both);
    project.run(&["doctor", "--write"]).stdout();
    assert!(project.read("b").contains("CONFIG_APPTRACE_SV_ENABLE=y"));
}

/// From the project's folder, one below it, its build folder, or anywhere.
#[test]
fn where_projects_are_found() {
    let project = EspIdf::new("esp32", "v5.3", "");
    fs::create_dir_all(project.path("main/deep")).expect("a folder with room");
    let name = |run: Run| {
        let answer: Value = run.json();
        answer["project"]["name"].clone()
    };
    let doctor = ["doctor", "--format", "json"];
    for folder in [".", "main/deep", "build"] {
        assert_eq!(name(within(&project.path(folder), &doctor)), "demo");
    }
    let elsewhere = tempfile::tempdir().expect("a folder");
    let [root, build] = ["", "build"].map(|name| project.path(name).display().to_string());
    for named in [&root, &build] {
        let arguments = [&doctor[..], &["--project", named]].concat();
        assert_eq!(name(within(elsewhere.path(), &arguments)), "demo");
    }
    let refused = within(elsewhere.path(), &["doctor", "--project", "."]).end();
    assert_eq!(refused.code, 2);
    assert!(
        refused
            .stderr
            .starts_with("error: `.` is no project that was built\nhint: "),
        "{}",
        refused.stderr
    );
    // A build folder with another name, if there is one alone.
    fs::rename(project.path("build"), project.path("build_c3")).expect("a folder");
    project.write("CMakeLists.txt", "");
    assert_eq!(name(project.run(&doctor)), "demo");
    fs::create_dir(project.path("build_s3")).expect("a folder with room");
    fs::copy(
        project.path("build_c3/project_description.json"),
        project.path("build_s3/project_description.json"),
    )
    .expect("a file");
    let refused = project.run(&doctor).end();
    assert!(
        refused
            .stderr
            .contains("was built several times: `build_c3`, `build_s3`"),
        "{}",
        refused.stderr
    );
    let arguments = [&doctor[..], &["--project", "build_s3"]].concat();
    assert_eq!(name(project.run(&arguments)), "demo");
}

#[test]
fn projects_of_others() {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, kind) in [
        ("build/zephyr/zephyr.elf", "Zephyr"),
        ("Cargo.lock", "Cargo"),
    ] {
        let path = folder.path().join(kind).join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder with room");
        fs::write(path, "").expect("a folder with room");
        let ran = within(&folder.path().join(kind), &["doctor"]).end();
        assert_eq!(ran.code, 2);
        let expected = format!("error: the {kind} project in `.` has none of ESP-IDF's options\n");
        assert!(ran.stderr.starts_with(&expected), "{}", ran.stderr);
    }
}

/// The program is older than its options.
#[test]
fn a_stale_program() {
    let project = EspIdf::new("esp32", "v5.3", "");
    project.write("build/demo.elf", "a program");
    let program = File::options()
        .write(true)
        .open(project.path("build/demo.elf"));
    let hour = Duration::from_hours(1);
    program
        .and_then(|file| file.set_modified(SystemTime::now() - hour))
        .expect("a file");
    let said = project.run(&["doctor"]).stdout();
    assert!(
        said.contains("demo.elf, older than sdkconfig: build it again"),
        "{said}"
    );
}

/// Any content is read, or refused with its place; the terminal gets no control characters.
#[test]
fn hostile_content() {
    let project = EspIdf::new("esp32", "v5.3", "");
    let path = "build/project_description.json";
    for (content, expected) in [
        (&b"{\"target\": 3}"[..], "is no description of a project"),
        (b"[\"esp32\"]", "is no description of a project"),
        (b"", "is no description of a project"),
        (
            b"{\"git_revision\": \"v3.3\"}",
            "and its options have other names\nhint: what heap_trace_dump() prints in the console is read",
        ),
        (
            b"{\"git_revision\": \"a1b2c3\"}",
            "says which ESP-IDF this is\nhint: `idf.py reconfigure`",
        ),
    ] {
        fs::write(project.path(path), content).expect("a folder with room");
        let ran = project.run(&["doctor"]).end();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
    let deep = format!("{{\"x\": {}1", "[".repeat(100_000));
    fs::write(project.path(path), deep).expect("a folder with room");
    assert_eq!(project.run(&["doctor"]).end().code, 2);
    fs::write(
        project.path(path),
        b"{\"project_name\": \"\\u001b[31mred\\n\xFF\", \"git_revision\": \"v5.3\", \"target\": \"esp32\"}",
    )
    .expect("a folder with room");
    let mut config =
        b"\xFF\xFE\0CONFIG_=\nCONFIG_HEAP_TRACING_TOHOST=\"\n# CONFIG_X is not set".to_vec();
    config.resize(1 << 20, b'=');
    fs::write(project.path("sdkconfig"), config).expect("a folder with room");
    let said = project.run(&["doctor"]).stdout();
    assert!(!said.contains('\u{1b}'), "{said:?}");
    // Longer than any that a build writes.
    let long = File::options().write(true).open(project.path("sdkconfig"));
    long.and_then(|file| file.set_len((64 << 20) + 1))
        .expect("a sparse file");
    let ran = project.run(&["doctor"]).end();
    assert!(
        ran.stderr.contains("`sdkconfig` is longer than 64 MiB"),
        "{}",
        ran.stderr
    );
}

/// Links are followed, as ESP-IDF follows them.
#[cfg(unix)]
#[test]
fn links() {
    let project = EspIdf::new("esp32", "v5.3", "");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(&project.root, &link).expect("a folder with links");
    let shared = elsewhere.path().join("shared.defaults");
    fs::write(&shared, "CONFIG_APPTRACE_SV_ENABLE=y\n").expect("a folder with room");
    std::os::unix::fs::symlink(&shared, project.path("sdkconfig.defaults")).expect("links");
    let answer = within(&link, &["doctor", "--write", "--format", "json"]).json();
    assert_eq!(answer["written"], true);
    let present = &answer["additions"]["present"];
    assert_eq!(*present, json!(["CONFIG_APPTRACE_SV_ENABLE=y"]));
    let written = fs::read_to_string(&shared).expect("a file");
    assert!(written.contains("CONFIG_HEAP_TRACING_TOHOST=y"));
    // A link to itself is no file.
    let circle = project.path("build/demo.elf");
    std::os::unix::fs::symlink(&circle, &circle).expect("links");
    let said = project.run(&["doctor"]).stdout();
    assert!(said.contains("Program  not built yet"), "{said}");
}
