//! The tables are those that the guide documents.

use std::collections::BTreeMap;
use std::fs;

use leakscope_export::tables::Kind;
use leakscope_fleet::schema::{Table, VERSION};
use leakscope_testing::project;

#[test]
fn the_guide_documents_all_columns() {
    let guide = fs::read_to_string(project().join("docs/fleet.md")).expect("docs/fleet.md");
    assert!(guide.contains(&format!("`leakscope.fleet` version {VERSION}")));
    let mut documented: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    let mut table = "";
    for line in guide.lines() {
        if let Some(heading) = line.strip_prefix("### `") {
            table = heading.split('`').next().unwrap_or_default();
        }
        let mut cells = line.split('|').map(str::trim).skip(1);
        if let (Some(name), Some(kind)) = (cells.next(), cells.next())
            && let Some(name) = name
                .strip_prefix('`')
                .and_then(|name| name.strip_suffix('`'))
        {
            documented
                .entry(table)
                .or_default()
                .push((name.to_owned(), kind.to_owned()));
        }
    }
    for table in Table::ALL {
        let columns = table.columns().iter().map(|(name, kind)| {
            let kind = match kind {
                Kind::Text => "text",
                Kind::Integer => "integer",
                Kind::Real => "real",
                Kind::Time => "time",
                Kind::Number => "number",
            };
            ((*name).to_owned(), kind.to_owned())
        });
        let columns: Vec<_> = columns.collect();
        assert_eq!(
            documented.get(table.name()),
            Some(&columns),
            "table {}",
            table.name()
        );
    }
}
