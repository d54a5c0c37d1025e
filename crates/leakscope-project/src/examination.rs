//! A build, judged by what each way of recording needs.

use serde::Serialize;

use crate::build::Build;
use crate::chip::Architecture;
use crate::component::{self, Link};
use crate::option::Wanted;
use crate::sdkconfig::{PREFIX, Sdkconfig};
use crate::uart::Uart;
use crate::version::{V5_3, V5_5, Version};
use crate::wanted::{FRAME_POINTER, STACK_DEPTH, Way, wanted};

/// The version of ESP-IDF is not known, or its options are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownVersion {
    /// Neither file says it.
    #[error("neither project_description.json nor sdkconfig says which ESP-IDF this is")]
    NotSaid,
    /// Its options have other names.
    #[error("ESP-IDF {0} is older than {oldest}, and its options have other names", oldest = Version::OLDEST)]
    TooOld(Version),
}

/// One way of recording, and what this build has of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// Which way.
    pub way: Way,
    /// Why it cannot be gone with this build, a sentence without a full stop.
    pub impossible: Option<&'static str>,
    /// What it needs of `sdkconfig`.
    pub options: Vec<CheckedOption>,
    /// What has to be done beside that, and is not.
    pub steps: Vec<&'static str>,
    /// Functions that the program has to call, in their order.
    pub calls: &'static [&'static str],
    /// What else has to be known for it.
    pub notes: Vec<String>,
    /// What such a recording does not tell.
    pub limits: Vec<&'static str>,
    #[serde(skip)]
    preference: Preference,
}

/// Which way is meant if nobody says one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preference {
    /// The project has chosen it.
    Chosen,
    /// It tells what the ways before it do not.
    Advised,
    None,
}

/// An option that a way needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckedOption {
    /// Without `CONFIG_`.
    pub name: &'static str,
    /// What it should be.
    pub value: &'static str,
    /// What it is; none if it is not mentioned.
    pub found: Option<String>,
    /// Whether that will do.
    pub state: State,
    /// Whether nothing is recorded without it; else recordings have no call stacks.
    pub required: bool,
    /// What it is for.
    pub why: &'static str,
    /// Other options of the same choice.
    #[serde(skip)]
    pub(crate) rivals: &'static [&'static str],
}

/// Whether an option is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is.
    On,
    /// It works, and could be better.
    Advised,
    /// It does not work.
    Missing,
}

/// Judges a build, for each way in the order of [`Way::ALL`].
///
/// # Errors
/// If the version is not known, or older than all that is known here. A newer one is taken for the newest.
pub fn examine(build: &Build<'_>) -> Result<Vec<Examination>, UnknownVersion> {
    let version = build.version.ok_or(UnknownVersion::NotSaid)?;
    if version < Version::OLDEST {
        return Err(UnknownVersion::TooOld(version));
    }
    let ways = Way::ALL.iter();
    Ok(ways.map(|&way| examine_way(way, version, build)).collect())
}

fn examine_way(way: Way, version: Version, build: &Build<'_>) -> Examination {
    let (options, impossible) = match wanted(way, version, build) {
        Ok(wanted) => (wanted, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let lacks_stacks = build.chip.architecture == Architecture::RiscV && version < V5_5;
    let needs_component = way.is_streamed() && version.major >= 6;
    let mut steps = Vec::new();
    let mut notes = Vec::new();
    let mut limits = Vec::new();
    if impossible.is_none() {
        if needs_component && !build.has_systemview() {
            steps.push("idf.py add-dependency \"espressif/esp_sysview^1\"");
        }
        if needs_component {
            notes.push(
                "the program has to name SystemView in esp_trace_get_user_params(): docs/esp-idf.md"
                    .to_owned(),
            );
        }
        if way == Way::Component {
            let link = Link::of(build.config);
            notes.push(link.to_string());
            if let Link::Uart { uart, .. } = link {
                notes.extend(uart.taken(&build.chip.target));
            }
            if !build.has_component() {
                steps.push(component::STEP);
            }
            if build.chip.cores.is_none_or(|cores| cores > 1) {
                limits.push("of several cores, task switches and interrupts are left out");
            }
        } else if lacks_stacks && version >= V5_3 {
            limits.push(
                "no call stacks: on RISC-V, ESP-IDF has them from 5.5 on, and all allocations are one call site; \
                 leakscope's component has them (--way component)",
            );
        } else if lacks_stacks {
            limits.push(
                "no call stacks: on RISC-V, ESP-IDF has them from 5.5 on, and all allocations are one call site",
            );
        }
        if way.is_streamed() && way != Way::Jtag && build.chip.cores.is_none_or(|cores| cores > 1) {
            limits.push(
                "of several cores, tasks of one are known: heap events of the others seem to be its own",
            );
        }
        if version > Version::NEWEST {
            notes.push(
                "this ESP-IDF is newer than the newest that these options are from, 6.2".to_owned(),
            );
        }
        if way == Way::Uart {
            let uart = Uart::of(build.config);
            notes.push(uart.to_string());
            notes.extend(uart.taken(&build.chip.target));
        }
        if way == Way::UsbSerialJtag && build.chip.has_usb_serial_jtag.is_none() {
            notes.push(
                "whether the chip has USB-Serial-JTAG is not known until `idf.py reconfigure`"
                    .to_owned(),
            );
        }
    }
    let options = options.iter().map(|wanted| wanted.check(build.config));
    Examination {
        way,
        impossible,
        options: options.collect(),
        steps,
        calls: way.calls(),
        notes,
        limits,
        preference: match way {
            Way::Component if build.records_by_component() => Preference::Chosen,
            Way::Component if lacks_stacks => Preference::Advised,
            _ => Preference::None,
        },
    }
}

impl Wanted {
    fn check(&self, config: &Sdkconfig) -> CheckedOption {
        // One that does as well is what is shown.
        let other = self.or.iter().find(|or| config.is_on(or));
        let name = other.unwrap_or(&self.name);
        let found = config.get(name);
        let mut option = CheckedOption {
            name,
            value: self.value,
            found: found.map(str::to_owned),
            state: State::Missing,
            required: ![STACK_DEPTH, FRAME_POINTER].contains(&self.name),
            why: self.why,
            rivals: self.rivals,
        };
        let value = found.unwrap_or("n");
        if option.is_met_by(value) {
            option.state = State::On;
        } else if self.name == STACK_DEPTH && value.parse().is_ok_and(|depth: u32| depth > 0) {
            option.state = State::Advised;
        }
        option
    }
}

impl CheckedOption {
    /// Whether this value is as good as the one that is wanted.
    pub(crate) fn is_met_by(&self, value: &str) -> bool {
        /// Fewer callers seldom reach the code of one's own.
        const ENOUGH_CALLERS: u32 = 5;
        let is_deep = |depth: u32| self.name == STACK_DEPTH && depth >= ENOUGH_CALLERS;
        value == self.value || value.parse().is_ok_and(is_deep)
    }

    /// As it stands in `sdkconfig.defaults`.
    pub fn line(&self) -> String {
        self.line_with(self.value)
    }

    /// The same with another value.
    pub fn line_with(&self, value: &str) -> String {
        format!("{PREFIX}{}={value}", self.name)
    }
}

impl Examination {
    /// Whether the project has it in its firmware, and has not switched it off: leakscope's component alone.
    pub fn is_chosen(&self) -> bool {
        self.preference == Preference::Chosen
    }

    /// Whether a program of this build can be recorded that way.
    pub fn is_ready(&self) -> bool {
        self.impossible.is_none() && self.steps.is_empty() && self.missing() == 0
    }

    /// How many options do not let it work.
    pub fn missing(&self) -> usize {
        let all = self.options.iter();
        all.filter(|option| option.state == State::Missing).count()
    }

    /// Whether nothing could be better.
    pub fn is_best(&self) -> bool {
        let is_on = |option: &CheckedOption| option.state == State::On;
        self.is_ready() && self.options.iter().all(is_on)
    }

    /// The way that is meant if nobody says one: leakscope's component if the project has it, else the first that is
    /// ready, else the component where the others have no call stacks, else the first that can be gone.
    pub fn usual(ways: &[Self]) -> Option<&Self> {
        let possible = || ways.iter().filter(|way| way.impossible.is_none());
        possible()
            .find(|way| way.is_chosen())
            .or_else(|| possible().find(|way| way.is_ready()))
            .or_else(|| possible().find(|way| way.preference == Preference::Advised))
            .or_else(|| possible().next())
    }
}
