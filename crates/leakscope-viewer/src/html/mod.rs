//! The page itself: the same modules, served by [`server`](crate::Server) or put into one file.
//!
//! Scripts and styles that stand in the page are named by their hashes in its Content-Security-Policy:
//! nothing else that might get into it runs.
mod assets;
mod document;
mod events;
pub mod file;
mod policy;

pub(crate) use assets::{MODULES, style};
use assets::{TEMPLATE, THEME};
use policy::hash;

/// A page, and the policy to send with it.
pub(crate) struct Served {
    pub(crate) html: String,
    pub(crate) policy: String,
}

/// The page as the server sends it.
pub(crate) fn served() -> Served {
    let imports = import_map(|module| format!("./app/{}", module.name));
    let policy = format!(
        "default-src 'none'; script-src 'self' {} {}; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(THEME),
        hash(&imports)
    );
    let modules = format!(
        "<script type=\"importmap\">{imports}</script>\n\
         <script type=\"module\" src=\"app/main.js\"></script>"
    );
    Served {
        html: filled(
            &format!("<script>{THEME}</script>"),
            "<link rel=\"stylesheet\" href=\"style.css\">",
            &modules,
        ),
        policy,
    }
}

/// The template with everything in its place.
fn filled(theme: &str, style: &str, modules: &str) -> String {
    TEMPLATE
        .replacen("<!--leakscope:theme-->", theme, 1)
        .replacen("<!--leakscope:style-->", style, 1)
        .replacen("<!--leakscope:modules-->", modules, 1)
}

/// Where modules are found that are imported by their bare names.
fn import_map(place: impl Fn(&assets::File) -> String) -> String {
    let imports = MODULES.iter().map(|module| {
        let name = format!("leakscope/{}", module.name);
        (name, serde_json::Value::from(place(module)))
    });
    let imports: serde_json::Map<_, _> = imports.collect();
    serde_json::json!({ "imports": imports }).to_string()
}
