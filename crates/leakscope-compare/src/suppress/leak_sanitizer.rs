//! LeakSanitizer's suppression files: a line `leak:PATTERN` each, which any frame may match.

use super::{Frames, Pattern, Place, Rule, RuleError, Rules};

pub(super) fn read(name: &str, text: &str) -> Result<Rules, RuleError> {
    let mut rules = Vec::new();
    let mut comment: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(text) = line.strip_prefix('#') {
            comment = Some(text.trim());
            continue;
        }
        let Some((kind, pattern)) = line.split_once(':') else {
            if !line.is_empty() {
                return Err(error(
                    name,
                    index,
                    "this is neither `leak:PATTERN` nor a comment",
                ));
            }
            comment = None;
            continue;
        };
        // Files for several sanitizers hold rules of other kinds, too.
        if kind != "leak" {
            continue;
        }
        let pattern = Pattern::part(pattern.trim())
            .filter(|_| !pattern.trim().chars().all(|c| "*^$".contains(c)))
            .ok_or_else(|| error(name, index, "this rule would excuse everything"))?;
        let reason = comment.filter(|text| !text.is_empty());
        rules.push(Rule {
            id: line.to_owned(),
            reason: reason.unwrap_or("suppressed for LeakSanitizer").to_owned(),
            place: place(name, index),
            frames: Frames::Any(pattern),
            ..Rule::default()
        });
    }
    Ok(Rules {
        rules,
        ..Rules::default()
    })
}

fn place(name: &str, index: usize) -> Place {
    Place {
        file: name.to_owned(),
        line: index + 1,
    }
}

fn error(name: &str, index: usize, message: &str) -> RuleError {
    RuleError {
        place: place(name, index),
        message: message.to_owned(),
    }
}
