//! Recordings and fleets as tests need them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_fleet::engine::Engine;
use leakscope_fleet::rows::{Kind, Origin, Rows};
use leakscope_fleet::store::{Folder, Part};
use leakscope_report::document::call_site::Left;
use leakscope_report::document::usage::Exhaustion;
use leakscope_report::{Report, Standing, Symbolizer};
use leakscope_testing::program::Random;
use leakscope_testing::scenario::Scenario;

/// Where blocks are allocated: three callers.
pub(crate) const LEAKING: [u32; 2] = [0x4008_1001, 0x4008_2001];
const HEALTHY: [u32; 2] = [0x4008_1101, 0x4008_2001];

/// A recording of 600 steps, in which every `every`th leaks a block; 0 for none. `salt` makes its content another's.
pub(crate) fn recording(every: u32, salt: u32) -> Vec<u8> {
    scenario(every, salt).plain()
}

fn scenario(every: u32, salt: u32) -> Scenario {
    let mut scenario = Scenario::begun();
    scenario.print(&format!("number {salt}")).idle();
    for step in 1..=600 {
        let address = 0x3FFB_0000 + 64 * step;
        scenario
            .after(100_000)
            .run(leakscope_testing::scenario::MAIN);
        scenario
            .allocate(address, 24, &HEALTHY)
            .after(10)
            .free(address, &HEALTHY);
        if every > 0 && step % every == 0 {
            scenario.allocate(address + 32, 40, &LEAKING);
        }
    }
    scenario
}

/// Writes a file, and what is known of it beside it.
pub(crate) fn file(folder: &Path, name: &str, content: &[u8], metadata: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
    fs::write(&path, content).expect("a new file");
    if !metadata.is_empty() {
        fs::write(folder.join(format!("{name}.meta.json")), metadata).expect("a new file");
    }
}

/// A report of a leak, and of an allocation that fails in the end.
pub(crate) fn report() -> Report {
    let bytes = scenario(10, 0).allocate(0, 4096, &LEAKING).plain();
    let inputs: &[&[u8]] = &[&bytes];
    let mut analysis = Analysis::new(&Layout::of(inputs), KeepAll);
    analysis.run(inputs).expect("bytes can be read");
    Report::new(&analysis.outcome(), &mut Symbolizer::new(None), &[])
}

/// What a call site left behind on a device in a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftBehind {
    pub(crate) site: &'static str,
    pub(crate) blocks: u64,
    pub(crate) is_leak: bool,
}

/// A day of a device.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) device: String,
    pub(crate) hardware: String,
    pub(crate) firmware: String,
    /// Days since the beginning.
    pub(crate) number: i64,
    pub(crate) left: Vec<LeftBehind>,
    /// It sent a heap dump instead of a recording.
    pub(crate) is_dump: bool,
}

/// Writes rows as an ingest would, and opens them.
pub(crate) fn fleet(folder: &Path, days: &[Day]) -> Engine {
    let folder = Folder::new(folder);
    let _lock = folder.lock("test").expect("nobody else");
    let template = report();
    let numbered: Vec<(usize, &Day)> = days.iter().enumerate().collect();
    for days in numbered.chunks(2000) {
        write_part(&folder, &template, days);
    }
    Engine::open(&folder).expect("a fleet")
}

fn write_part(folder: &Folder, template: &Report, days: &[(usize, &Day)]) {
    let mut part = Part::begin(folder, "test").expect("a new part");
    let mut rows = Rows::default();
    for (number, day) in days {
        let mut report = template.clone();
        report.trace.length_s = Some(86_400.0);
        if number % 7 > 0 {
            report.failed_allocations.clear();
        }
        report.exhaustion = (number % 3 == 0).then(|| Exhaustion {
            heap_size_bytes: 1 << 18,
            left_bytes: 1 << 16,
            after_end_s: 60.0 * (number % 1000) as f64,
        });
        let site = report
            .call_sites
            .iter()
            .find(|site| site.outstanding_blocks > 0)
            .cloned();
        let site = site.expect("the template leaks");
        report.call_sites = day
            .left
            .iter()
            .map(|left| {
                let mut site = site.clone();
                site.identity.site = format!("ls1:{}", left.site);
                site.identity.stack = format!("ls1:{}-all", left.site);
                site.frames[0].function = Some(left.site.into());
                site.standing = if left.is_leak {
                    Standing::Leak
                } else {
                    Standing::Fine
                };
                site.left = Some(Left {
                    watched_s: Some(86_400.0),
                    blocks: left.blocks,
                    bytes: left.blocks * 40,
                    ..Left::default()
                });
                site
            })
            .collect();
        let origin = Origin {
            recording: format!("{number:032x}"),
            device: day.device.clone(),
            product: "lamp".to_owned(),
            hardware: day.hardware.clone(),
            firmware: day.firmware.clone(),
            kind: if day.is_dump { Kind::Dump } else { Kind::Trace },
            uptime_s: day.is_dump.then_some(3600.0 * (number % 100) as f64),
            recorded_at: Some(day.number * 86_400_000_000),
            labels: BTreeMap::from([("site".to_owned(), format!("hall {}", number % 3))]),
            source: format!("{}.svdat", day.device),
            ..Origin::default()
        };
        rows.add(&origin, &report, &mut part)
            .expect("room on the disk");
    }
    part.finish("2026-11-28").expect("room on the disk");
}

/// How often something happens that happens so often on average.
pub(crate) fn poisson(random: &mut Random, mean: f64) -> u64 {
    let limit = (-mean).exp();
    let mut product = 1.0;
    let mut count = 0;
    loop {
        product *= random.below(1 << 30) as f64 / f64::from(1 << 30);
        if product <= limit {
            return count;
        }
        count += 1;
    }
}
