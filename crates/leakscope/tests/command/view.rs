//! `leakscope view` and `leakscope report --html`, as processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Child;

use leakscope_testing::program::eventful;
use leakscope_testing::project;
use tempfile::TempDir;

use crate::corpus::gzip;
use crate::run::leakscope;

fn trace() -> PathBuf {
    project().join("testdata/steady-leak/input.svdat")
}

#[test]
fn the_page_is_where_the_command_says() {
    let mut child = leakscope(["view", "--no-open"]).on(&[trace()]).begin();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("a line");
    assert!(ask(&url, "api/overview").contains("\"schema\":\"leakscope.page\""));
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
}

#[test]
fn a_recording_before_a_change_is_at_hand() {
    let before = project().join("testdata/growing-table/input.svdat");
    let view = leakscope(["view", "--no-open", "--before"]);
    let mut child = view.on(&[before, trace()]).begin();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("a line");
    let answer = ask(&url, "api/before");
    assert!(answer.contains("growing-table/input.svdat"), "{answer}");
    assert!(answer.contains("\"outstanding_bytes\":2624"), "{answer}");
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
    let missing = leakscope(["view", "--no-open", "--before", "nowhere.svdat"]);
    let ran = missing.on(&[trace()]).end();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nowhere.svdat"), "{}", ran.stderr);
}

#[test]
fn what_the_page_offers_for_download_is_what_export_writes() {
    let mut child = leakscope(["view", "--no-open"]).on(&[trace()]).begin();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("a line");
    let offered = ask(&url, "api/downloads");
    assert!(
        offered.contains(r#"{"name":"folded","file":"input.folded","#),
        "{offered}"
    );
    assert!(
        offered.contains(r#"{"name":"sites.csv","file":"input.sites.csv","#),
        "{offered}"
    );
    for (name, words) in [("folded", "folded"), ("sites.csv", "csv --table sites")] {
        let file = ask(&url, &format!("download/{name}"));
        assert!(file.contains("content-disposition: attachment"), "{file}");
        let exported = leakscope(["export", "--as"].into_iter().chain(words.split(' ')))
            .on(&[trace()])
            .stdout();
        for line in exported.lines() {
            assert!(file.contains(line), "{file}");
        }
    }
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
}

#[test]
fn a_page_is_never_written_over_a_file_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let write = |more: &[&str]| {
        let html = page.to_str().expect("UTF-8");
        let arguments = ["report", "--html", html];
        leakscope(arguments.iter().chain(more)).on(&[trace()]).end()
    };
    let first = write(&[]);
    assert_eq!(
        (first.code, first.stdout.as_str()),
        (0, ""),
        "{}",
        first.stderr
    );
    let written = std::fs::read_to_string(&page).expect("a page");
    assert!(written.starts_with("<!doctype html>"));
    assert!(written.contains("\"verdict\":\"leak-steady\""));
    std::fs::write(&page, "mine").expect("a file");
    let again = write(&[]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&page).expect("a file"), "mine");
    assert_eq!(write(&["--force"]).code, 0);
    assert_eq!(std::fs::read_to_string(&page).expect("a page"), written);
}

#[test]
fn a_page_of_nothing_is_refused_like_a_report_of_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let nothing = folder.path().join("nothing.svdat");
    std::fs::write(&nothing, "").expect("a file");
    let ran = leakscope(["report", "--html", page.to_str().expect("UTF-8")])
        .on(&[&nothing])
        .end();
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(!page.exists());
    let ran = leakscope(["view", "--no-open"]).on(&[&nothing]).end();
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn a_heap_dump_opens_in_both_forms() {
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    let mut child = leakscope(["view", "--no-open"]).on(&[&log]).begin();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("a line");
    assert!(ask(&url, "api/overview").contains("\"records\":264"));
    assert!(ask(&url, "api/sites").contains("\"verdict\":\"unclassified\""));
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let ran = leakscope(["report", "--html", page.to_str().expect("UTF-8")])
        .on(&[&log])
        .end();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let written = std::fs::read_to_string(&page).expect("a page");
    assert!(written.contains("\"capacity\":400"));
}

#[test]
fn a_heap_dump_is_compared_by_diff_and_not_on_its_page() {
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    for command in [&["view", "--no-open"][..], &["report", "--html", "-"]] {
        for before in [log.clone(), PathBuf::from("nowhere.log")] {
            let run = leakscope(command.iter().copied()).on(&[&log]);
            let ran = run.on(&[PathBuf::from("--before"), before]).end();
            assert_eq!(ran.code, 2, "{command:?}");
            let said = "error: --before does not go with a heap dump: its page compares recordings only\nhint: `leakscope diff BEFORE AFTER`";
            assert!(ran.stderr.starts_with(said), "{}", ran.stderr);
        }
    }
}

#[test]
fn what_is_read_as_a_copy_is_not_followed() {
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    let folder = tempfile::tempdir().expect("a folder");
    let packed = folder.path().join("packed.svdat.gz");
    let recorded = std::fs::read(trace()).expect("a trace");
    std::fs::write(&packed, gzip(&recorded)).expect("a file");
    for (input, why) in [
        (log, "a heap dump is of one moment"),
        (packed, "it is read as a copy"),
        (PathBuf::from("-"), "it is read to its end first"),
    ] {
        let view = leakscope(["view", "--no-open", "--follow"]);
        let ran = view.on(&[&input]).reading(&recorded).end();
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let expected = format!("`{}` cannot be followed: {why}\n", input.display());
        assert!(ran.stderr.contains(&expected), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    }
}

#[test]
fn an_image_is_shown_in_both_forms_with_the_numbers_of_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    // All of the heap, with a pointer to its second block in front of it.
    let mut ram = vec![0; 0x2000];
    ram[..4].copy_from_slice(&0x3FFB_0100_u32.to_le_bytes());
    std::fs::write(folder.path().join("ram.bin"), ram).expect("written");
    let image = ["--image", "ram.bin@0x3ffaff00"];
    let run = |arguments: &[&str]| {
        let run = leakscope(arguments.iter().copied()).on(&[trace()]);
        run.on(&image).in_folder(folder.path())
    };
    let report = run(&["report", "--format", "json"]).json();
    let total = &report["memory"]["total"];
    assert_eq!(total["reachable_blocks"], 1, "{total}");
    let expected = report["memory"].to_string();

    let written = run(&["report", "--html", "page.html"]).end();
    assert_eq!(written.code, 0, "{}", written.stderr);
    let page = std::fs::read_to_string(folder.path().join("page.html")).expect("a page");
    let (_, data) = page.split_once("id=\"leakscope-data\">").expect("data");
    let (data, _) = data.split_once("</script>").expect("an end");
    let document: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(document["memory"]["image"].to_string(), expected);
    assert_eq!(document["overview"]["image"], true);

    let mut child = run(&["view", "--no-open"]).begin();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("a line");
    // The image is looked at when all of the recording was read.
    while !ask(&url, "api/overview").contains("\"state\":\"complete\"") {}
    let answer = ask(&url, "api/memory");
    let answer = &answer[answer.find('{').expect("JSON")..];
    let answer: serde_json::Value = serde_json::from_str(answer.trim()).expect("JSON");
    assert_eq!(answer["image"].to_string(), expected);
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
}

#[test]
fn an_image_is_refused_where_no_recording_ends_with_it() {
    let log = project().join("testdata/firmware/recorder-2026-11-22/bounded-cache.log");
    let refused = |arguments: &[&str], trace: PathBuf| {
        let run = leakscope(arguments.iter().copied()).on(&[trace]);
        run.on(&["--image", "ram.bin@0"]).end()
    };
    for (arguments, trace, why) in [
        (&["report"][..], log.clone(), "a heap dump lists blocks"),
        (
            &["report", "--html", "-"],
            log.clone(),
            "a heap dump lists blocks",
        ),
        (&["view", "--no-open"], log, "a heap dump lists blocks"),
        (
            &["view", "--no-open", "--follow"],
            trace(),
            "--follow waits for",
        ),
    ] {
        let ran = refused(arguments, trace);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stderr.contains("cannot be looked at"), "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}

/// A browser that opens nothing, but tells what it was started with: where, and the `PATH` that it is found by.
#[cfg(unix)]
fn telling_browser(folder: &std::path::Path) -> (PathBuf, String) {
    use std::os::unix::fs::PermissionsExt;
    let told = folder.join("told");
    let made = std::process::Command::new("mkfifo").arg(&told).status();
    assert!(made.expect("a tool of every unix").success());
    let browser = folder.join("xdg-open");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" > '{}'\n", told.display());
    std::fs::write(&browser, script).expect("a file");
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).expect("our own");
    (told, format!("{}:/usr/bin:/bin", folder.display()))
}

/// A page whose address a browser was told of, that has opened nothing: the command, the address, and what the browser was told.
#[cfg(unix)]
fn told_of(folder: &std::path::Path) -> (Child, String, String) {
    let (told, path) = telling_browser(folder);
    let mut child = leakscope(["view"])
        .on(&[trace()])
        .with("PATH", &path)
        .begin();
    let line = std::fs::read_to_string(&told).expect("what the browser was told");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("a line");
    (child, url, line)
}

/// Nobody has opened the page, and the command is told to end.
#[cfg(unix)]
#[test]
fn a_command_that_is_told_to_end_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, url, line) = told_of(folder.path());
    let door = std::path::Path::new(line.trim());
    // Once it answers, if only that there is nothing, it hears what it is told.
    assert!(answer(&url, "/nothing").starts_with("HTTP/1.1 404"));
    assert!(door.exists());
    let id = child.id().to_string();
    let ended = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(ended.expect("a tool of every unix").success());
    child.wait().expect("an end");
    assert!(!door.exists(), "{}", door.display());
}

/// Every user of a machine can read the command lines of all programs.
#[cfg(unix)]
#[test]
fn the_browsers_command_line_does_not_tell_where_the_page_is() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, url, line) = told_of(folder.path());
    let secret = url
        .trim()
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .expect("a path");
    assert!(
        !line.contains(secret) && line.ends_with(".html\n"),
        "{line}"
    );
    let door = line.trim();
    let mode = std::fs::metadata(door)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        std::fs::read_to_string(door)
            .expect("a page")
            .contains(url.trim())
    );
    assert!(ask(&url, "api/overview").contains("\"schema\":\"leakscope.page\""));
    // Once the page was there, nobody needs the file.
    assert!(!std::path::Path::new(door).exists());
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
}

#[test]
fn the_port_can_be_chosen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let ran = leakscope(["view", "--no-open", "--port", &port])
        .on(&[trace()])
        .end();
    assert_eq!(ran.code, 2);
    let expected = format!("error: port {port} cannot be used: ");
    assert!(ran.stderr.starts_with(&expected), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
    drop(taken);
    let mut child = leakscope(["view", "--no-open", "--port", &port])
        .on(&[trace()])
        .begin();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).expect("a line");
    assert!(
        url.starts_with(&format!("http://127.0.0.1:{port}/")),
        "{url}"
    );
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
}

/// Asks a server something of the page.
fn ask(url: &str, question: &str) -> String {
    let (_, path) = host_and_path(url);
    let response = answer(url, &format!("/{path}{question}"));
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    response
}

/// What a server answers, head and body.
fn answer(url: &str, path: &str) -> String {
    let (host, _) = host_and_path(url);
    let mut stream = TcpStream::connect(host).expect("somebody listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

fn host_and_path(url: &str) -> (&str, &str) {
    let address = url.trim().strip_prefix("http://").expect("an address");
    address.split_once('/').expect("a path")
}

/// A recording of standard input, with a page. It runs until it is killed.
struct Recording {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Recording {
    fn begin(input: &[u8], options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = leakscope(RECORD.iter().chain(&["--view", "--no-open"]).chain(options))
            .in_folder(folder.path())
            .reading(input)
            .begin();
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("a line");
        let url = line.split(' ').next_back().expect("words");
        Self {
            child,
            url: url.to_owned(),
            _folder: folder,
        }
    }

    /// The recording ends with the input, and the page stays.
    fn complete(&self) {
        while !ask(&self.url, "api/overview").contains("\"state\":\"complete\"") {}
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const RECORD: [&str; 4] = ["record", "--stdin", "-o", "recorded.svdat"];

#[test]
fn a_recording_is_shown_while_it_is_made_and_after() {
    let recording = Recording::begin(&std::fs::read(trace()).expect("a trace"), &[]);
    recording.complete();
    assert!(ask(&recording.url, "api/sites").contains("\"verdict\":\"leak-steady\""));
}

/// That it could not be saved is said, and what was recorded can be looked at all the same.
#[cfg(unix)]
#[test]
fn a_page_stays_when_its_recording_was_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = "record -o recorded.svdat --view --no-open --file";
    let mut child = leakscope(record.split(' '))
        .on(&[trace()])
        .in_folder(folder.path())
        .begin();
    let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut lines = stderr.lines().map(|line| line.expect("UTF-8"));
    let mut behind = |words: &str| {
        let line = lines.find_map(|line| Some(line.split_once(words)?.1.to_owned()));
        line.unwrap_or_else(|| panic!("{words}"))
    };
    let url = behind("the page is at ");
    while ask(&url, "api/overview").contains("\"events\":0,") {}
    std::fs::remove_file(folder.path().join("recorded.svdat")).expect("a file");
    let id = child.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(told.expect("a tool of every unix").success());
    behind("was deleted while it was recorded");
    behind("the page stays until");
    assert!(ask(&url, "api/overview").contains("\"state\":\"complete\""));
    assert!(ask(&url, "api/events?offset=0&limit=1").contains("\"index\":0"));
    child.kill().expect("it runs until it is told to end");
    child.wait().expect("an end");
}

#[test]
fn a_recording_with_a_page_is_told_of_as_one_without() {
    for case in ["log-levels", "begins-in-the-middle", "steady-leak"] {
        let input = project().join("testdata").join(case).join("input.svdat");
        let input = std::fs::read(input).expect("a trace");
        let folder = tempfile::tempdir().expect("a folder");
        let alone = leakscope(RECORD.iter().chain(&["--log"]))
            .in_folder(folder.path())
            .reading(&input)
            .stdout();
        let mut recording = Recording::begin(&input, &["--log"]);
        let mut told = vec![0; alone.len()];
        let mut stdout = recording.child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut told).expect("as much");
        assert_eq!(String::from_utf8(told).expect("UTF-8"), alone, "{case}");
    }
}

/// For the page, the status line and the report together: once where they come from, and once from the file.
#[cfg(target_os = "linux")]
#[test]
fn a_recording_with_a_page_is_read_once() {
    let input = eventful(1, 300_000).swap_remove(0);
    let sent = input.len() as u64;
    assert!(sent > 1 << 20);
    let mut recording = Recording::begin(&input, &["--report-every", "1s"]);
    // All of it was said.
    let stdout = BufReader::new(recording.child.stdout.take().expect("a pipe"));
    let saved = stdout
        .lines()
        .any(|line| line.expect("UTF-8").starts_with("Saved "));
    assert!(saved);
    recording.complete();
    let process = recording.child.id();
    let counts = std::fs::read_to_string(format!("/proc/{process}/io")).expect("its counts");
    let read = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
    let read: u64 = read.expect("a count").parse().expect("a number");
    // The front is looked at more than once, and the program itself is loaded.
    assert!(
        (2 * sent..2 * sent + sent / 2).contains(&read),
        "{read} of {sent}"
    );
}
