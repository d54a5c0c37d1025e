//! What stands where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::download::{self, Downloads};
use super::guard::{self, Guard};
use super::live;
use super::worker::{Questions, Worker};
use crate::html;
use crate::query::Query;
use crate::refusal::Refusal;

/// What answers are made from.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) questions: Questions,
    pub(super) downloads: Arc<dyn Downloads>,
    page: Arc<html::Served>,
    style: Arc<str>,
}

pub(super) fn all(guard: Guard, worker: &Worker, downloads: Arc<dyn Downloads>) -> Router {
    let sources = Sources {
        questions: worker.questions(),
        downloads,
        page: Arc::new(html::served()),
        style: html::style().into(),
    };
    let secret = Router::new()
        .route("/style.css", get(style))
        .route("/app/{*name}", get(module))
        .route("/api/live", get(news))
        .route("/api/downloads", get(download::list))
        .route("/download/{name}", get(download::file))
        .route("/api/{route}", get(answer));
    let prefix = guard.prefix();
    Router::new()
        .route(&format!("{prefix}/"), get(index))
        .nest(&prefix, secret)
        .with_state(sources)
        .layer(middleware::from_fn_with_state(guard, guard::check))
}

async fn index(State(sources): State<Sources>) -> Response {
    let page = &sources.page;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page.policy.clone()),
    ];
    (headers, page.html.clone()).into_response()
}

async fn style(State(sources): State<Sources>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, sources.style.to_string()).into_response()
}

async fn module(Path(name): Path<String>) -> Response {
    let found = html::MODULES.iter().find(|module| module.name == name);
    match found {
        Some(module) => {
            let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
            (kind, module.text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn news(State(sources): State<Sources>) -> impl IntoResponse {
    live::stream(&sources.questions)
}

async fn answer(
    State(sources): State<Sources>,
    Path(route): Path<String>,
    Parameters(parameters): Parameters<Vec<(String, String)>>,
) -> Response {
    let answer = match Query::parse(&route, &parameters) {
        Ok(query) => sources.questions.ask(query).await,
        Err(error) => Err(error.into()),
    };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    match answer {
        Ok(json) => (kind, json).into_response(),
        Err(refusal) => {
            let text = serde_json::json!({ "error": refusal.to_string() }).to_string();
            (status(&refusal), kind, text).into_response()
        }
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Query(crate::QueryError::Route(_)) | Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        Refusal::Query(_) => StatusCode::BAD_REQUEST,
        Refusal::Gone(_) => StatusCode::GONE,
        Refusal::Read(_) | Refusal::Write(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
