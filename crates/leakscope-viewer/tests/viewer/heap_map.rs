//! The heap's map over time, against maps that are read for one moment.

use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_heap::{HeapMap, Region};
use leakscope_report::heap_map;
use leakscope_viewer::{Program, Query};
use serde_json::Value;

use super::file::{document, written_with};
use super::program::{Memory, ask, engine, inputs};

/// Where the blocks of `inputs` lie.
pub(crate) fn with_heap() -> Program {
    let region = |start: u64, name: Option<&str>| Region {
        range: start..start + 0x4_0000,
        name: name.map(str::to_owned),
    };
    Program {
        heap_regions: vec![
            region(0x3ffb_0000, None),
            region(0x3fff_0000, Some("second")),
        ],
        ..Program::default()
    }
}

/// The same map, read up to a moment by who knows nothing of films.
fn map_until(program: &Program, inputs: &[Vec<u8>], until: u64) -> HeapMap {
    let heads: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let layout = Layout::of(&heads);
    let map = HeapMap::new(&program.heap_regions, &[], until);
    heap_map::read(Memory::new(inputs.to_vec()), &layout, &mut KeepAll, map).unwrap()
}

fn numbers(value: &Value) -> Vec<u64> {
    let list = value.as_array().unwrap().iter();
    list.map(|number| number.as_u64().unwrap()).collect()
}

#[test]
fn columns_are_the_map_of_their_ends() {
    let (program, inputs) = (with_heap(), inputs(1, 3_000));
    let mut engine = engine(&program, inputs.clone());
    assert_eq!(ask(&mut engine, "overview", &[])["heap_map"], true);
    for window in [&[][..], &[("from", "700"), ("to", "9000")]] {
        let question = [window, &[("width", "20"), ("rows", "64")]].concat();
        let answer = ask(&mut engine, "heap", &question);
        assert_eq!(answer["complete"], true);
        let (from, to) = (
            answer["from"].as_u64().unwrap(),
            answer["to"].as_u64().unwrap(),
        );
        let ticks = answer["column_ticks"].as_u64().unwrap();
        let at_end = map_until(&program, &inputs, to - 1);
        let document = heap_map::document(&at_end, engine.report(), None);
        assert_eq!(answer["map"], serde_json::to_value(document).unwrap());
        for (place, region) in answer["regions"].as_array().unwrap().iter().enumerate() {
            let (free, largest) = (numbers(&region["free"]), numbers(&region["largest"]));
            assert!((2..=20).contains(&free.len()), "{} columns", free.len());
            for (column, (free, largest)) in (1..).zip(free.into_iter().zip(largest)) {
                let end = (from + column * ticks).min(to);
                let map = map_until(&program, &inputs, end - 1);
                let pool = &map.best().pools()[place];
                assert_eq!(
                    (free, largest),
                    (pool.space().free_bytes(), pool.largest_request()),
                    "region {place} at {end}"
                );
            }
        }
    }
}

#[test]
fn rows_add_up() {
    let (program, inputs) = (with_heap(), inputs(1, 3_000));
    let mut engine = engine(&program, inputs);
    let answer = ask(&mut engine, "heap", &[]);
    for region in answer["regions"].as_array().unwrap() {
        let columns = region["columns"].as_array().unwrap();
        assert!(columns[0].is_array(), "the first column is as none before");
        assert!(columns.iter().any(Value::is_null));
        for column in columns.iter().filter_map(Value::as_array) {
            let rows: u64 = column
                .iter()
                .step_by(4)
                .map(|rows| rows.as_u64().unwrap())
                .sum();
            assert_eq!(rows, region["rows"]);
        }
    }
}

#[test]
fn a_trace_that_grows_is_read_on() {
    let (program, inputs) = (with_heap(), inputs(2, 3_000));
    let whole = ask(&mut engine(&program, inputs.clone()), "heap", &[]);
    let memory = Memory::new(inputs.clone());
    memory.write_up_to(inputs[0].len() / 2);
    let mut engine = leakscope_viewer::Engine::new(
        Box::new(memory.clone()),
        &program,
        leakscope_report::naming::Naming::default(),
    )
    .unwrap();
    engine.read_all();
    let half = ask(&mut engine, "heap", &[]);
    assert!(half["map"]["addresses"].as_u64() < whole["map"]["addresses"].as_u64());
    memory.write_up_to(usize::MAX);
    engine.read_all();
    let grown = ask(&mut engine, "heap", &[]);
    assert_eq!(grown["map"], whole["map"]);
    let last = |answer: &Value| {
        let regions = answer["regions"].as_array().unwrap().iter();
        let free = regions.map(|region| numbers(&region["free"]).pop());
        free.collect::<Vec<_>>()
    };
    assert_eq!(last(&grown), last(&whole));
}

#[test]
fn a_part_of_the_answer_says_how_far_it_came() {
    let (program, inputs) = (with_heap(), inputs(3, 600_000));
    let mut engine = engine(&program, inputs);
    let partial = ask(&mut engine, "heap", &[("partial", "1")]);
    assert_eq!(partial["complete"], false);
    assert!(partial["counted_to"].as_u64() < partial["to"].as_u64());
    let mut answer = partial;
    while answer["complete"] == false {
        answer = ask(&mut engine, "heap", &[("partial", "1")]);
    }
    assert_eq!(answer, ask(&mut engine, "heap", &[]));
}

#[test]
fn without_bounds_there_is_no_map() {
    let program = Program::default();
    let mut engine = engine(&program, inputs(1, 3_000));
    assert_eq!(ask(&mut engine, "overview", &[])["heap_map"], false);
    let answer = ask(&mut engine, "heap", &[]);
    assert_eq!(
        (&answer["map"], &answer["complete"]),
        (&Value::Null, &Value::Bool(true))
    );
}

#[test]
fn the_single_file_has_the_same() {
    let program = with_heap();
    let document = document(&written_with(&program, inputs(1, 3_000)));
    let mut engine = engine(&program, inputs(1, 3_000));
    let parameters = [("width", "256"), ("rows", "192")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let query = Query::parse("heap", &parameters).unwrap();
    let served: Value = serde_json::from_slice(&engine.ask_and_wait(&query).unwrap()).unwrap();
    assert_eq!(document["heap"], served);
}
