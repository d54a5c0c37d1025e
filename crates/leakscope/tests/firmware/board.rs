//! The virtual board (`firmware/board`) against QEMU: the same program sends the same packets.

use std::fs;
use std::path::Path;

use leakscope_systemview::sync::SYNC;
use leakscope_systemview::{Frame, id};
use libtest_mimic::Failed;
use virtual_board::semihosting::Host;
use virtual_board::{Machine, Model, Program};

use crate::case::Files;

/// Runs a program for QEMU's `virt`, whose files appear in `folder`.
pub(crate) fn run(
    elf: &Path,
    variant: &str,
    folder: &Path,
    expected_code: i32,
) -> Result<(), Failed> {
    let host = Host::new(folder, &["board".to_owned(), variant.to_owned()]);
    let program = Program::read(&fs::read(elf)?)?;
    let mut machine = Machine::new(Model::Virt, &program)?.with_host(host);
    match machine.run_to_end() {
        Some(code) if code == expected_code => Ok(()),
        end => Err(format!("the program ended with {end:?}").into()),
    }
}

/// Compares recordings but for their times.
pub(crate) fn compare(on_board: &Files, in_qemu: &Files) -> Result<(), Failed> {
    let names: Vec<&String> = on_board.keys().collect();
    if names != in_qemu.keys().collect::<Vec<_>>() || names.is_empty() {
        return Err(format!("the board wrote the files {names:?}").into());
    }
    for (on_board, in_qemu) in on_board.values().zip(in_qemu.values()) {
        let (on_board, in_qemu) = (packets(on_board)?, packets(in_qemu)?);
        if on_board.len() != in_qemu.len() {
            let lengths = (on_board.len(), in_qemu.len());
            return Err(format!("not as many packets: {lengths:?}").into());
        }
        let mut pairs = on_board.iter().zip(&in_qemu).enumerate();
        if let Some((number, (here, there))) = pairs.find(|(_, (here, there))| here != there) {
            return Err(format!("packet {number} is {here:x?}, in QEMU {there:x?}").into());
        }
    }
    Ok(())
}

/// Ids and parameters, without times, and without interrupts and what they make ready: the two machines agree in
/// what comes after what, but an interrupt may find a task some instructions further on.
fn packets(recording: &[u8]) -> Result<Vec<(u32, &[u8])>, Failed> {
    let mut rest = recording
        .strip_prefix(&SYNC)
        .ok_or("a recording begins with zeros")?;
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let frame = Frame::split(rest).map_err(|error| format!("{error:?}"))?;
        rest = &rest[frame.length..];
        let is_time = frame.id == id::SYSTIME_CYCLES;
        if matches!(
            frame.id,
            id::ISR_ENTER | id::ISR_EXIT | id::ISR_TO_SCHEDULER | id::TASK_START_READY
        ) {
            continue;
        }
        packets.push((frame.id, if is_time { &[][..] } else { frame.payload }));
    }
    Ok(packets)
}
