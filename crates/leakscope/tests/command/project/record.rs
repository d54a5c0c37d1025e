//! Recording in a project; with the real OpenOCD, that is tested with firmware.

use std::fs;

use super::*;

const READY: &str = "CONFIG_APPTRACE_DEST_JTAG=y\nCONFIG_APPTRACE_SV_ENABLE=y\nCONFIG_APPTRACE_SV_DEST_JTAG=y\n\
                     CONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_HEAP_TRACING_STACK_DEPTH=10\n";

/// What is said before anything is connected; a recording that exists is refused at the latest then.
#[track_caller]
fn said(project: &EspIdf, arguments: &[&str]) -> String {
    project.write("heap.svdat", "");
    let ran = project
        .run(&[&["record", "-o", "heap.svdat"], arguments].concat())
        .end();
    assert_eq!(ran.code, 2);
    ran.stderr
}

/// The program and OpenOCD need not be named.
#[test]
fn what_is_filled_in() {
    let Some((_folder, elf)) = crate::gdbinit::program("void heap_trace_start(void) {}") else {
        return;
    };
    let project = EspIdf::new("esp32", "v5.3", READY);
    fs::copy(&elf, project.path("build/demo.elf")).expect("a file");
    let exists = "error: `heap.svdat` exists already\nhint: --force overwrites it\n";
    assert_eq!(
        said(&project, &[]),
        format!(
            "note: of the ESP-IDF project in `.`: the program is `build/demo.elf`, OpenOCD is at localhost:6666\n{exists}"
        )
    );
    assert_eq!(
        said(&project, &["--gdb", "localhost:1"]),
        format!("note: of the ESP-IDF project in `.`: the program is `build/demo.elf`\n{exists}")
    );
    let elf = elf.display().to_string();
    assert_eq!(said(&project, &["--stdin", "--elf", &elf]), exists);
    // It was not built.
    fs::remove_file(project.path("build/demo.elf")).expect("a file");
    let unbuilt = said(&project, &["--stdin"]);
    assert!(
        unbuilt.starts_with("note: the ESP-IDF project in `.` has built no program: "),
        "{unbuilt}"
    );
    let named = said(&project, &["--stdin", "--project", "."]);
    assert!(named.starts_with("error: the ESP-IDF project in `.` has built no program\n"));
}

/// A line or two, for the way that is to be gone.
#[test]
fn what_is_missing_is_said_before() {
    let project = EspIdf::new("esp32c3", "v5.5", "CONFIG_HEAP_TRACING_STANDALONE=y\n");
    // Nothing is connected, as nothing can be written.
    let arguments = ["record", "-o", "nowhere/heap.svdat"];
    let said = |project: &EspIdf, source: &[&str]| {
        let run = project.run(&[&arguments, source].concat());
        run.end().stderr
    };
    let jtag = said(&project, &["--start-openocd"]);
    assert!(
        jtag.contains(
            "note: this build is not set up for JTAG: 6 options are missing, such as CONFIG_APPTRACE_DEST_JTAG=y\n\
             hint: `leakscope doctor --way jtag` says which options to add\n"
        ),
        "{jtag}"
    );
    let serial = said(&project, &["--serial", "/nowhere@1000000"]);
    assert!(
        serial.contains(
            "not set up for UART: 6 options are missing, such as CONFIG_APPTRACE_DEST_UART1=y\n\
             hint: `leakscope doctor --way uart` says which options to add\n"
        ),
        "{serial}"
    );
    assert!(!said(&project, &["--stdin"]).contains("not set up"));
    // Without call stacks, a recording is possible, and says little.
    let project = EspIdf::new(
        "esp32c3",
        "v5.3",
        &format!("{READY}CONFIG_IDF_TARGET_ARCH_RISCV=y\n"),
    );
    let stackless = said(&project, &["--start-openocd"]);
    assert!(stackless.contains("note: no call stacks: "), "{stackless}");
    assert!(!stackless.contains("not set up"), "{stackless}");
}

#[cfg(unix)]
mod openocd {
    //! A program that is called like OpenOCD.

    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    use std::thread;

    use super::*;

    /// A program of this name that does this, in the project's folder `bin`.
    fn put(project: &EspIdf, name: &str, script: &str) {
        fs::create_dir_all(project.path("bin")).expect("a folder with room");
        let path = project.path(&format!("bin/{name}"));
        fs::write(&path, format!("#!/bin/sh\n{script}")).expect("a folder with room");
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, all).expect("a file of ours");
    }

    const VERSION: &str = "case \"$1\" in --version) echo 'Open On-Chip Debugger v0.12.0-esp32-20240318' >&2; exit;; esac\n";

    /// The command with `bin` before all else in PATH, and no folder of ESP-IDF's tools.
    fn record(project: &EspIdf) -> Run {
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = project.path("bin").display().to_string();
        let run = project.run(&["record", "--start-openocd", "-o", "heap.svdat"]);
        run.with("PATH", &format!("{bin}:{path}")).with(
            "IDF_TOOLS_PATH",
            &project.path("tools").display().to_string(),
        )
    }

    #[test]
    fn there_is_none_or_anothers() {
        let project = EspIdf::new("esp32", "v5.3", READY);
        put(&project, "openocd", "echo 'Open On-Chip Debugger 0.12.0'");
        let ran = record(&project).end();
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr
                .contains("error: Espressif's OpenOCD is not in PATH, nor in `"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("(`bin/openocd` is another one)"),
            "{}",
            ran.stderr
        );
    }

    /// It ends at once: what it has said last is shown.
    #[test]
    fn it_fails() {
        let project = EspIdf::new("esp32c3", "v5.5", READY);
        put(
            &project,
            "openocd",
            &format!(
                "{VERSION}echo 'Error: esp_usb_jtag: could not find or open device!' >&2\nexit 1"
            ),
        );
        let ran = record(&project).end();
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr
                .contains("/bin/openocd -f board/esp32c3-builtin.cfg`\n"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains(
                "note: OpenOCD: Error: esp_usb_jtag: could not find or open device!\nerror: OpenOCD has ended at once\nhint: "
            ),
            "{}",
            ran.stderr
        );
        assert!(!project.path("heap.svdat").exists());
    }

    /// Espressif's, in the folder of tools: the newest, with its scripts. It is told to end when the recording has.
    #[test]
    fn it_is_ended() {
        let project = EspIdf::new("esp32c3", "v5.5", READY);
        let tools = project.path("tools/tools/openocd-esp32");
        let fifo = project.path("end");
        let made = Command::new("mkfifo").arg(&fifo).status();
        assert!(made.expect("a shell's tools").success());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        for version in ["v0.11.0-esp32-20221026", "v0.12.0-esp32-20250226"] {
            let place = tools.join(version).join("openocd-esp32");
            fs::create_dir_all(place.join("bin")).expect("a folder with room");
            fs::create_dir_all(place.join("share/openocd/scripts")).expect("a folder with room");
            let script = format!(
                "{VERSION}echo \"$0 $* $OPENOCD_SCRIPTS\" >started\n\
                 echo 'Error: timed out while waiting for target halted' >&2\n\
                 echo 'Info : Listening on port {port} for tcl connections' >&2\nread line <end\n"
            );
            put(&project, "other", &script);
            fs::rename(project.path("bin/other"), place.join("bin/openocd")).expect("a file");
        }
        // It listens to anything, answers nothing that is Tcl, and ends when it is told to.
        let openocd = thread::spawn(move || {
            loop {
                let (mut link, _) = listener.accept().expect("a host");
                let mut asked = Vec::new();
                let mut lines = BufReader::new(link.try_clone().expect("a link"));
                let _ = lines.read_until(0x1A, &mut asked);
                if asked == b"shutdown\x1a" {
                    fs::write(&fifo, "\n").expect("a pipe");
                    return;
                }
                // A host that has gone hears nothing.
                let _ = link.write_all(b"what?\x1a");
            }
        });
        let ran = record(&project).end();
        openocd.join().expect("OpenOCD was told to end");
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let complaint = "note: OpenOCD: Error: timed out while waiting for target halted\n";
        assert!(ran.stderr.contains(complaint), "{}", ran.stderr);
        let started = project.read("started");
        let newest = "tools/tools/openocd-esp32/v0.12.0-esp32-20250226/openocd-esp32";
        assert!(
            started.contains(&format!("{newest}/bin/openocd -c tcl_port 0 ")),
            "{started}"
        );
        assert!(
            started.contains(" -f board/esp32c3-builtin.cfg "),
            "{started}"
        );
        assert!(
            started
                .trim_end()
                .ends_with(&format!("{newest}/share/openocd/scripts")),
            "{started}"
        );
    }

    /// A second Ctrl-C ends leakscope at once, and OpenOCD with it, whatever that does.
    #[test]
    fn it_does_not_outlive_a_second_ctrl_c() {
        let project = EspIdf::new("esp32c3", "v5.5", READY);
        let made = Command::new("mkfifo").arg(project.path("end")).status();
        assert!(made.expect("a shell's tools").success());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let script = format!(
            "{VERSION}echo $$ >id\necho 'Info : Listening on port {port} for tcl connections' >&2\nread line <end\n"
        );
        put(&project, "openocd", &script);
        let mut child = record(&project).begin();
        let kill = |signal: &str, id: &str| {
            let killed = Command::new("kill").args([signal, id]).output();
            killed.expect("a shell's tools").status.success()
        };
        // It listens, and answers nobody.
        let _silent = listener.accept().expect("a host");
        let id = project.read("id");
        assert!(kill("-0", id.trim()), "OpenOCD runs");
        assert!(kill("-INT", &child.id().to_string()));
        let (link, _) = listener.accept().expect("a host that wants it to end");
        let mut asked = Vec::new();
        let _ = BufReader::new(link).read_until(0x1A, &mut asked);
        assert_eq!(asked, b"shutdown\x1a");
        assert!(kill("-INT", &child.id().to_string()));
        let status = child.wait().expect("an end");
        assert_eq!(status.code(), Some(130));
        assert!(!kill("-0", id.trim()), "OpenOCD has ended");
    }

    /// The variable that `idf.py` knows, too; in a folder that is no project, it is needed.
    #[test]
    fn its_arguments() {
        let project = EspIdf::new("esp32c3", "v5.5", READY);
        put(&project, "openocd", &format!("{VERSION}exit 1"));
        let commands = "-f 'board/my own.cfg'";
        let ran = record(&project).with("OPENOCD_COMMANDS", commands).end();
        assert!(
            ran.stderr.contains("/bin/openocd -f 'board/my own.cfg'`\n"),
            "{}",
            ran.stderr
        );
        fs::remove_dir_all(project.path("build")).expect("a folder");
        let ran = record(&project).end();
        assert!(
            ran.stderr
                .contains("error: OpenOCD's configuration is not known\nhint: "),
            "{}",
            ran.stderr
        );
    }
}
