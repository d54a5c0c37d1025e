//! The page as one file, with its data in it.

use std::fmt::Write as _;
use std::io::Write;

use super::policy::{data_url, hash};
use super::{THEME, filled, import_map, style};
use crate::engine::Engine;
use crate::refusal::Refusal;

/// What begins the page.
const START: &str = "import \"leakscope/main.js\";";

/// Events of a long trace that the file lists from its ends, unless it is told otherwise: about 1.5 MB of it.
pub const EVENTS: u64 = 6000;

/// Writes the page and what it shows of a trace as one file, which needs no server. Of a trace with more than `events`
/// events it lists so many from both ends, some 250 bytes each, and a few thousand that matter from between.
///
/// The trace should have been read (see [`Engine::read_all`]).
///
/// # Errors
/// Those of reading the trace again and of `out`.
pub fn write(out: &mut dyn Write, engine: &mut Engine<'_>, events: u64) -> Result<(), Refusal> {
    let document = super::document::of(engine, events)?;
    out.write_all(html(&document).as_bytes())?;
    Ok(())
}

/// The page with a document in it, which is JSON.
fn html(document: &str) -> String {
    let imports = import_map(|module| data_url(&without_comments(module.text)));
    let style = style();
    // Modules are `data:` addresses. Their hashes could be named instead (with `integrity` in the import map),
    // but not every browser compares those of modules. Nothing is ever fetched from elsewhere either way.
    let policy = format!(
        "default-src 'none'; script-src {} {} {} data:; style-src {}; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(THEME),
        hash(&imports),
        hash(START),
        hash(&style)
    );
    let theme = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n<script>{THEME}</script>"
    );
    let modules = format!(
        "<script type=\"importmap\">{imports}</script>\n\
         <script type=\"application/json\" id=\"leakscope-data\">{}</script>\n\
         <script type=\"module\">{START}</script>",
        in_script(document)
    );
    filled(&theme, &format!("<style>{style}</style>"), &modules)
}

/// A module without the comments that have lines of their own, a quarter of it. Lines keep their numbers: errors in the browser name
/// those of the sources.
fn without_comments(module: &str) -> String {
    let mut text = String::with_capacity(module.len());
    let mut is_inside = false;
    for line in module.lines() {
        let words = line.trim();
        let (begins, ends) = (words.starts_with("/**"), words.ends_with("*/"));
        let is_comment = is_inside || words.starts_with("//") || words == "/**" || begins && ends;
        is_inside = (is_inside || words == "/**") && !ends;
        if !is_comment {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// JSON that may stand in a script element: nothing in it ends the element, begins a comment, or is an end
/// of line to a script. Such characters can only stand in its strings.
fn in_script(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 64);
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing into a string does not fail.
                let _ = write!(text, "\\u{:04x}", character as u32);
            }
            other => text.push(other),
        }
    }
    text
}

/// How long the page is without data, in bytes.
pub fn length_without_data() -> usize {
    html("").len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_ends_the_script_and_nothing_is_lost(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            let embedded = in_script(&json);
            let forbidden = ['<', '>', '&', '\u{2028}', '\u{2029}'];
            prop_assert!(!embedded.contains(forbidden));
            prop_assert_eq!(serde_json::from_str::<String>(&embedded).unwrap(), text);
        }
    }

    #[test]
    fn comments_go_and_code_stays() {
        let module = "// What it is.\n/**\n * @param {string} a\n */\nexport const a = 1; // one\n\
                      /** @type {number} */\n/** @type {T} */ (b).c(); /* d */ e;\n  // f\ng('// h');";
        let kept = "\n\n\n\nexport const a = 1; // one\n\n/** @type {T} */ (b).c(); /* d */ e;\n\ng('// h');\n";
        assert_eq!(without_comments(module), kept);
        for module in super::super::MODULES {
            let lines = module.text.lines().count();
            assert_eq!(without_comments(module.text).lines().count(), lines);
        }
    }

    #[test]
    fn the_policy_names_every_script() {
        let page = html("{\"a\":\"</script><script>alert(1)</script>\"}");
        let scripts = page.split("<script").skip(1);
        for script in scripts {
            let (open, rest) = script.split_once('>').unwrap();
            let (body, _) = rest.split_once("</script>").unwrap();
            if !open.contains("application/json") {
                assert!(page.contains(&hash(body)), "{open}");
            }
        }
        assert!(!page.contains("alert(1)</script>"));
    }
}
