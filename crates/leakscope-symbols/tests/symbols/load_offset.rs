//! A program of a host is found where it was loaded, or not at all; never elsewhere.

use crate::toolchain::{self, HOST, OracleFrame};
use leakscope_symbols::{AddressKind, Symbols};

/// Where systems load programs.
const OFFSETS: [u64; 4] = [0, 0x1000, 0x5555_5555_4000, 0x7f12_3456_7000];

/// `count` of these, evenly spread, from the `first` on.
fn some(addresses: &[u64], count: usize, first: usize) -> Vec<u64> {
    let stride = addresses.len() / count;
    let chosen = addresses.iter().skip(first % stride).step_by(stride);
    chosen.take(count).copied().collect()
}

fn return_addresses(elf: &std::path::Path) -> Vec<u64> {
    let calls = HOST.calls(elf);
    calls.iter().map(|call| call.return_address).collect()
}

#[test]
fn return_addresses_tell_where_a_program_was_loaded() {
    if !HOST.is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let elf = toolchain::build_rust(folder.path(), &[]);
    let mut symbols = Symbols::open(&elf).unwrap();
    assert!(symbols.is_position_independent());
    let all = return_addresses(&elf);
    for offset in OFFSETS {
        for (count, must_be_found) in [(1, false), (5, false), (10, false), (20, true), (300, true)]
        {
            for first in 0..4 {
                let traced = some(&all, count, first * 7).into_iter();
                let mut traced: Vec<u64> = traced.map(|address| address + offset).collect();
                // Some of its libraries, which are elsewhere.
                traced.extend((0..5).map(|frame| 0x7fff_f000_0000 + 0x10_0123 * frame));
                let found = symbols.find_load_offset(&traced);
                // Few addresses would not tell, whatever they are.
                assert!(!symbols.would_tell_load_offset(&traced[..1]));
                assert!(symbols.would_tell_load_offset(&traced) || found.is_none());
                assert!(found.is_some() || !must_be_found, "{count} at {offset:#x}");
                if let Some(found) = found {
                    assert_eq!((found.offset, found.behind), (offset, found.tested));
                    assert!(found.tested >= count.min(100) as u64);
                    assert!(found.chance < 1e-6);
                }
            }
        }
    }
    let moved = OFFSETS[2];
    symbols.load_at(moved);
    let in_file = some(&all, 50, 3);
    let before: Vec<u64> = in_file.iter().map(|address| address - 1).collect();
    for (address, oracle) in in_file.iter().zip(HOST.addr2line(&elf, &before)) {
        let frames = symbols.frames(address + moved, AddressKind::ReturnAddress);
        let lines = |frames: Vec<OracleFrame>| -> Vec<_> {
            frames.into_iter().map(|frame| frame.line).collect()
        };
        assert_eq!(
            lines(OracleFrame::all(&frames)),
            lines(oracle),
            "{address:#x}"
        );
        assert_eq!(symbols.is_behind_call(address + moved), Some(true));
        assert!(!symbols.is_code(*address, AddressKind::ReturnAddress));
    }
}

/// Neither of another program nor of another build of the same one does any offset fit.
#[test]
fn another_program_is_found_nowhere() {
    if !HOST.is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let traced = toolchain::build_rust(folder.path(), &[]);
    let all = return_addresses(&traced);
    let other = tempfile::tempdir().unwrap();
    let rebuilt = toolchain::build_rust(other.path(), &["-Copt-level=0"]);
    for elf in [rebuilt, std::env::current_exe().unwrap()] {
        let symbols = Symbols::open(&elf).unwrap();
        for count in [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233] {
            for first in 0..4 {
                let traced = some(&all, count, first * 11).into_iter();
                let traced: Vec<u64> = traced.map(|address| address + OFFSETS[2]).collect();
                let found = symbols.find_load_offset(&traced);
                assert_eq!(found, None, "{count} in {}", elf.display());
            }
        }
    }
}
