//! Lists the page's files, so that they can be part of the program: modules in `web/app` and the folders in
//! it, style sheets in `web/style`.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let web = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("web");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for (folder, suffix, list) in [("app", "js", "modules.rs"), ("style", "css", "styles.rs")] {
        println!("cargo::rerun-if-changed=web/{folder}");
        let folder = web.join(folder);
        let mut paths = Vec::new();
        find(&folder, suffix, &mut paths)?;
        let mut names = Vec::new();
        for path in &paths {
            let parts = path.strip_prefix(&web)?.iter();
            let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
            names.push(parts.join("/"));
        }
        names.sort();
        let mut text = String::from("&[\n");
        for path in names {
            let (_, name) = path.split_once('/').ok_or("a file in no folder")?;
            // The folder of this checkout is not written out: where it lies would show in the program, as other
            // positions in sources.
            writeln!(
                text,
                "    File {{ name: {name:?}, \
                 text: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/web/{path}\")) }},"
            )?;
        }
        text.push(']');
        fs::write(out.join(list), text)?;
    }
    Ok(())
}

/// All files with this suffix, in all folders below.
fn find(folder: &Path, suffix: &str, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, suffix, found)?;
        } else if path.extension().is_some_and(|known| known == suffix) {
            found.push(path);
        }
    }
    Ok(())
}
