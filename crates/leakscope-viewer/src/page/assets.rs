//! The files that the page consists of. They are part of the program.

/// A module of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Module {
    /// `main.js`; others import it as `leakscope/main.js`.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// All modules, in order of their names: see `build.rs`.
pub(crate) static MODULES: &[Module] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The page's frame, with places for what belongs into it.
pub(crate) static TEMPLATE: &str = include_str!("../../web/index.html");

pub(crate) static STYLE: &str = include_str!("../../web/style.css");

/// Runs before the first paint.
pub(crate) static THEME: &str = include_str!("../../web/theme.js");
