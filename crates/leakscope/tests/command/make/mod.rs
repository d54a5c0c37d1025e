//! The recordings of `testdata/`, made packet by packet with the project's own encoder.
//!
//! A function makes a case, and gives it its name.

mod damage;
mod dialects;
mod forms;
mod heap;
mod system;
mod verdicts;

/// A recording, and what is to be printed of it.
pub(crate) struct Case {
    /// Makes the inputs: one file, or one a core.
    make: fn() -> Vec<Vec<u8>>,
    function: &'static str,
    source: &'static str,
    /// What it shows.
    about: &'static str,
    /// Files of output, and the command's arguments before the inputs.
    pub(crate) outputs: &'static [(&'static str, &'static str)],
    /// Files that the arguments name.
    pub(crate) beside: &'static [(&'static str, &'static str)],
}

/// A case by its function: `case!(function, "what it shows", OUTPUTS…)`.
macro_rules! case {
    ($make:ident, $about:literal, [$($output:expr),+ $(,)?]) => {
        case!($make, $about, [$($output),+], [])
    };
    ($make:ident, $about:literal, [$($output:expr),+ $(,)?], [$($beside:expr),* $(,)?]) => {
        $crate::make::Case {
            make: $make,
            function: stringify!($make),
            source: file!(),
            about: $about,
            outputs: &[$($output),+],
            beside: &[$($beside),*],
        }
    };
}
use case;
use leakscope_testing::scenario::Scenario;

const REPORT: (&str, &str) = ("report.txt", "report");
const ALL: (&str, &str) = ("report-all.txt", "report --all");
const JSON: (&str, &str) = ("report.json", "report --format json");
const EVENTS: (&str, &str) = ("events.txt", "events");
const HEAP: (&str, &str) = ("events.txt", "events --heap");
const LOG: (&str, &str) = ("log.txt", "log");

/// All cases.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [
        verdicts::CASES,
        dialects::CASES,
        forms::CASES,
        damage::CASES,
        heap::CASES,
        system::CASES,
    ]
    .into_iter()
    .flatten()
}

impl Case {
    /// The name of its folder.
    pub(crate) fn name(&self) -> String {
        self.function.replace('_', "-")
    }

    /// Its inputs: names and contents.
    pub(crate) fn inputs(&self) -> Vec<(String, Vec<u8>)> {
        let inputs = (self.make)();
        let is_one = inputs.len() == 1;
        let name = |core| {
            if is_one {
                "input.svdat".to_owned()
            } else {
                format!("input-core{core}.svdat")
            }
        };
        let named = inputs.into_iter().enumerate();
        named.map(|(core, input)| (name(core), input)).collect()
    }

    /// What `made.md` says.
    pub(crate) fn made(&self) -> String {
        let Self {
            function,
            source,
            about,
            ..
        } = self;
        let title = function.replace('_', " ");
        let inputs = self.inputs().into_iter();
        let names: Vec<String> = inputs.map(|(name, _)| name).collect();
        let names = names.join(" ");
        let outputs = self.outputs.iter();
        let outputs: Vec<String> = outputs
            .map(|(file, arguments)| format!("- `{file}`: `leakscope {arguments} {names}`"))
            .collect();
        let outputs = outputs.join("\n");
        format!("# {title}\n\n{about}\n\nMade by `{function}` in `{source}`.\n\n{outputs}\n")
    }
}

/// Code addresses as an ESP32 has them.
const SITE: &[u32] = &[0x400D_1234, 0x400D_2345, 0x4008_80DC];
const OTHER: &[u32] = &[0x400D_5678, 0x4008_80DC];
const THIRD: &[u32] = &[0x400D_9ABC, 0x400D_2345, 0x4008_80DC];
const RELEASE: &[u32] = &[0x400D_7788, 0x4008_80DC];

/// Where blocks are allocated.
const BLOCKS: u32 = 0x3FFB_0000;

/// The address of a block by its number.
const fn block(number: u32) -> u32 {
    BLOCKS + 0x100 * number
}

/// Start-up objects, then one block every 10 ms that nobody frees, between others that are freed.
fn leak(recording: &mut Scenario, blocks: u32) {
    for object in 0..3 {
        recording.allocate(block(object), 512, OTHER);
    }
    for number in 0..blocks {
        recording.after(6_000).allocate(block(3 + number), 24, SITE);
        recording.after(2_000).allocate(block(1000), 100, THIRD);
        recording.after(2_000).free(block(1000), RELEASE);
    }
}

/// A recording on one core that has a leak, and ends in good order.
fn leaking() -> Scenario {
    let mut recording = Scenario::begun();
    leak(&mut recording, 20);
    recording.after(1_000).stop();
    recording
}
