//! What the overview says of who held memory.

use leakscope_testing::scenario::Scenario;
use leakscope_viewer::Program;

use super::program::{ask, engine};

#[test]
fn holders_that_would_look_alike_are_told_apart() {
    let mut recording = Scenario::begun();
    for (place, outermost) in [0x400D_4000, 0x400D_5000].into_iter().enumerate() {
        let callers = [0x400D_1000, 0x400D_2000, 0x400D_3000, outermost];
        recording.allocate(0x3FFB_0000 + 64 * place as u32, 16, &callers);
    }
    recording.allocate(0x3FFB_1000, 8, &[0x400D_1000, 0x400D_2000]);
    let program = Program::default();
    let mut engine = engine(&program, vec![recording.plain()]);
    let overview = ask(&mut engine, "overview", &[]);
    let holders = overview["peak"]["holders"].as_array().unwrap().iter();
    let mut titles: Vec<&str> = holders
        .map(|holder| holder["title"].as_str().unwrap())
        .collect();
    titles.sort_unstable();
    let long = "0x400d1000 ← 0x400d2000 ← 0x400d3000 ← ";
    let wanted = [
        "0x400d1000 ← 0x400d2000".to_owned(),
        format!("{long}0x400d4000"),
        format!("{long}0x400d5000"),
    ];
    assert_eq!(titles, wanted);
}
