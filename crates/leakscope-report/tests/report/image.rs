//! An image of memory alone: as a program reads it, and as a person does.

use std::collections::BTreeSet;

use leakscope_analysis::heap::KnownBlock;
use leakscope_memory::image::{About, Image, Piece, Thread};
use leakscope_report::document::image as document;
use leakscope_report::memory::{Examined, Live, Look, NO_SITE};
use leakscope_report::text::{self, TextOptions};
use leakscope_report::{Report, Symbolizer, json};

use crate::everything::everything;
use crate::golden::assert_golden;
use crate::json::{assert_documented, paths};

const RAM: u64 = 0x2000_0000;

/// Memory in which a word points at a block of the first call site that has one, and nothing at two blocks from before the
/// recording.
fn image(holds: Option<u64>) -> document::Image {
    let outcome = everything();
    let site = &outcome.call_sites[1];
    let mut live = Live::default();
    for (number, group) in [site.id.number(), NO_SITE, NO_SITE].into_iter().enumerate() {
        let mut block = site.blocks[0];
        (block.address, block.size) = (RAM + 0x100 + 0x40 * number as u64, 24);
        let site = leakscope_analysis::heap::SiteId::new(group);
        live.blocks.push(KnownBlock { block, site });
    }
    let mut bytes = vec![0; 0x200];
    bytes[8..12].copy_from_slice(&(RAM as u32 + 0x104).to_le_bytes());
    let mut image = Image::of_pieces(vec![Piece {
        address: RAM,
        bytes,
    }]);
    image.threads.push(Thread {
        id: 1,
        registers: vec![0; 4],
        stack_pointer: Some(RAM + 0x1f0),
    });
    image.about = Some(About {
        trace: "heap\u{1b}[2J.svdat".to_owned(),
        halted_us: 1500,
        ..About::default()
    });
    let examined = Examined::new(&image, None, &live, Some(&outcome), &Look::default());
    let report = Report::new(&outcome, &mut Symbolizer::new(None), &[]);
    examined.image(&examined.names(&report.call_sites), holds)
}

#[test]
fn the_document_and_the_output_have_the_same_fields() {
    let document = image(Some(RAM + 0x108));
    let mut output = BTreeSet::new();
    paths(
        &serde_json::to_value(&document).expect("a document"),
        "",
        &mut output,
    );
    // Those are the report's.
    output.retain(|path| !path.starts_with("memory."));
    output.insert("memory".to_owned());
    // Nothing is wrong with this file.
    output.insert("problems[]".to_owned());
    assert_documented(output, "image-json.md");
    let mut written = Vec::new();
    json::write(&mut written, &document).expect("it is written");
    let read: document::Image = serde_json::from_slice(&written).expect("it is read");
    assert_eq!(read, document);
}

/// What is missing may hold what looks lost: that is said of one block, too, and how to have it.
#[test]
fn an_image_without_the_heaps_memory_calls_no_block_definite() {
    let mut outcome = everything();
    outcome.tasks.clear();
    let site = &outcome.call_sites[1];
    let mut live = Live::default();
    for address in [RAM + 0x100, RAM + 0x140] {
        let mut block = site.blocks[0];
        (block.address, block.size) = (address, 24);
        let site = site.id;
        live.blocks.push(KnownBlock { block, site });
    }
    let held_of = |length: usize, about: bool| {
        let bytes = vec![0; length];
        let mut image = Image::of_pieces(vec![Piece {
            address: RAM,
            bytes,
        }]);
        image.about = about.then(About::default);
        let examined = Examined::new(&image, None, &live, Some(&outcome), &Look::default());
        let report = Report::new(&outcome, &mut Symbolizer::new(None), &[]);
        let document = examined.image(&examined.names(&report.call_sites), Some(RAM + 0x104));
        let mut text = Vec::new();
        text::write_image(&mut text, &document, &TextOptions::default()).expect("text");
        let text = String::from_utf8(text).expect("UTF-8").replace("\n ", "");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (words, document)
    };
    let (text, document) = held_of(0x80, true);
    let said = "2 live blocks, from 0x20000100 to 0x20000158, are not in the image: their memory was not read (`record --image` \
                reads what --ram names), or the image is of another program; nothing of it counts for call sites";
    assert!(
        text.contains("24 B, perhaps definite nothing in the image points at it"),
        "{text}"
    );
    assert!(text.contains(said), "{text}");
    assert_eq!(document.memory.expect("blocks").missing[0], said);
    let held = document.held.expect("a block");
    assert!(
        held.block.ends_with("24 B, perhaps definite"),
        "{}",
        held.block
    );
    assert_eq!(
        held.doubt.as_deref(),
        Some("the image is incomplete: what is missing may hold it")
    );

    // One of two: what is known of the other counts. By hand, --ram names nothing.
    let (text, _) = held_of(0x120, false);
    let said = "1 live block, from 0x20000140 to 0x20000158, is not in the image: its memory was not read (an image of all RAM has it), \
                or the image is of another program; what looks lost";
    assert!(text.contains(said), "{text}");
}

/// In an image of another program nothing is where the recording has it, and nothing points at it.
#[test]
fn an_image_of_another_program_accuses_nobody() {
    let mut outcome = everything();
    let before = outcome.clone();
    let mut live = Live::default();
    for site in &outcome.call_sites {
        for &block in &site.blocks {
            live.blocks.push(KnownBlock {
                block,
                site: site.id,
            });
        }
    }
    live.blocks.sort_by_key(|known| known.block.address);
    let image = Image::of_pieces(vec![Piece {
        address: 0xF000_0000,
        bytes: vec![0; 0x200],
    }]);
    let examined = Examined::new(&image, None, &live, Some(&outcome), &Look::default());
    examined.judge(&mut outcome);
    let findings = |outcome: &leakscope_analysis::outcome::Outcome| {
        let sites = outcome.call_sites.iter();
        let findings = sites.map(|site| (site.id.number(), site.finding.clone()));
        findings.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(findings(&outcome), findings(&before));
    assert!(!examined.is_complete());
    let sites = outcome.call_sites.iter();
    assert!(sites.clone().count() > 2);
    for site in sites {
        assert_eq!(examined.site(site.id.number()), None);
    }
}

/// A recording may say that blocks reach beyond the last address.
#[test]
fn blocks_beyond_all_memory_do_no_harm() {
    let mut outcome = everything();
    let id = outcome.call_sites[1].id;
    let mut live = Live::default();
    for (number, address) in [u64::MAX - 0x300, u64::MAX - 0x80, u64::MAX]
        .into_iter()
        .enumerate()
    {
        let mut block = outcome.call_sites[1].blocks[0];
        (block.address, block.size) = (address, [0x100, u64::MAX, 1][number]);
        live.blocks.push(KnownBlock { block, site: id });
    }
    let mut image = Image::of_pieces(vec![Piece {
        address: u64::MAX - 0x3ff,
        bytes: vec![0xFF; 0x3ff],
    }]);
    image.words.is_64_bit = true;
    image.threads.push(Thread {
        id: 1,
        registers: vec![u64::MAX - 1; 4],
        stack_pointer: Some(u64::MAX - 0x40),
    });
    let examined = Examined::new(&image, None, &live, Some(&outcome), &Look::default());
    examined.judge(&mut outcome);
    assert!(examined.site(id.number()).is_some());
}

#[test]
fn golden_output() {
    let mut out = Vec::new();
    text::write_image(&mut out, &image(None), &TextOptions::default()).expect("text");
    out.extend(b"\n-- what holds a block --\n");
    let held = image(Some(RAM + 0x108));
    text::write_image(&mut out, &held, &TextOptions::default()).expect("text");
    out.extend(b"\n-- what holds a block that is lost --\n");
    let held = image(Some(RAM + 0x140));
    text::write_image(&mut out, &held, &TextOptions::default()).expect("text");
    assert_golden("image.txt", &String::from_utf8(out).expect("UTF-8"));
    assert_eq!(image(Some(RAM)).held, None);
}
