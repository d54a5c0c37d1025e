//! ESP-IDF's containers around a core dump.

use leakscope_memory::image::{ImageError, Problem, read};
use sha2::{Digest, Sha256};

use crate::make;

/// A container of this version around the core dump, as `esp_core_dump` writes it.
pub(crate) fn container(major: u8, minor: u8) -> Vec<u8> {
    let rest: &[u32] = match minor {
        0 | 1 => &[2, 344, 2],
        2 | 3 => &[2, 344, 2, 101],
        _ => &[101],
    };
    let core = make::core();
    let sum = if minor % 2 == 1 || minor >= 4 { 32 } else { 4 };
    let length = 8 + 4 * rest.len() + core.len() + sum;
    let version = 5 << 16 | u32::from(major) << 8 | u32::from(minor);
    let mut file = make::words(&[length as u32, version]);
    file.extend(make::words(rest));
    file.extend(core);
    if sum == 32 {
        let digest = Sha256::digest(&file);
        file.extend_from_slice(&digest);
    } else {
        let sum = crc32fast::hash(&file);
        file.extend(sum.to_le_bytes());
    }
    file
}

#[test]
fn every_version_is_read_and_checked() {
    for minor in 0..=4 {
        let mut file = container(1, minor);
        let image = make::image(file.clone());
        assert_eq!(image.problems, [], "1.{minor}");
        assert_eq!(image.threads, [make::thread()], "1.{minor}");
        assert!(image.is_esp_idf);

        // A partition is longer than what was written to it.
        file.resize(file.len() + 4096, 0xFF);
        assert_eq!(
            make::image(file.clone()).problems,
            [],
            "1.{minor} in a partition"
        );

        let last_of_memory = container(1, minor).len() - 33;
        file[last_of_memory] ^= 1;
        let kind = if minor % 2 == 1 || minor >= 4 {
            "SHA-256"
        } else {
            "CRC-32"
        };
        assert_eq!(
            make::image(file).problems,
            [Problem::Checksum { kind }],
            "1.{minor} damaged"
        );
    }
}

#[test]
fn the_old_format_is_named() {
    let mut file = make::words(&[200, 3, 5, 0x154, 0, 0x12C]);
    file.resize(200, 0);
    let error = read(file).expect_err("it has no ELF file");
    assert_eq!(error, ImageError::Binary { major: 0, minor: 3 });
}

#[test]
fn other_files_are_named() {
    assert_eq!(
        read(b"; a recording".to_vec()).err(),
        Some(ImageError::Unknown)
    );
    assert_eq!(read(Vec::new()).err(), Some(ImageError::Unknown));
    // A core dump that claims to be a program.
    let mut program = make::core();
    program[16] = 2;
    assert_eq!(read(program).err(), Some(ImageError::Program));
}
