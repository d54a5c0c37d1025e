//! `API.md` says what the server answers: every route and every field, and none that is not there.

use std::collections::{BTreeMap, BTreeSet};

use leakscope_testing::program::eventful;
use leakscope_viewer::{Engine, Program, Query, QueryError};
use serde_json::Value;

use super::dump::dump;
use super::file::{document, written_with};
use super::heap_map::with_heap;
use super::memory::with_image;
use super::program::{ask, engine, inputs};

const API: &str = include_str!("../../API.md");

/// What stands in a document for what is documented elsewhere: `{"…": "as the route"}`.
const ELSEWHERE: &str = "…";

/// By heading: the first example below it.
fn examples() -> BTreeMap<&'static str, Value> {
    let mut examples = BTreeMap::new();
    let sections = API.split("\n#").skip(1);
    for section in sections {
        let (heading, text) = section.split_once('\n').unwrap();
        let example = text.split("```json\n").nth(1);
        let example = example.and_then(|rest| rest.split("```").next());
        if let Some(example) = example {
            let heading = heading.trim_start_matches('#').trim();
            let parsed = serde_json::from_str(example);
            examples.insert(
                heading,
                parsed.unwrap_or_else(|error| panic!("{heading}: {error}")),
            );
        }
    }
    examples
}

/// The paths of all fields: `lanes[].core`. A list of plain values is one field.
fn fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // The number of a call site.
                let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
                let name = if is_number { "N" } else { name };
                self::fields(value, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                fields(item, &format!("{path}[]"), found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// Where a value is null or empty in one place and has fields in another, only these count.
fn settled(mut found: BTreeSet<String>) -> BTreeSet<String> {
    let all = found.clone();
    let has_more = |path: &String, next: char| {
        all.iter()
            .any(|other| other.starts_with(&format!("{path}{next}")))
    };
    found.retain(|path| !has_more(path, '.') && !has_more(path, '['));
    found
}

/// What an example has and answers do not, or the other way round.
fn check(heading: &str, example: &Value, answers: &[Value]) -> Vec<String> {
    let (mut documented, mut answered) = (BTreeSet::new(), BTreeSet::new());
    fields(example, "", &mut documented);
    for answer in answers {
        fields(answer, "", &mut answered);
    }
    let elsewhere: Vec<String> = (documented.iter())
        .filter_map(|path| path.strip_suffix(ELSEWHERE).map(str::to_owned))
        .collect();
    let is_elsewhere = |path: &String| {
        let mut starts = elsewhere.iter();
        starts.any(|start| path.starts_with(start.trim_end_matches(['.', '[', ']'])))
    };
    for found in [&mut documented, &mut answered] {
        found.retain(|path| !is_elsewhere(path));
    }
    let (documented, answered) = (settled(documented), settled(answered));
    let missing = answered.difference(&documented);
    let surplus = documented.difference(&answered);
    let missing = missing.map(|path| format!("{heading}{path}: not in API.md"));
    let surplus = surplus.map(|path| format!("{heading}{path}: only in API.md"));
    missing.chain(surplus).collect()
}

/// The answers of a route about each row of a table that it knows.
fn each(
    engine: &mut Engine<'_>,
    table: &str,
    rows: &str,
    route: &str,
    parameter: &str,
    number: &str,
) -> Vec<Value> {
    let table = ask(engine, table, &[]);
    let rows = table[rows].as_array().unwrap().iter();
    let answers = rows.filter_map(|row| {
        let parameters = [(parameter.to_owned(), row[number].to_string())];
        let query = Query::parse(route, &parameters).unwrap();
        let answer = engine.ask_and_wait(&query).ok()?;
        Some(serde_json::from_slice(&answer).unwrap())
    });
    answers.collect()
}

/// Answers to questions that make sense.
fn answers(route: &str, engine: &mut Engine<'_>) -> Vec<Value> {
    let questions: &[&[(&str, &str)]] = match route {
        "find" => &[&[("time", "100")]],
        "timeline" => &[&[], &[("from", "10"), ("to", "5000")]],
        "sites" | "tasks" | "contexts" => &[&[], &[("from", "10"), ("to", "500")]],
        "site" => return each(engine, "sites", "sites", route, "id", "site"),
        "track" | "frees" => return each(engine, "sites", "sites", route, "site", "site"),
        "block" => return each(engine, "events", "rows", route, "index", "index"),
        _ => &[&[]],
    };
    let answers = questions
        .iter()
        .map(|question| ask(engine, route, question));
    answers.collect()
}

#[test]
fn every_route_is_documented_with_its_fields() {
    let of_before = Program::default();
    let mut before = engine(&of_before, inputs(2, 3_000));
    before.read_all();
    let program = Program {
        before: Some(before.report().clone()),
        ..with_heap()
    };
    let dump = dump();
    let with_image = with_image();
    let mut engines = [
        engine(&program, inputs(1, 3_000)),
        engine(&program, eventful(1, 3_000)),
    ];
    let mut of_dump = Engine::of_dump(&dump, &program);
    let mut of_image = engine(&with_image, inputs(1, 3_000));
    let examples = examples();
    let mut problems = Vec::new();
    for route in Query::ROUTES {
        let engines = engines.iter_mut().chain([&mut of_dump, &mut of_image]);
        let answers = engines.flat_map(|engine| answers(route, engine));
        match examples.get(route) {
            Some(example) => problems.extend(check(route, example, &answers.collect::<Vec<_>>())),
            None => problems.push(format!("{route} is not in API.md")),
        }
    }
    let known = |heading: &&str| Query::ROUTES.contains(heading) || heading.contains(' ');
    let others = examples.keys().filter(|heading| !known(heading));
    problems.extend(others.map(|heading| format!("{heading} is only in API.md")));
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn the_routes_are_those_that_can_be_asked() {
    for route in Query::ROUTES {
        let is_route = !matches!(Query::parse(route, &[]), Err(QueryError::Route(_)));
        assert!(is_route, "{route}");
    }
}

#[test]
fn the_embedded_document_is_documented() {
    let program = with_heap();
    let documents = [
        document(&written_with(&program, inputs(1, 4_000))),
        document(&written_with(&program, eventful(1, 4_000))),
    ];
    check(
        "The embedded document",
        &examples()["The embedded document"],
        &documents,
    );
}
