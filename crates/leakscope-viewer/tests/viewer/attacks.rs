//! The server against those who were not invited: by raw sockets, as another program on this machine would.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::routes::{Running, status};

impl Running {
    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// A connection that has sent the begin of a request.
    fn begin(&self, text: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }
}

/// Reads on until the server ends the connection, and returns what it said.
fn rest_of(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // A connection that is cut off with data on their way is one that was reset.
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn who_says_nothing_or_half_a_request_is_hung_up_on() {
    let server = Running::start();
    let mut silent = server.connect();
    let mut half = server.begin("GET / HTTP/1.1\r\nHost: ");
    let mut between = server.begin(&format!(
        "GET / HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    ));
    assert_eq!(rest_of(&mut silent), "");
    assert_eq!(rest_of(&mut half), "");
    assert_eq!(status(&rest_of(&mut between)), "404");
}

/// A byte now and then does not buy more time.
#[test]
fn a_request_that_trickles_in_is_given_up() {
    const PACE: Duration = Duration::from_millis(50);
    let server = Running::start();
    let mut stream = server.begin("GET / HTTP/1.1\r\nX-Long: ");
    stream.set_read_timeout(Some(PACE)).unwrap();
    loop {
        if stream.write_all(b"a").is_err() {
            break;
        }
        match stream.read(&mut [0; 256]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(0) | Err(_) => break,
            Ok(_) => panic!("an answer to half a request"),
        }
    }
}

#[test]
fn many_connections_keep_nobody_out() {
    const MANY: usize = 200;
    let server = Running::start();
    let path = server.own("api/live");
    let mut page = server.begin(&format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    ));
    assert!(page.read(&mut [0; 1024]).unwrap() > 0);
    let mut strangers: Vec<_> = (0..MANY).map(|_| server.begin("GET / HT")).collect();
    assert_eq!(status(&server.get(&server.own("api/overview"))), "200");
    assert_eq!(rest_of(&mut strangers[0]), "");
    // The page that was there before them still hears the news.
    page.set_nonblocking(true).unwrap();
    assert_ne!(page.read(&mut [0; 1024]).ok(), Some(0));
}

/// Of a request for a whole URL, the URL says whom it is for.
#[test]
fn urls_of_others_are_refused_like_their_hosts() {
    let server = Running::start();
    let own = server.address.to_string();
    let path = server.own("api/overview");
    for (target, host, code) in [
        (format!("http://{own}{path}"), own.as_str(), "200"),
        (format!("http://evil.example{path}"), &own, "421"),
        (format!("http://{own}@evil.example{path}"), &own, "421"),
        (format!("http://user@{own}{path}"), &own, "421"),
        (format!("http://{own}{path}"), "evil.example", "421"),
        ("http://evil/".to_owned(), &own, "421"),
        ("*".to_owned(), &own, "404"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let response = server.send(&request);
        assert_eq!(status(&response), code, "{target} at {host}: {response}");
    }
    let tunnel = format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: {own}\r\n\r\n");
    assert_ne!(status(&server.send(&tunnel)), "200");
}

#[test]
fn nonsense_is_no_request() {
    let server = Running::start();
    for nonsense in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let answer = rest_of(&mut server.begin(nonsense));
        assert_ne!(status(&answer), "200", "{nonsense:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(1 << 20));
    let mut stream = server.connect();
    let _ = stream.write_all(long.as_bytes());
    assert_ne!(status(&rest_of(&mut stream)), "200");
    assert_eq!(status(&server.get(&server.own(""))), "200");
}
