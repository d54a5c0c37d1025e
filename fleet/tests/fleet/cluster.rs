//! The same statements on a cluster of this machine: a scheduler and two executors, of which one is killed in mid-query.
//! `cargo xtask fleet-proof` builds the programs and runs it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use leakscope_fleet::answer::{Answer, Row};
use leakscope_fleet::engine::Engine;
use leakscope_fleet::store::Folder;
use serde_json::Value;

use crate::engines::{same, small_fleet, statements};

/// A program that ends when the test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program that lies beside `leakscope-fleet`. What it says is in `folder`.
fn start(name: &str, folder: &Path, arguments: &[String]) -> Running {
    fs::create_dir_all(folder).expect("a new folder");
    let log = fs::File::create(folder.join("log")).expect("a new file");
    let child = Command::new(Path::new(env!("CARGO_BIN_EXE_leakscope-fleet")).with_file_name(name))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Running(child.expect("`cargo xtask fleet-proof` builds it"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

fn scheduler(folder: &Path, port: u16) -> Running {
    let arguments = format!(
        "--bind-host 127.0.0.1 --external-host 127.0.0.1 --bind-port {port} \
         --executor-timeout-seconds 6 --expire-dead-executor-interval-seconds 2"
    );
    let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    start("ballista-scheduler", folder, &arguments)
}

/// An executor, and the folder that holds what it hands to others.
fn executor(folder: &Path, scheduler: u16) -> (Running, PathBuf) {
    let [data, control, health] = [free_port(), free_port(), free_port()];
    let work = folder.join("work");
    fs::create_dir_all(&work).expect("a new folder");
    let arguments = format!(
        "--scheduler-host 127.0.0.1 --scheduler-port {scheduler} --scheduler-connect-timeout-seconds 60 \
         --bind-host 127.0.0.1 --external-host 127.0.0.1 --bind-port {data} --bind-grpc-port {control} \
         --bind-health-port {health} --executor-heartbeat-interval-seconds 1 --vcores 1 --work-dir"
    );
    let mut arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    arguments.push(work.display().to_string());
    (start("ballista-executor", folder, &arguments), work)
}

/// Waits until something holds: nobody tells when another program has done what it should.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(5), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |path: PathBuf| if path.is_dir() { files_below(&path) } else { 1 };
    entries.map(|entry| count(entry.path())).sum()
}

fn as_json(rows: &[Row]) -> Vec<Vec<Value>> {
    let json = |row: &Row| {
        let cells = row.iter().map(serde_json::to_value);
        cells.collect::<Result<_, _>>().expect("cells")
    };
    rows.iter().map(json).collect()
}

#[allow(clippy::print_stdout, reason = "it is run by hand, and read")]
fn say(text: &str) {
    println!("{text}");
}

#[test]
#[ignore = "by hand: cargo xtask fleet-proof"]
fn a_cluster_gives_the_same_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = folder.path().join("fleet");
    let here = small_fleet(&fleet, 1200);
    let port = free_port();
    let _scheduler = scheduler(&folder.path().join("scheduler"), port);
    let one = executor(&folder.path().join("one"), port);
    let other = executor(&folder.path().join("other"), port);
    let cluster = format!("df://127.0.0.1:{port}");
    let mut there = None;
    until("the scheduler answers", || {
        there = Engine::on_cluster(&Folder::new(&fleet), &cluster).ok();
        there.is_some()
    });
    let there = there.expect("it answers");

    let mut rows = 0;
    for (question, sql) in statements() {
        let (ours, theirs) = (here.run(&sql), there.run(&sql));
        let ours = ours.expect("an answer").rows;
        same(
            question,
            "Ballista",
            &ours,
            &as_json(&theirs.expect("an answer").rows),
        );
        say(&format!("{question}: {} equal rows", ours.len()));
        rows += ours.len();
    }
    say(&format!(
        "{rows} rows in all, by a scheduler and two executors"
    ));

    let sql = "SELECT a.firmware, COUNT(*) AS pairs, SUM(a.left_blocks * b.left_blocks) AS products
               FROM sites a JOIN sites b ON b.site = a.site GROUP BY a.firmware ORDER BY a.firmware";
    let before = [&one.1, &other.1].map(|work| files_below(work));
    assert!(
        before.iter().all(|&files| files > 0),
        "both took part: {before:?}"
    );
    let (is_running, theirs) = thread::scope(|scope| {
        let asked = scope.spawn(|| -> Answer { there.run(sql).expect("an answer") });
        until("the other executor has written something", || {
            files_below(&other.1) > before[1]
        });
        let is_running = !asked.is_finished();
        drop(other.0);
        (is_running, asked.join().expect("no panic"))
    });
    assert!(is_running, "it was over before the executor was killed");
    let ours = here.run(sql).expect("an answer").rows;
    same("pairs", "Ballista", &ours, &as_json(&theirs.rows));
    say(&format!(
        "{} equal rows of a query in the midst of which an executor was killed",
        ours.len()
    ));
}
