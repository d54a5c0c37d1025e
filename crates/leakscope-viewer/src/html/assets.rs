//! The files that the page consists of. They are part of the program.

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    /// Its path in its folder: `main.js`, `chart/icicle.js`. Modules import each other by `leakscope/` and
    /// this.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// All modules, in order of their names: see `build.rs`.
pub(crate) static MODULES: &[File] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The parts of the style sheet, in order.
static STYLES: &[File] = include!(concat!(env!("OUT_DIR"), "/styles.rs"));

/// The page's frame, with places for what belongs into it.
pub(crate) static TEMPLATE: &str = include_str!("../../web/index.html");

/// Runs before the first paint.
pub(crate) static THEME: &str = include_str!("../../web/theme.js");

/// The style sheet.
pub(crate) fn style() -> String {
    let texts: Vec<&str> = STYLES.iter().map(|file| file.text).collect();
    texts.join("\n")
}
