//! News for an open page: server-sent events.

use std::convert::Infallible;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};

use super::worker::Questions;

/// Tells how far reading has come, at once and whenever that changes.
pub(super) fn stream(
    questions: &Questions,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let mut news = questions.news();
    news.mark_changed();
    let events = stream::unfold(news, async |mut news| {
        news.changed().await.ok()?;
        let status = *news.borrow_and_update();
        let json = serde_json::to_string(&status).ok()?;
        Some((Ok(Event::default().event("reading").data(json)), news))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
