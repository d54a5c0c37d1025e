//! What a firmware project says of itself, and what is missing to record its heap.
//!
//! Everything here is a function of texts that somebody else has read: ESP-IDF's `project_description.json`, `sdkconfig`
//! and `sdkconfig.defaults`. All of them are taken as they come: any bytes, any size, any order.
//!
//! ```
//! use leakscope_project::{Build, Description, Sdkconfig, State, Way, examine};
//!
//! let description = Description::parse(br#"{"target": "esp32c3", "git_revision": "v5.5.1", "app_elf": "app.elf"}"#)?;
//! let config = Sdkconfig::parse(b"CONFIG_APPTRACE_DEST_JTAG=y\n# CONFIG_APPTRACE_SV_ENABLE is not set\n");
//! let ways = examine(&Build::of(&description, &config))?;
//! let jtag = &ways[0];
//! assert_eq!(jtag.way, Way::Jtag);
//! assert_eq!(jtag.options[0].state, State::On);
//! assert_eq!(jtag.options[1].line(), "CONFIG_APPTRACE_SV_ENABLE=y");
//! assert_eq!(jtag.options[1].state, State::Missing);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what is there |
//! |---|---|
//! | [`description`] | `project_description.json` |
//! | [`sdkconfig`] | assignments of options, in `sdkconfig` and `sdkconfig.defaults` |
//! | [`version`] | which ESP-IDF |
//! | [`chip`] | architecture, cores, ports |
//! | [`build`] | what is known of a build |
//! | [`wanted`] | which options a way of recording needs, by version: the facts |
//! | [`component`] | the same of leakscope's own component, and where it sends a recording |
//! | [`examination`] | a build, judged by these |
//! | [`mod@additions`] | the lines that `sdkconfig.defaults` lacks |
//! | [`uart`] | the pins that traces leave a chip at |
//! | [`openocd`] | the arguments that OpenOCD is started with |
#![forbid(unsafe_code)]

pub mod additions;
pub mod build;
pub mod chip;
pub mod component;
pub mod description;
pub mod examination;
pub mod openocd;
mod option;
pub mod sdkconfig;
pub mod uart;
pub mod version;
pub mod wanted;

pub use additions::{Additions, DefaultsFile, additions};
pub use build::Build;
pub use chip::{Architecture, Chip};
pub use component::Link;
pub use description::{Description, DescriptionError};
pub use examination::{CheckedOption, Examination, State, UnknownVersion, examine};
pub use sdkconfig::Sdkconfig;
pub use version::Version;
pub use wanted::Way;
