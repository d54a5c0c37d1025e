//! What pages without scripts have in common: how they begin, and how text stands in them.

use crate::sanitise;

/// Nothing is loaded and nothing runs, whatever names hold.
const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; padding: 0 1rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd }
small { color: #555 }
";

/// The beginning of a page, up to its first heading. `style` is CSS of its own.
pub fn head(title: &str, style: &str) -> String {
    format!("{HEAD}{style}</style>\n<title>{}</title>\n", escaped(title))
}

/// Text that a browser shows and never understands.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in sanitise(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
