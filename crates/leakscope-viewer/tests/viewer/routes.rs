//! The server, by hand-written requests: who may ask, and what stands where.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;

use leakscope_report::naming::Naming;
use leakscope_viewer::{Program, Server};
use tokio::sync::oneshot;

use super::program::{Memory, inputs};

/// A server that runs until this is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    secret: String,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start() -> Self {
        let source = Box::new(Memory::new(inputs(31, 2_000)));
        let server = Server::new(source, Program::default(), Naming::default(), 0).unwrap();
        let (end, ended) = oneshot::channel();
        let url = server.url();
        let address = server.address().unwrap();
        let secret = url
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(url, format!("http://{address}/{secret}/"));
        let thread = std::thread::spawn(move || {
            let end = async {
                let _ = ended.await;
            };
            server.run_until(end).unwrap();
        });
        Self {
            address,
            secret,
            end: Some(end),
            thread: Some(thread),
        }
    }

    /// Sends a request as it stands; returns the whole response.
    pub(crate) fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.get_from(path, &self.address.to_string())
    }

    fn get_from(&self, path: &str, host: &str) -> String {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
    }

    /// A path below the secret one.
    pub(crate) fn own(&self, path: &str) -> String {
        format!("/{}/{path}", self.secret)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end.take().map(|end| end.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

pub(crate) fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn it_listens_on_loopback_only() {
    let server = Running::start();
    assert!(server.address.ip().is_loopback());
    assert!(server.secret.len() >= 32, "128 bits");
    assert_ne!(server.secret, Running::start().secret);
}

#[test]
fn the_page_and_its_parts_are_there_and_say_what_may_run() {
    let server = Running::start();
    let page = server.get(&server.own(""));
    assert_eq!(status(&page), "200");
    let lower = page.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self' 'sha256-",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "content-type: text/html",
    ] {
        assert!(lower.contains(header), "{header} in {page}");
    }
    assert!(!lower.contains("access-control-allow"));
    assert!(!lower.contains("unsafe-inline") && !lower.contains("unsafe-eval"));
    for (path, kind) in [
        ("style.css", "text/css"),
        ("app/main.js", "text/javascript"),
    ] {
        let response = server.get(&server.own(path));
        assert_eq!(status(&response), "200", "{path}");
        assert!(response.to_lowercase().contains(kind), "{path}");
    }
    // Every module that another imports is served.
    for line in page.split("\"leakscope/").skip(1) {
        let name = line.split('"').next().unwrap();
        assert_eq!(
            status(&server.get(&server.own(&format!("app/{name}")))),
            "200",
            "{name}"
        );
    }
}

#[test]
fn nothing_is_offered_for_download_unasked() {
    let server = Running::start();
    assert!(
        server
            .get(&server.own("api/downloads"))
            .ends_with("\r\n\r\n[]")
    );
    assert_eq!(status(&server.get(&server.own("download/pprof"))), "404");
}

#[test]
fn only_who_knows_the_path_gets_anything() {
    let server = Running::start();
    let wrong = "0".repeat(server.secret.len());
    for path in [
        "/".to_owned(),
        "/index.html".to_owned(),
        "/api/overview".to_owned(),
        format!("/{wrong}/"),
        format!("/{wrong}/api/overview"),
        format!("/{}", &server.secret[..16]),
        format!("//{}/", server.secret),
    ] {
        let response = server.get(&path);
        assert_eq!(status(&response), "404", "{path}");
        assert!(!response.contains("leakscope.page"), "{path}");
    }
}

#[test]
fn requests_addressed_to_others_are_refused() {
    let server = Running::start();
    let port = server.address.port();
    let path = server.own("api/overview");
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.1.evil.example:{port}"),
        String::new(),
    ] {
        let response = server.get_from(&path, &host);
        assert_eq!(status(&response), "421", "{host}");
        assert!(!response.contains("leakscope.page"));
    }
    for host in [format!("127.0.0.1:{port}"), format!("LOCALHOST:{port}")] {
        assert_eq!(status(&server.get_from(&path, &host)), "200", "{host}");
    }
    let two = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        server.address
    );
    assert_ne!(status(&server.send(&two)), "200");
    let none = format!("GET {path} HTTP/1.0\r\n\r\n");
    assert_ne!(status(&server.send(&none)), "200");
}

#[test]
fn no_path_leads_out() {
    let server = Running::start();
    for path in [
        "app/../index.html",
        "app/../../Cargo.toml",
        "app/%2e%2e/%2e%2e/Cargo.toml",
        "app/..%2f..%2fCargo.toml",
        "app//etc/passwd",
        "app/%00",
        "../../../../etc/passwd",
        "api/../app/main.js",
        "app/main.js/",
        "package.json",
    ] {
        let response = server.get(&server.own(path));
        assert_eq!(status(&response), "404", "{path}");
    }
}

#[test]
fn questions_are_answered_and_nonsense_is_refused() {
    let server = Running::start();
    for path in [
        "api/overview",
        "api/timeline?from=10&to=2000&width=10",
        "api/sites",
        "api/sites?from=10&to=500",
        "api/events?kinds=heap&limit=3",
        "api/find?time=100",
        "api/tasks?from=10&to=500",
        "api/system",
        "api/events?text=%3Cimg%20src%3Dx%3E",
    ] {
        let response = server.get(&server.own(path));
        assert_eq!(status(&response), "200", "{path}");
        let json = response.split("\r\n\r\n").nth(1).unwrap();
        assert!(
            serde_json::from_str::<serde_json::Value>(json).is_ok(),
            "{path}: {json}"
        );
    }
    for (path, code) in [
        ("api/nothing", "404"),
        ("api/site?id=999999", "404"),
        ("api/block?index=0", "404"),
        ("api/site", "400"),
        ("api/find", "400"),
        ("api/events?limit=-1", "400"),
        ("api/events?kinds=apis", "400"),
        ("api/timeline?from=1e5", "400"),
        ("api/curve", "404"),
    ] {
        let response = server.get(&server.own(path));
        assert_eq!(status(&response), code, "{path}");
        assert!(response.contains("{\"error\":"), "{path}");
    }
    let post = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        server.own("api/overview"),
        server.address
    );
    assert_eq!(status(&server.send(&post)), "405");
}

#[test]
fn news_come_as_they_happen() {
    let server = Running::start();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let path = server.own("api/live");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    )
    .unwrap();
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains("\"state\":\"complete\"") {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(text.contains("content-type: text/event-stream"), "{text}");
    assert!(text.contains("event: reading"));
    // The end of the server is the end of the stream: so a page knows.
    drop(server);
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}
