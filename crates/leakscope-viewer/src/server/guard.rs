//! Only a page that knows the secret path, at the server's own address, may ask.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::connections::Standing;
use super::door::Door;

/// The server's address and secret.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    address: SocketAddr,
    secret: String,
    /// The way in, until somebody has taken it.
    door: Arc<Mutex<Option<Door>>>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr) -> io::Result<Self> {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let digits = random.iter().map(|byte| format!("{byte:02x}"));
        Ok(Self {
            address,
            secret: digits.collect(),
            door: Arc::default(),
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}{}/", self.address, self.prefix())
    }

    /// What all paths begin with.
    pub(super) fn prefix(&self) -> String {
        format!("/{}", self.secret)
    }

    /// Opens the page through this door; whether there was a browser to ask.
    pub(super) fn open(&self, door: Door) -> bool {
        let mut open = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(door).open()
    }

    /// Who knows the secret has come in: nobody needs the door any more.
    fn welcome(&self, standing: &Standing) {
        standing.trust();
        let mut door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        drop(door.take());
    }

    /// Whether the request names this server, wherever it names one: in its only `Host`, and in its target, which
    /// may be a whole URL (RFC 9112, section 3.2.2).
    fn is_addressed(&self, request: &Request) -> bool {
        let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
        let target = request.uri().authority();
        matches!(hosts.as_slice(), [host] if self.is_host(host.as_bytes()))
            && target.is_none_or(|target| self.is_host(target.as_str().as_bytes()))
    }

    fn is_host(&self, host: &[u8]) -> bool {
        let port = self.address.port();
        [format!("127.0.0.1:{port}"), format!("localhost:{port}")]
            .iter()
            .any(|known| host.eq_ignore_ascii_case(known.as_bytes()))
    }

    fn knows_secret(&self, target: &Uri) -> bool {
        target.path().starts_with(&format!("{}/", self.prefix()))
    }
}

/// Refuses what is not addressed to this server, and tells browsers what they may do with the answers.
pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut response = if guard.is_addressed(&request) {
        if let Some(standing) = request.extensions().get::<Standing>()
            && guard.knows_secret(request.uri())
        {
            guard.welcome(standing);
        }
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
