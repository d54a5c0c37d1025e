//! An image of memory beside a trace.

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::{KeepAll, KnownBlock};
use leakscope_analysis::trace::Layout;
use leakscope_memory::image::{Image, Piece};
use leakscope_report::memory::{AtStop, Live, Look};
use leakscope_viewer::{Program, Query};
use serde_json::Value;

use super::file::{document, written_with};
use super::program::{Memory, ask, engine, inputs};

/// A program, and its memory after `inputs(1, 3_000)`, in which a word points at the first block.
pub(crate) fn with_image() -> Program {
    let inputs = inputs(1, 3_000);
    let heads: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut analysis = Analysis::new(&Layout::of(&heads), KeepAll);
    analysis.run(&mut Memory::new(inputs.clone())).unwrap();
    let mut live = Live::default();
    for site in &analysis.outcome().call_sites {
        live.blocks
            .extend(site.blocks.iter().map(|block| KnownBlock {
                block: *block,
                site: site.id,
            }));
    }
    live.blocks.sort_by_key(|known| known.block.address);
    let first = live.blocks[0].block.address;
    let last = live.blocks.last().unwrap().block;
    let mut bytes = vec![0; (last.address + last.size - first) as usize + 16];
    bytes[..4].copy_from_slice(&(first as u32).to_le_bytes());
    let image = Image::of_pieces(vec![Piece {
        address: first - 16,
        bytes,
    }]);
    Program {
        memory: Some(AtStop {
            image,
            live,
            look: Look::default(),
        }),
        ..Program::default()
    }
}

#[test]
fn the_map_has_each_byte_and_each_block() {
    let program = with_image();
    let mut engine = engine(&program, inputs(1, 3_000));
    assert_eq!(ask(&mut engine, "overview", &[])["image"], true);
    let memory = ask(&mut engine, "memory", &[]);
    let numbers = |value: &Value| -> Vec<i64> {
        let list = value.as_array().unwrap().iter();
        list.map(|number| number.as_i64().unwrap()).collect()
    };
    let region = &memory["regions"][0];
    let (lengths, parts) = (numbers(&region["lengths"]), numbers(&region["parts"]));
    assert_eq!(lengths.iter().sum::<i64>(), memory["image"]["bytes"]);
    let blocks: i64 = (parts.iter().zip(&lengths).filter(|(part, _)| **part >= 0))
        .map(|(_, length)| length)
        .sum();
    assert_eq!(blocks, memory["image"]["block_bytes"]);
    let mut named: Vec<_> = parts.into_iter().filter(|part| *part >= 0).collect();
    named.dedup();
    let count = numbers(&memory["blocks"]["sites"]).len() as i64;
    assert_eq!(named, (0..count).collect::<Vec<_>>());

    // The report is the one that the command writes.
    let report = serde_json::to_value(engine.report()).unwrap();
    assert_eq!(memory["image"], report["memory"]);
    for row in memory["sites"].as_array().unwrap() {
        let sites = report["call_sites"].as_array().unwrap().iter();
        let site = sites
            .clone()
            .find(|site| site["id"] == row["site"])
            .unwrap();
        for (name, value) in site["memory"].as_object().unwrap() {
            assert_eq!(&row[name], value, "{name}");
        }
    }
}

#[test]
fn the_single_file_has_the_same() {
    let program = with_image();
    let document = document(&written_with(&program, inputs(1, 3_000)));
    let mut engine = engine(&program, inputs(1, 3_000));
    let query = Query::parse("memory", &[]).unwrap();
    let served: Value = serde_json::from_slice(&engine.ask_and_wait(&query).unwrap()).unwrap();
    assert_eq!(document["memory"], served);
}
