//! What ARCHITECTURE.md and CONTRIBUTING.md name exists: crates, rooms, files, types, functions, tests. And what a
//! published crate has to have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use leakscope_analysis::findings::Verdict;
use leakscope_testing::project;

/// The names of all that the project consists of.
struct Tree {
    /// Files and folders, relative to the project.
    paths: BTreeSet<String>,
    /// Words of the sources and of the manifests.
    words: BTreeSet<String>,
}

/// Where a crate is; that of a fleet is a workspace of its own.
fn folder_of(crate_name: &str) -> String {
    match crate_name {
        "leakscope-fleet" => "fleet".to_owned(),
        name => format!("crates/{name}"),
    }
}

/// The page and the documents know every verdict.
#[test]
fn verdicts_are_known_everywhere() {
    for path in [
        "docs/verdicts.md",
        "docs/report-json.md",
        "crates/leakscope-viewer/API.md",
        "crates/leakscope-viewer/web/app/data/types.js",
        "crates/leakscope-viewer/web/app/page/verdict.js",
    ] {
        let text = fs::read_to_string(project().join(path)).expect(path);
        let words: BTreeSet<&str> = text
            .split(|c: char| !(c.is_alphanumeric() || c == '-'))
            .collect();
        for verdict in Verdict::ALL {
            assert!(words.contains(verdict.name()), "{path}: {verdict:?}");
        }
    }
}

/// It is read once for all tests.
static TREE: LazyLock<Tree> = LazyLock::new(|| {
    let mut tree = Tree {
        paths: BTreeSet::new(),
        words: BTreeSet::new(),
    };
    tree.add(&project(), "");
    tree
});

impl Tree {
    fn add(&mut self, folder: &Path, prefix: &str) {
        for entry in fs::read_dir(folder).expect("a folder of the project") {
            let path = entry.expect("an entry of it").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if ["target", "node_modules", ".git"].contains(&&*name) {
                continue;
            }
            let relative = format!("{prefix}{name}");
            if path.is_dir() {
                self.add(&path, &format!("{relative}/"));
            } else if [".rs", ".js", ".toml", "run"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                let text = fs::read_to_string(&path).expect("a text");
                let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                self.words.extend(words.map(str::to_owned));
            }
            self.paths.insert(relative);
        }
    }

    /// Whether there is a file or a folder whose path ends like this, or a module.
    fn has_path(&self, end: &str) -> bool {
        let ends = |path: &str| {
            path.strip_suffix(end)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let is_it = |path: &String| ends(path) || path.strip_suffix(".rs").is_some_and(ends);
        self.paths.iter().any(is_it)
    }

    /// Whether a crate has a module of this name.
    fn has_module(&self, crate_name: &str, module: &str) -> bool {
        let folder = folder_of(crate_name);
        let is_it = |path: &&String| {
            path.strip_prefix(&folder)
                .and_then(|path| path.strip_prefix('/'))
                .and_then(|path| path.rsplit('/').next())
                .is_some_and(|name| name.split('.').next() == Some(module))
        };
        self.paths.iter().find(is_it).is_some()
    }

    /// Whether `name`, which stands in the section about `crate_name`, is the name of something.
    fn has(&self, name: &str, crate_name: Option<&str>) -> bool {
        if name.contains(' ') {
            return self.has_all_of_command(name);
        }
        let name = name.split('=').next().unwrap_or_default();
        let path = name.trim_end_matches('/');
        // A short word of a section is a room of the crate that it is about.
        if let Some(crate_name) = crate_name
            && path.chars().all(|c| c.is_ascii_lowercase())
        {
            return self.has_module(crate_name, path);
        }
        let is_sign = !name.contains(char::is_alphanumeric);
        if is_sign || name.starts_with("../") || self.has_path(path) {
            return true;
        }
        if name.contains(['/', '.']) {
            return false;
        }
        let is_word = |word: &str| self.words.contains(word.trim_end_matches("()"));
        name.split("::")
            .flat_map(|part| part.split('-'))
            .all(is_word)
    }

    /// The packages, tests and benches of a command exist.
    fn has_all_of_command(&self, command: &str) -> bool {
        let words: Vec<&str> = command.split_whitespace().collect();
        words.windows(2).all(|pair| match pair {
            ["-p", package] => self.has_path(&format!("crates/{package}")),
            ["--test", test] => {
                self.has_path(&format!("tests/{test}.rs"))
                    || self.has_path(&format!("tests/{test}/main.rs"))
            }
            ["--bench", bench] => self.has_path(&format!("benches/{bench}.rs")),
            _ => true,
        })
    }
}

/// What of a document is missing in the tree.
fn missing(document: &str, tree: &Tree) -> Vec<String> {
    let mut missing = Vec::new();
    let mut crate_name = None;
    let mut is_example = false;
    for line in document.lines() {
        if line.starts_with("```") {
            is_example = !is_example;
        } else if is_example {
            if !tree.has_all_of_command(line) {
                missing.push(line.to_owned());
            }
        } else {
            if let Some(title) = line.strip_prefix('#') {
                let words = title.trim_start_matches('#').split([' ', ',']);
                crate_name = words
                    .into_iter()
                    .find(|word| word.starts_with("leakscope-"));
            }
            let names = line.split('`').skip(1).step_by(2);
            let unknown = names.filter(|name| !tree.has(name, crate_name));
            missing.extend(unknown.map(str::to_owned));
        }
    }
    missing
}

#[test]
fn all_that_they_name_exists() {
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let document = fs::read_to_string(project().join(name)).expect("a document");
        assert_eq!(missing(&document, &TREE), [""; 0], "{name}");
    }
}

#[test]
fn every_crate_is_explained() {
    let document = fs::read_to_string(project().join("ARCHITECTURE.md")).expect("a document");
    for entry in fs::read_dir(project().join("crates")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = format!("`{}`", name.to_string_lossy());
        assert!(
            document.contains(&name),
            "ARCHITECTURE.md does not name {name}"
        );
    }
}

/// The crates that a crate is built on.
fn dependencies(crate_name: &str) -> BTreeSet<String> {
    let manifest = project().join(folder_of(crate_name)).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest)
        .expect("a manifest")
        .parse()
        .expect("TOML");
    let named = manifest.get("dependencies").and_then(toml::Value::as_table);
    named
        .into_iter()
        .flat_map(|table| table.keys().cloned())
        .collect()
}

#[test]
fn arrows_go_downward() {
    let document = fs::read_to_string(project().join("ARCHITECTURE.md")).expect("a document");
    let rows = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let crates: Vec<&str> = rows.filter(|name| name.starts_with("leakscope")).collect();
    let row_of = |name: &str| crates.iter().position(|other| *other == name);
    let report = row_of("leakscope-report").expect("a row");
    for (row, name) in crates.iter().enumerate() {
        for dependency in dependencies(name) {
            let below = row_of(&dependency);
            assert!(
                below.is_none_or(|below| below > row),
                "{name} → {dependency}"
            );
            let can_serialise = dependency.starts_with("serde");
            assert!(!can_serialise || row <= report, "{name} → {dependency}");
        }
    }
}

#[test]
fn every_published_crate_has_its_papers() {
    for entry in fs::read_dir(project().join("crates")).expect("a folder") {
        let folder = entry.expect("an entry").path();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a crate");
        if manifest.contains("publish = false") {
            continue;
        }
        for key in [
            "description",
            "keywords",
            "categories",
            "license",
            "repository",
        ] {
            let has = manifest.lines().any(|line| line.starts_with(key));
            assert!(has, "{}: {key}", folder.display());
        }
        let readme = manifest.contains("readme = ") || folder.join("README.md").is_file();
        assert!(readme, "{}: README.md", folder.display());
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let same = |path: &Path| fs::read(path.join(licence)).ok();
            assert!(
                same(&folder).is_some_and(|text| Some(text) == same(&project())),
                "{}: {licence}",
                folder.display()
            );
        }
    }
}

#[test]
fn what_does_not_exist_is_noticed() {
    // Not in one piece: this file is part of the tree.
    let no_word = ["Frame::spl", "itt"].concat();
    let document = format!(
        "\
See `crates/leakscope/src/nowhere.rs`, `Frame::split`, `{no_word}`, `docs/`.
```sh
cargo test -p leakscope --test firmware
cargo test -p leakscope --test hardware
```
### leakscope-capture
- `rtt/`, `parts`, `verdicts`: rooms.
"
    );
    let absent = [
        "crates/leakscope/src/nowhere.rs",
        &no_word,
        "cargo test -p leakscope --test hardware",
        "verdicts",
    ];
    assert_eq!(missing(&document, &TREE), absent);
}
