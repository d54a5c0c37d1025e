//! Only a page that knows the secret path, at the server's own address, may ask.

use std::io;
use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The server's address and secret.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    address: SocketAddr,
    secret: String,
}

impl Guard {
    pub(super) fn new(address: SocketAddr) -> io::Result<Self> {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let digits = random.iter().map(|byte| format!("{byte:02x}"));
        Ok(Self {
            address,
            secret: digits.collect(),
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}{}/", self.address, self.prefix())
    }

    /// What all paths begin with.
    pub(super) fn prefix(&self) -> String {
        format!("/{}", self.secret)
    }

    fn is_host(&self, host: &HeaderValue) -> bool {
        let port = self.address.port();
        [format!("127.0.0.1:{port}"), format!("localhost:{port}")]
            .iter()
            .any(|known| host.as_bytes().eq_ignore_ascii_case(known.as_bytes()))
    }
}

/// Refuses what is not addressed to this server, and tells browsers what they may do with the answers.
pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let is_meant = matches!(hosts.as_slice(), [host] if guard.is_host(host));
    let mut response = if is_meant {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'"));
    response
}
