//! Connections: how many there may be, and for how long one may say nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A browser opens about six, and one more for the news.
const MOST: usize = 64;

/// A request is there after this long, or its connection ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long nobody is let in if the system has no more files.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether a connection has brought a request that knows the secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing(Arc<AtomicBool>);

impl Standing {
    pub(super) fn trust(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_trusted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Connection {
    standing: Standing,
    task: AbortHandle,
}

/// Lets in who comes, for ever. One too many takes the place of the oldest that has not shown the secret: whoever opens
/// connections and says nothing keeps nobody out.
pub(super) async fn serve(listener: &TcpListener, routes: &Router) -> Infallible {
    let mut open: VecDeque<Connection> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        open.retain(|connection| !connection.task.is_finished());
        if open.len() >= MOST {
            let stranger = open
                .iter()
                .position(|connection| !connection.standing.is_trusted());
            if let Some(oldest) = open.remove(stranger.unwrap_or(0)) {
                oldest.task.abort();
            }
        }
        open.push_back(begin(stream, routes));
    }
}

fn begin(stream: TcpStream, routes: &Router) -> Connection {
    let standing = Standing::default();
    let routes = routes.clone().layer(Extension(standing.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let task = tokio::spawn(async {
        // A peer that says nonsense, or goes away, is of no interest.
        let _ = connection.await;
    });
    Connection {
        standing,
        task: task.abort_handle(),
    }
}
