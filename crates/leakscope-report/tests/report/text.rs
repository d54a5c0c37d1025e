//! The report as a person reads it.

use leakscope_analysis::outcome::{ContextUsage, Outcome, Session};
use leakscope_analysis::trace::StackCertainty;
use leakscope_report::text::{TextOptions, write};
use leakscope_report::{FrameSource, Report, Symbolizer};

use crate::everything::everything;
use crate::golden::assert_golden;
use crate::outcomes;
use crate::program::Program;

fn written_with(
    outcome: &Outcome,
    source: Option<&dyn FrameSource>,
    options: &TextOptions,
) -> String {
    of_inputs(outcome, source, &[], options)
}

fn of_inputs(
    outcome: &Outcome,
    source: Option<&dyn FrameSource>,
    inputs: &[String],
    options: &TextOptions,
) -> String {
    let mut symbolizer = Symbolizer::new(source);
    let report = Report::new(outcome, &mut symbolizer, inputs);
    let mut out = Vec::new();
    write(&mut out, &report, options).unwrap();
    String::from_utf8(out).unwrap()
}

fn written(outcome: &Outcome, width: usize) -> String {
    written_with(
        outcome,
        Some(&Program),
        &TextOptions {
            width,
            ..TextOptions::default()
        },
    )
}

fn inputs() -> Vec<String> {
    vec!["core0.svdat".to_owned(), "core1\u{1b}[1m.svdat".to_owned()]
}

/// In columns: all characters that the golden outcomes show take one.
fn width_of(line: &str) -> usize {
    line.chars().count()
}

#[test]
fn the_tutorial_fits_a_screen() {
    let text = written(&outcomes::tutorial(), 100);
    assert_golden("tutorial-100.txt", &text);
    assert!(text.lines().count() <= 40, "{text}");
}

#[test]
fn the_tutorial_at_other_widths() {
    for width in [60, 160] {
        assert_golden(
            &format!("tutorial-{width}.txt"),
            &written(&outcomes::tutorial(), width),
        );
    }
}

#[test]
fn the_tutorial_without_symbols() {
    let text = written_with(&outcomes::tutorial(), None, &TextOptions::default());
    assert_golden("tutorial-no-elf.txt", &text);
}

/// How sure a frame is stands behind its name, and that there are more behind the last one.
#[test]
fn frames_that_are_not_exact_say_so() {
    let mut outcome = outcomes::tutorial();
    for site in &mut outcome.call_sites {
        site.certainty = StackCertainty {
            exact: site.allocator_frames.len() + 1,
            by_call: site.allocator_frames.len() + 2,
            is_cut_off: true,
        };
    }
    assert_golden("not-exact.txt", &written(&outcome, 100));
    let text = written_with(&outcome, None, &TextOptions::default());
    assert_golden("not-exact-no-elf.txt", &text);
}

#[test]
fn the_tutorial_in_full() {
    let options = TextOptions {
        all: true,
        ..TextOptions::default()
    };
    assert_golden(
        "tutorial-all.txt",
        &written_with(&outcomes::tutorial(), Some(&Program), &options),
    );
}

#[test]
fn the_tutorial_in_colour() {
    let options = TextOptions {
        colour: true,
        ..TextOptions::default()
    };
    let coloured = written_with(&outcomes::tutorial(), Some(&Program), &options);
    assert_golden("tutorial-colour.txt", &coloured);
    let plain = anstream_strip(&coloured);
    assert_eq!(plain, written(&outcomes::tutorial(), 100));
}

/// Without the sequences `ESC [ … m`, the only ones that are written.
fn anstream_strip(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}

#[test]
fn everything_at_three_widths() {
    for width in [60, 100, 160] {
        let options = TextOptions {
            width,
            ..TextOptions::default()
        };
        let text = of_inputs(&everything(), Some(&Program), &inputs(), &options);
        assert_golden(&format!("everything-{width}.txt"), &text);
    }
}

#[test]
fn lines_are_no_wider_than_the_page() {
    for outcome in [
        outcomes::tutorial(),
        outcomes::clean(),
        outcomes::mute(),
        everything(),
        outcomes::empty(),
    ] {
        for width in 60..=160 {
            for source in [Some(&Program as &dyn FrameSource), None] {
                let options = TextOptions {
                    width,
                    ..TextOptions::default()
                };
                let text = of_inputs(&outcome, source, &inputs(), &options);
                let too_wide: Vec<&str> =
                    text.lines().filter(|line| width_of(line) > width).collect();
                assert!(too_wide.is_empty(), "width {width}: {too_wide:#?}");
                assert!(
                    text.lines().all(|line| line.trim_end() == line),
                    "trailing spaces:\n{text}"
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_told_is_said_with_its_limits() {
    let text = written(&outcomes::clean(), 100);
    assert_golden("clean-100.txt", &text);
    assert!(text.contains("this trace cannot tell: data were lost"));
    assert!(text.contains("fewer than 3 blocks"));
}

/// Each session is judged by itself: what a recording of many does not show is what the longest does not.
#[test]
fn a_limit_is_of_the_longest_session() {
    let mut outcome = outcomes::clean();
    let session = outcome.sessions[0];
    let middle = session.start + (session.end - session.start) / 4;
    outcome.sessions = vec![
        Session {
            end: middle,
            ..session
        },
        Session {
            start: middle,
            ..session
        },
    ];
    let text = written(&outcome, 200);
    assert!(
        text.contains("its longest session covers 0.246 s: what"),
        "{text}"
    );
}

/// Nobody sees what is freed between the pieces of a recording; boots have none.
#[test]
fn the_headline_of_pieces_speaks_of_their_pauses() {
    let mut outcome = outcomes::clean();
    outcome.problems.clear();
    outcome.totals.frees_of_older_blocks = 5;
    let older = "blocks that nobody saw begin were freed, and those of 1 call site may only";
    let pauses = "what was freed in its pauses is not known, and 1 call site cannot be judged";
    let first = outcome.sessions[0];
    for (sessions, after_reset, expected) in
        [(1, false, older), (2, true, older), (2, false, pauses)]
    {
        let next = Session {
            after_reset,
            ..first
        };
        outcome.sessions = [first, next][..sessions].to_vec();
        let text = written(&outcome, 200);
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(expected), "{text}");
    }
}

#[test]
fn a_trace_without_heap_events_says_nothing_of_leaks() {
    for outcome in [outcomes::mute(), outcomes::empty()] {
        let text = written(&outcome, 100);
        assert!(
            text.starts_with("Nothing can be said about leaks"),
            "{text}"
        );
        assert!(!text.to_lowercase().contains("no leak"), "{text}");
    }
    assert_golden("mute-100.txt", &written(&outcomes::mute(), 100));
    assert_golden("empty-100.txt", &written(&outcomes::empty(), 100));
}

#[test]
fn names_from_a_device_do_nothing_to_the_terminal() {
    for all in [false, true] {
        let options = TextOptions {
            all,
            ..TextOptions::default()
        };
        let text = of_inputs(&everything(), Some(&Program), &inputs(), &options);
        let hostile = |character: char| {
            character != '\n'
                && (character.is_control() || ('\u{202a}'..='\u{202e}').contains(&character))
        };
        assert!(!text.contains(hostile), "{text:?}");
    }
}

#[test]
fn any_clock_and_any_width_will_do() {
    for hz in [0, 1, 32_768, u32::MAX] {
        for width in [0, 1, 40, usize::MAX] {
            for end in [0, u64::MAX] {
                let mut outcome = everything();
                outcome.target.timestamp_hz = hz;
                outcome.totals.end = end;
                for (all, top) in [(false, 0), (false, 1), (true, 0)] {
                    let options = TextOptions {
                        width,
                        all,
                        top,
                        ..TextOptions::default()
                    };
                    assert!(
                        written_with(&outcome, Some(&Program), &options).contains("LEAK")
                            || top == 0
                    );
                }
            }
        }
    }
}

#[test]
fn without_a_clock_times_are_ticks() {
    let mut outcome = outcomes::tutorial();
    outcome.target.timestamp_hz = 0;
    assert_golden("tutorial-0-hz.txt", &written(&outcome, 100));
}

#[test]
fn long_lists_say_what_is_left_out() {
    let options = TextOptions {
        top: 2,
        ..TextOptions::default()
    };
    let text = written_with(&everything(), Some(&Program), &options);
    assert!(text.contains("2 more leaks: see --all"), "{text}");
    assert!(text.contains("more call sites: see --all"), "{text}");
}

#[test]
fn a_heap_of_known_size_says_when_it_is_used_up() {
    let mut outcome = outcomes::tutorial();
    outcome.heaps = everything().heaps[..1].to_vec();
    let text = written(&outcome, 100);
    assert!(
        text.contains("the heap of 102,400 B is used up in 1 min 33 s"),
        "{text}"
    );
}

#[test]
fn without_a_heap_of_known_size_the_rate_is_said() {
    let text = written(&outcomes::tutorial(), 100);
    assert!(
        text.contains("\nAt this rate leaks take 3.77 MiB an hour, 90.4 MiB a day.\n"),
        "{text}"
    );
}

#[test]
fn what_is_wrong_besides_leaks_is_said_at_once() {
    let text = written(&everything(), 100);
    let before_the_leaks = text.split("LEAK").next().unwrap_or_default();
    let expected = "Also wrong: 4 failed allocations, 1 double free, 1 wrong free and 1 doubtful free (see below)";
    assert!(before_the_leaks.contains(expected), "{text}");
    assert!(!written(&outcomes::tutorial(), 100).contains("Also wrong"));
}

#[test]
fn frees_that_are_wrong_in_the_same_way_are_one_entry() {
    let mut outcome = everything();
    let mut again = outcome.anomalies[0].clone();
    again.time += 1_000_000;
    again.address += 64;
    outcome.anomalies.push(again);
    let mut elsewhere = outcome.anomalies[0].clone();
    elsewhere.stack.frames.pop();
    outcome.anomalies.push(elsewhere);
    let text = written(&outcome, 200);
    let entries: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("  double free of"))
        .collect();
    assert_eq!(entries.len(), 2, "{text}");
    assert!(
        entries[0].ends_with(", and 1 more like it until 0.125 s"),
        "{text}"
    );
    assert!(!entries[1].contains("like it"), "{text}");
}

/// After a reset, the task of the same name is the same one to a person, but not to the target.
#[test]
fn a_task_is_listed_once_however_often_the_target_was_reset() {
    let mut outcome = outcomes::tutorial();
    let names = ["main", "worker", "worker", "main", "worker"];
    let contexts = outcomes::task_contexts(names.len() as u32);
    outcome.tasks = names.map(|name| outcomes::task(name, 0x3ffb_0000)).to_vec();
    for task in &mut outcome.tasks[3..] {
        task.resets = 1;
    }
    let usage = outcome.contexts[0];
    outcome.contexts = contexts
        .into_iter()
        .zip([1, 20, 300, 4_000, 50_000])
        .map(|(context, allocations)| ContextUsage {
            context,
            allocations,
            ..usage
        })
        .collect();
    let text = written(&outcome, 100);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| *line != "Tasks")
        .skip(2)
        .map(|line| line.split_whitespace().take(2).collect())
        .take_while(|row: &Vec<&str>| !row.is_empty())
        .collect();
    let expected = [["main", "4,001"], ["worker", "50,020"], ["worker", "300"]];
    assert_eq!(rows, expected, "{text}");
}
