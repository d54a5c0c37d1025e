//! A cluster of Ballista gives the rows that one engine gives, and gives them too if it loses an executor in mid-query.
//! `cargo xtask fleet-proof` installs its servers and runs this.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use leakscope_fleet::answer::{Answer, Row};
use leakscope_fleet::engine::Engine;
use leakscope_fleet::store::Folder;
use serde_json::{Value, json};

use crate::engines::{same, statements};
use crate::made::fleet;
use crate::planted::days;

/// For a server to say something.
const PATIENCE: Duration = Duration::from_mins(2);

/// A process of the cluster. It is killed when it is dropped.
struct Server {
    process: Child,
    lines: Receiver<String>,
}

impl Server {
    /// Starts one on this machine alone, and waits until it says that it is ready.
    fn start(name: &str, ready: &str, options: &str) -> Self {
        let folder = env::var_os("LEAKSCOPE_BALLISTA").expect("where the servers are");
        let mut command = Command::new(Path::new(&folder).join(name));
        command.args(["--bind-host", "127.0.0.1"]);
        command.args(options.split_whitespace());
        // Without optimisation, plans take more of the stack than there is.
        command.env("RUST_MIN_STACK", "33554432");
        let process = command.stdout(Stdio::piped()).spawn();
        let mut process = process.unwrap_or_else(|error| panic!("{name}: {error}"));
        let told = BufReader::new(process.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut told = told.lines().map_while(Result::ok);
            told.try_for_each(|line| sender.send(line))
        });
        let server = Self { process, lines };
        server.await_line(ready);
        server
    }

    fn await_line(&self, words: &str) {
        while !self
            .lines
            .recv_timeout(PATIENCE)
            .expect(words)
            .contains(words)
        {}
    }

    /// An executor that keeps what it works out in a folder.
    fn executor(scheduler: u16, folder: &Path) -> Self {
        let [data, tasks, health] = free_ports();
        let folder = folder
            .join(format!("executor-{data}"))
            .display()
            .to_string();
        let options = format!(
            "--scheduler-port {scheduler} --scheduler-connect-timeout-seconds 60 --vcores 2 --bind-port {data} \
             --bind-grpc-port {tasks} --bind-health-port {health} --work-dir {folder} \
             --executor-heartbeat-interval-seconds 2"
        );
        Self::start(
            "ballista-executor",
            "Executor registration succeed",
            &options,
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listen = |()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let listeners = [(); COUNT].map(listen);
    listeners.map(|listener| listener.local_addr().expect("a port").port())
}

fn timed(engine: &Engine, sql: &str) -> (Answer, f64) {
    let begun = Instant::now();
    let answer = engine.run(sql).expect("an answer");
    (answer, begun.elapsed().as_secs_f64())
}

fn values(rows: &[Row]) -> Vec<Vec<Value>> {
    let row = |row: &Row| row.iter().map(|cell| json!(cell)).collect();
    rows.iter().map(row).collect()
}

#[test]
#[ignore = "by hand: cargo xtask fleet-proof"]
#[allow(clippy::print_stdout, reason = "the guide shows it")]
fn a_cluster_gives_the_same_rows_if_it_loses_an_executor() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut days = days(1000, 1, |version, hardware| {
        if (version, hardware) == ("1.2", "rev-b") {
            4.0
        } else {
            0.0
        }
    });
    for (number, day) in days.iter_mut().enumerate() {
        day.is_dump = number % 4 == 3;
    }
    let alone = fleet(folder.path(), &days);
    let [port] = free_ports();
    let options = format!(
        "--bind-port {port} --task-distribution round-robin --executor-timeout-seconds 20 \
         --expire-dead-executor-interval-seconds 1"
    );
    let _scheduler = Server::start("ballista-scheduler", "listening on", &options);
    let work = tempfile::tempdir().expect("a folder");
    let executor = || Server::executor(port, work.path());
    let mut executors = [executor(), executor()];
    let scheduler = format!("df://127.0.0.1:{port}");
    let cluster = Engine::on(Some(&scheduler), &Folder::new(folder.path())).expect("a fleet");
    println!(
        "| question | rows | DataFusion, s | Ballista, s | with an executor killed, s |\n|---|---|---|---|---|"
    );
    for (question, sql) in statements() {
        let (ours, alone_s) = timed(&alone, &sql);
        let (theirs, cluster_s) = timed(&cluster, &sql);
        same(question, "Ballista", &ours.rows, &values(&theirs.rows));
        let (theirs, killed_s) = thread::scope(|scope| {
            let victim = &mut executors[0];
            // What it has said before.
            victim.lines.try_iter().for_each(drop);
            let asked = scope.spawn(|| timed(&cluster, &sql));
            victim.await_line("Finished task");
            victim.process.kill().expect("it runs");
            assert!(!asked.is_finished(), "{question}: it was killed too late");
            asked.join().expect("an answer")
        });
        same(question, "Ballista", &ours.rows, &values(&theirs.rows));
        executors[0] = executor();
        let rows = ours.rows.len();
        println!("| `{question}` | {rows} | {alone_s:.2} | {cluster_s:.2} | {killed_s:.2} |");
    }
}
