//! Real parts together: the programs of `firmware/` are built, run in QEMU, their recordings read by the command,
//! and what it says compared with what is planted in them (`firmware/FORM.md`).
//!
//! - [`case`]: one build of one firmware with one fault, from its source to the report.
//! - [`backtraces`]: call stacks of code without frame pointers, against GDB's.
//! - [`builds`]: one program in two builds, whose call sites `leakscope diff` recognises.
//! - [`emulator`]: QEMU as a process.
//! - [`expected`]: comparing a report with an expectation.
//! - [`record`]: the recorder's buffer, read by `leakscope record` out of a file that is the target's memory, or
//!   through a GDB server; or by GDB itself.
//! - [`symbols`]: what must be true of a program before it runs.
//! - [`image`]: the target's memory, through GDB, and what is planted in it.
//! - [`uart`]: a serial line.
//! - [`board`]: the virtual board, which must run a program as QEMU does.
//! - [`openocd`]: Espressif's OpenOCD, between the virtual board and the command; [`interrupted`]: what may come
//!   between those.
//!
//! - [`bare`]: programs without an operating system on the C library, as the page on C has them.
//! - [`two_cores`]: the same with two cores, which no firmware here has on the virtual board: they play a trace.
//!
//! What is run is in each `firmware.json`: every fault on every board, streamed into files in leakscope's dialect;
//! and each of the other ways (ESP-IDF's dialect, the dump, RTT, UART) with at least one fault on each board that
//! has it. Streams and dumps that the target writes itself are made twice, and must be the same to the byte.
//!
//! A build whose tools are missing is skipped, with a line that names them; with `LEAKSCOPE_REQUIRE=all` that is a
//! failure.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod backtraces;
mod bare;
mod board;
mod builds;
mod case;
mod emulator;
mod expected;
mod image;
mod interrupted;
mod openocd;
mod record;
mod symbols;
mod two_cores;
mod uart;

use std::process::ExitCode;
use std::sync::Arc;

use leakscope_testing::needs::is_everything_required;
use libtest_mimic::{Arguments, Failed, Trial};
use xtask::firmware::{self, Build, Firmware, Sink};

use case::{Built, Case, Reader};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let all = firmware::all(&xtask::project()).expect("descriptions that can be read");
    let mut trials: Vec<(usize, Trial)> = Vec::new();
    let all: Vec<Arc<Firmware>> = all.into_iter().map(Arc::new).collect();
    let of_images = image::trials(&all);
    for firmware in all {
        let built = Arc::default();
        let builds = firmware.builds.clone().into_iter().map(Arc::new);
        let of_firmware = builds.flat_map(|build| trials_of(&firmware, &build, &built));
        let two_builds = builds::trials(&firmware, &built);
        let backtraces = backtraces::trials(&firmware, &built);
        let of_firmware = of_firmware.chain(two_builds).chain(backtraces);
        trials.extend(of_firmware.enumerate());
    }
    // In turns, so that several are built at a time.
    trials.sort_by_key(|(place, _)| *place);
    let mut trials: Vec<Trial> = trials.into_iter().map(|(_, trial)| trial).collect();
    trials.extend(two_cores::trials());
    trials.extend(bare::trials());
    trials.extend(of_images);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A trial for each variant and each way to read it; or one that says what is missing.
fn trials_of(firmware: &Arc<Firmware>, build: &Arc<Build>, built: &Arc<Built>) -> Vec<Trial> {
    let name = format!("{}::{}", firmware.name, build.name);
    if build.sink == Sink::Text {
        return Vec::new();
    }
    let missing = build.missing().join(", ");
    if !missing.is_empty() {
        return vec![Trial::test(name.clone(), move || skipped(&name, &missing))];
    }
    let variants = build.tested_variants.as_ref().unwrap_or(&firmware.variants);
    let mut trials = Vec::new();
    for variant in variants {
        for reader in Reader::all_of(build, variant) {
            let case = Case {
                firmware: Arc::clone(firmware),
                build: Arc::clone(build),
                variant: variant.clone(),
                reader,
                built: Arc::clone(built),
            };
            let name = format!("{name}::{variant}{}", reader.suffix());
            trials.push(match reader.missing() {
                Some(missing) => Trial::test(name.clone(), move || skipped(&name, &missing)),
                None => Trial::test(name, move || case.run()),
            });
        }
    }
    trials
}

fn skipped(name: &str, missing: &str) -> Result<(), Failed> {
    if is_everything_required() {
        return Err(format!("{missing} missing, but LEAKSCOPE_REQUIRE=all").into());
    }
    eprintln!("skipped: {name}: {missing} is missing");
    Ok(())
}
