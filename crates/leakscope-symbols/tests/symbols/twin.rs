//! The crate addr2line as a naive twin: every byte of a program's code.

use crate::toolchain::{self, HOST, Toolchain};
use leakscope_symbols::{AddressKind, CodeFrame, Symbols};
use object::{Object, ObjectSection, SectionKind};
use std::path::Path;

type Context = addr2line::Context<gimli::EndianArcSlice<gimli::RunTimeEndian>>;

fn twin(file: &object::File<'_>) -> Context {
    let endian = if file.is_little_endian() {
        gimli::RunTimeEndian::Little
    } else {
        gimli::RunTimeEndian::Big
    };
    let dwarf = gimli::Dwarf::load(|id| -> Result<_, gimli::Error> {
        let section = file.section_by_name(id.name());
        let bytes = section.and_then(|section| section.uncompressed_data().ok());
        Ok(gimli::EndianArcSlice::new(
            bytes.unwrap_or_default().into(),
            endian,
        ))
    });
    Context::from_dwarf(dwarf.unwrap()).unwrap()
}

/// What can be compared of a frame: names are the compiler's, before they are demangled.
type Place = (bool, Option<String>, Option<u32>, Option<u32>);

fn expected(twin: &Context, address: u64) -> Vec<Place> {
    let mut frames = twin.find_frames(address).skip_all_loads().unwrap();
    let mut places = Vec::new();
    while let Some(frame) = frames.next().unwrap() {
        let location = frame.location;
        let location = location.as_ref();
        places.push((
            frame.function.is_some(),
            location.and_then(|at| at.file).map(str::to_owned),
            location.and_then(|at| at.line),
            location
                .and_then(|at| at.column)
                .filter(|column| *column != 0),
        ));
    }
    places
}

fn found(frames: &[CodeFrame]) -> Vec<Place> {
    let place = |frame: &CodeFrame| {
        let file = frame.file.as_deref().map(str::to_owned);
        (frame.function.is_some(), file, frame.line, frame.column)
    };
    frames.iter().map(place).collect()
}

/// Compares one byte in `step` of all code that the twin knows.
fn compare(elf: &Path, step: usize) {
    let bytes = std::fs::read(elf).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let twin = twin(&file);
    let symbols = Symbols::open(elf).unwrap();
    let mut compared = 0;
    for section in file
        .sections()
        .filter(|section| section.kind() == SectionKind::Text)
    {
        for address in (section.address()..section.address() + section.size()).step_by(step) {
            let expected = expected(&twin, address);
            if expected.is_empty() {
                continue;
            }
            compared += 1;
            let mut found = found(&symbols.frames(address, AddressKind::Exact));
            // The twin has no symbol table to name a function by.
            if let (Some(found), Some(expected)) = (found.last_mut(), expected.last()) {
                found.0 = expected.0;
            }
            assert_eq!(found, expected, "{address:#x}");
        }
    }
    assert!(compared > 100);
}

#[test]
fn agrees_on_small_programs() {
    for (toolchain, flags) in [
        (toolchain::HOST, &["-gdwarf-5", "-O2"]),
        (toolchain::HOST, &["-gdwarf-3", "-O2"]),
        (toolchain::ARM, &["-gdwarf-4", "-Os"]),
        (toolchain::RISCV32, &["-gdwarf-2", "-O3"]),
        (toolchain::XTENSA, &["-gdwarf-5", "-O3"]),
    ] {
        if Toolchain::is_here(&toolchain) {
            let directory = tempfile::tempdir().unwrap();
            compare(&toolchain.build(directory.path(), "calls.c", flags), 1);
        }
    }
}

/// A Rust program with the standard library: a hundred units, inlined calls twenty deep.
#[test]
fn agrees_on_a_rust_program() {
    if !HOST.is_here() || !cfg!(target_os = "linux") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = toolchain::build_rust(directory.path(), &[]);
    compare(&elf, 13);
}
