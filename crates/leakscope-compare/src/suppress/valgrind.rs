//! Valgrind's suppression files: blocks in braces, with a name, a kind and frames, the innermost first.

use super::{Frame, Frames, Place, Rule, RuleError, Rules};

pub(super) fn read(name: &str, text: &str) -> Result<Rules, RuleError> {
    let mut rules = Vec::new();
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()));
    let error = |line: usize, message: &str| RuleError {
        place: Place {
            file: name.to_owned(),
            line,
        },
        message: message.to_owned(),
    };
    while let Some((start, line)) = lines.next() {
        match line {
            "{" => {}
            line if line.is_empty() || line.starts_with('#') => continue,
            _ => return Err(error(start, "a rule begins with a line `{`")),
        }
        let mut block = Vec::new();
        loop {
            match lines.next() {
                Some((_, "}")) => break,
                Some((_, line)) if line.is_empty() || line.starts_with('#') => {}
                Some(line) => block.push(line),
                None => return Err(error(start, "this rule has no end, which is a line `}`")),
            }
        }
        let [(_, id), (_, kind), rest @ ..] = &block[..] else {
            return Err(error(
                start,
                "a rule has a name, a kind such as `Memcheck:Leak`, and frames",
            ));
        };
        // Rules for other tools and for other errors are about no leak.
        if !kind.split_once(':').is_some_and(|(tools, kind)| {
            kind == "Leak" && tools.split(',').any(|tool| tool == "Memcheck")
        }) {
            continue;
        }
        let mut frames = Vec::new();
        let mut is_about_leaks = true;
        for &(number, line) in rest {
            if let Some(kinds) = line.strip_prefix("match-leak-kinds:") {
                let mut kinds = kinds.split(',').map(str::trim);
                is_about_leaks = kinds.any(|kind| matches!(kind, "definite" | "possible" | "all"));
                continue;
            }
            frames.push(frame(line).ok_or_else(|| {
                error(
                    number,
                    "a frame is `fun:NAME`, `obj:NAME`, `src:FILE:LINE` or `...`",
                )
            })?);
        }
        let is_object = |frame: &Frame| matches!(frame, Frame::Object);
        let unmatchable = if !is_about_leaks {
            Some("it is about other kinds of blocks than lost ones")
        } else if Frames::Like(frames.clone()).are_all() {
            Some("its frames are those of every call stack")
        } else if frames.iter().any(is_object) {
            Some("firmware has no shared objects")
        } else if frames.iter().any(Frame::is_mangled) {
            Some("a mangled name with wildcards cannot be compared")
        } else {
            None
        };
        rules.push(Rule {
            id: (*id).to_owned(),
            reason: "suppressed for Valgrind".to_owned(),
            place: Place {
                file: name.to_owned(),
                line: start,
            },
            frames: Frames::Like(frames),
            unmatchable,
            ..Rule::default()
        });
    }
    Ok(Rules {
        rules,
        ..Rules::default()
    })
}

fn frame(line: &str) -> Option<Frame> {
    if line == "..." {
        return Some(Frame::Between);
    }
    let (kind, name) = line.split_once(':')?;
    match kind {
        "fun" => Frame::function(name),
        "obj" => Some(Frame::Object),
        "src" => {
            let (file, line) = match name.rsplit_once(':') {
                Some((file, line)) => (file, line.parse().ok()),
                None => (name, None),
            };
            Some(Frame::Line {
                file: file.to_owned(),
                line,
            })
        }
        _ => None,
    }
}
