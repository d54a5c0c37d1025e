//! Fleets of which the truth is known: a leak in one version on one hardware, none at all, and Simpson's trap.

use leakscope_fleet::answer::Answer;
use leakscope_fleet::ask::{Asked, Question};
use leakscope_fleet::engine::Engine;
use leakscope_fleet::ingest::elf_store::ElfStore;
use leakscope_fleet::ingest::{Options, ingest, source};
use leakscope_fleet::store::Folder;
use leakscope_testing::program::Random;

use crate::made::{Day, LeftBehind, file, fleet, poisson, recording};

const HARDWARE: [(&str, f64); 3] = [("rev-a", 1.0), ("rev-b", 2.0), ("rev-c", 4.0)];
const VERSIONS: [&str; 5] = ["1.0", "1.1", "1.2", "1.3", "1.4"];
const HEALTHY: [&str; 4] = ["cache_add", "log_write", "net_open", "ui_draw"];

fn ask(engine: &Engine, name: &str, subject: &str, against: Option<&str>) -> Answer {
    let question: Question = name.parse().expect("a question");
    let asked = Asked {
        subject: Some(subject.to_owned()),
        against: against.map(str::to_owned),
        since: None,
    };
    question.ask(engine, &asked).expect("an answer")
}

/// The call sites of which something is claimed.
fn claimed(answer: &Answer, claims: &[&str]) -> Vec<String> {
    let rows = answer
        .rows
        .iter()
        .filter(|row| claims.contains(&answer.text(row, "claim")));
    rows.map(|row| answer.text(row, "function").to_owned())
        .collect()
}

/// A day of each device with each version; load differs by hardware. `leak` says how many blocks the planted call site
/// leaves behind by itself.
pub(crate) fn days(devices: u64, seed: u64, leak: impl Fn(&str, &str) -> f64) -> Vec<Day> {
    let mut random = Random(seed);
    let mut days = Vec::new();
    for device in 0..devices {
        let (hardware, load) = HARDWARE[(device % 3) as usize];
        // Devices differ among themselves, too.
        let own = 0.5 + random.below(1000) as f64 / 1000.0;
        for (number, version) in VERSIONS.iter().enumerate() {
            let healthy = HEALTHY.iter().map(|site| (*site, 0.3 * load * own));
            let planted = [("wifi_scan", leak(version, hardware) * load * own)];
            let left = healthy.chain(planted).filter_map(|(site, mean)| {
                let blocks = poisson(&mut random, mean);
                // As a judge would, now and then.
                let is_leak = blocks >= 3;
                (blocks > 0).then_some(LeftBehind {
                    site,
                    blocks,
                    is_leak,
                })
            });
            days.push(Day {
                left: left.collect(),
                device: format!("device-{device:04}"),
                hardware: hardware.to_owned(),
                firmware: (*version).to_owned(),
                number: number as i64 + 1,
                is_dump: false,
            });
        }
    }
    days
}

#[test]
fn a_leak_in_one_version_on_one_hardware_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let leak = |version: &str, hardware: &str| match (version, hardware) {
        ("1.3", "rev-b") => 4.0,
        _ => 0.0,
    };
    let engine = fleet(folder.path(), &days(2000, 1, leak));
    let answer = ask(&engine, "new-in", "1.3", None);
    assert_eq!(claimed(&answer, &["new"]), ["wifi_scan"], "{answer:?}");
    let answer = ask(&engine, "regressions", "1.3", Some("1.2"));
    assert_eq!(claimed(&answer, &["worse"]), ["wifi_scan"], "{answer:?}");
    assert!(claimed(&answer, &["better"]).is_empty());
    assert_eq!(answer.text(&answer.rows[0], "method"), "same devices");
    // It is gone again in the version behind.
    let answer = ask(&engine, "regressions", "1.4", Some("1.3"));
    assert_eq!(claimed(&answer, &["better"]), ["wifi_scan"], "{answer:?}");
    for version in ["1.1", "1.2", "1.4"] {
        assert!(claimed(&ask(&engine, "new-in", version, None), &["new"]).is_empty());
    }

    let top = ask(&engine, "top", "", None);
    let site = top
        .rows
        .iter()
        .find(|row| top.text(row, "function") == "wifi_scan")
        .expect("it leaks");
    let who = ask(&engine, "who", top.text(site, "site"), None);
    let leaking: Vec<(&str, &str)> = who
        .rows
        .iter()
        .filter(|row| who.count(row, "leaking") > 0 && who.text(row, "part") != "site")
        .map(|row| (who.text(row, "part"), who.text(row, "which")))
        .collect();
    assert_eq!(
        leaking,
        [
            ("firmware", "1.3"),
            ("hardware", "rev-b"),
            ("product", "lamp")
        ]
    );
    assert!(
        who.text(&who.rows[3], "example").contains(".svdat"),
        "{who:?}"
    );
    let trend = ask(&engine, "trend", top.text(site, "site"), None);
    let rates: Vec<bool> = (trend.rows.iter())
        .map(|row| trend.number(row, "bytes_per_device_hour") > Some(0.0))
        .collect();
    assert_eq!(rates, [false, false, false, true, false]);
    let coverage = ask(&engine, "coverage", "", None);
    assert_eq!(coverage.count(&coverage.rows[3], "devices"), 2000);
    assert!((coverage.number(&coverage.rows[3], "hours").expect("hours") - 48_000.0).abs() < 1e-6);
}

#[test]
fn a_healthy_fleet_has_few_regressions() {
    let (mut false_alarms, mut asked) = (0, 0);
    for seed in 0..15 {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = fleet(folder.path(), &days(60, 100 + seed, |_, _| 0.0));
        for pair in VERSIONS.windows(2) {
            let answer = ask(&engine, "regressions", pair[1], Some(pair[0]));
            asked += answer.rows.len();
            false_alarms += claimed(&answer, &["worse", "better"]).len();
        }
    }
    assert!(asked >= 200, "{asked}");
    assert!(
        false_alarms * 20 <= asked,
        "{false_alarms} of {asked} call sites"
    );
}

/// The new version runs on the hardware that leaks more: over all devices, it leaks twice as much, and within hardware the
/// same.
#[test]
fn hardware_that_leaks_more_is_no_regression() {
    for seed in 0..10 {
        let mut random = Random(500 + seed);
        let mut days = Vec::new();
        for number in 0..400_u64 {
            let is_new = number % 2 == 1;
            let is_busy = random.below(10) < if is_new { 8 } else { 2 };
            let blocks = poisson(&mut random, if is_busy { 8.0 } else { 1.0 });
            days.push(Day {
                device: format!("device-{number}"),
                hardware: if is_busy { "busy" } else { "calm" }.to_owned(),
                firmware: if is_new { "2.0" } else { "1.0" }.to_owned(),
                number: if is_new { 2 } else { 1 },
                is_dump: false,
                left: vec![LeftBehind {
                    site: "net_open",
                    blocks,
                    is_leak: blocks >= 3,
                }],
            });
        }
        let folder = tempfile::tempdir().expect("a folder");
        let engine = fleet(folder.path(), &days);
        let answer = ask(&engine, "regressions", "2.0", Some("1.0"));
        assert_eq!(answer.text(&answer.rows[0], "method"), "within hardware");
        assert_eq!(
            claimed(&answer, &["worse", "better"]),
            Vec::<String>::new(),
            "{answer:?}"
        );
        let ratio = answer.number(&answer.rows[0], "ratio").expect("a ratio");
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
        // The trap is one: without strata, the new version has far more.
        let sql = "SELECT SUM(CASE WHEN firmware = '2.0' THEN left_blocks ELSE 0 END) AS new,
                          SUM(CASE WHEN firmware = '1.0' THEN left_blocks ELSE 0 END) AS old FROM sites";
        let sums = engine.run(sql).expect("sums");
        assert!(sums.count(&sums.rows[0], "new") > 2 * sums.count(&sums.rows[0], "old"));
    }
}

#[test]
fn a_device_unlike_the_others_is_named() {
    let mut days = days(60, 7, |_, _| 0.0);
    days[0].left = vec![LeftBehind {
        site: "net_open",
        blocks: 500,
        is_leak: true,
    }];
    let folder = tempfile::tempdir().expect("a folder");
    let engine = fleet(folder.path(), &days);
    let answer = ask(&engine, "outliers", "", None);
    assert_eq!(answer.text(&answer.rows[0], "device"), "device-0000");
    assert_eq!(answer.text(&answer.rows[0], "firmware"), "1.0");
}

/// The same from files: 18 devices, three versions, a leak in the last one on one hardware.
#[test]
fn a_leak_is_found_from_recordings() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, into) = (folder.path().join("from"), folder.path().join("into"));
    let mut salt = 0;
    for device in 0..18 {
        let hardware = ["rev-a", "rev-b"][device % 2];
        for (number, version) in ["1.0", "1.1", "1.2"].into_iter().enumerate() {
            salt += 1;
            let every = if version == "1.2" && hardware == "rev-b" {
                10
            } else {
                0
            };
            let metadata = format!(
                "{{\"hardware\": \"{hardware}\", \"recorded_at\": \"2026-11-0{}T10:00:00Z\"}}",
                number + 1
            );
            file(
                &from,
                &format!("{device}/{version}/r.svdat"),
                &recording(every, salt),
                &metadata,
            );
        }
    }
    let recordings = source::find(&[from.display().to_string()], &mut &b""[..]).expect("a folder");
    let options = Options {
        pattern: Some("{device}/{firmware}/{}".parse().expect("a pattern")),
        ..Options::default()
    };
    let folder = Folder::new(&into);
    let summary = ingest(
        &recordings,
        &folder,
        &ElfStore::default(),
        &options,
        &mut |_| {},
    )
    .expect("rows");
    assert_eq!(summary.added, 54);
    let engine = Engine::open(&folder).expect("a fleet");
    let answer = ask(&engine, "new-in", "1.2", None);
    assert_eq!(claimed(&answer, &["new"]).len(), 1, "{answer:?}");
    assert_eq!(answer.count(&answer.rows[0], "leaking"), 9);
    assert!(claimed(&ask(&engine, "new-in", "1.1", None), &["new"]).is_empty());
    let answer = ask(&engine, "regressions", "1.2", Some("1.1"));
    assert_eq!(claimed(&answer, &["worse"]).len(), 1, "{answer:?}");
}
