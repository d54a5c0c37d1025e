//! The page: what it shows, whatever names hold.

use leakscope_fleet::ask::Asked;
use leakscope_fleet::page::page;

use crate::made::{Day, LeftBehind, fleet};

#[test]
fn the_page_shows_names_and_runs_none() {
    let day = |number: i64| Day {
        device: format!("device-{number}"),
        hardware: "rev-a".to_owned(),
        firmware: format!("1.{}", number % 2),
        number: number % 2,
        is_dump: false,
        left: vec![LeftBehind {
            site: "<script>&",
            blocks: 5 + number.unsigned_abs(),
            is_leak: true,
        }],
    };
    let folder = tempfile::tempdir().expect("a folder");
    let engine = fleet(folder.path(), &(0..12).map(day).collect::<Vec<_>>());
    let page = page(&engine, &Asked::default()).expect("a page");
    assert!(page.starts_with("<!doctype html>"));
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("<h3>&lt;script&gt;&amp;</h3>"), "{page}");
    // The longest bar is that of the version with the most.
    assert_eq!(page.matches("width: 100.0%").count(), 1, "{page}");
    assert_eq!(page.matches("class=\"bar\"").count(), 2, "{page}");
}
