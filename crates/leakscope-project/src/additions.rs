//! The lines that a project's defaults lack.

use serde::Serialize;

use crate::examination::{CheckedOption, Examination, State};
use crate::sdkconfig::assignments;

/// A file of defaults. Of an option that several set, the last file counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultsFile {
    /// As it is shown.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// What to do with the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Additions {
    /// Lines to add.
    pub lines: Vec<String>,
    /// Lines that stand there, so that adding them changes nothing.
    pub present: Vec<String>,
    /// Lines that cannot be added, as another says the contrary.
    pub conflicts: Vec<Conflict>,
}

/// A line that somebody has to change by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The file's name.
    pub file: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
    /// What should.
    pub wanted: String,
}

/// What the defaults lack of what a way needs. If the build has all of it, only what contradicts it: `sdkconfig` may be made
/// anew of them.
///
/// If one line is missing, all that the way needs belong into the defaults: those that only `sdkconfig` has are lost when
/// it is made anew.
pub fn additions(way: &Examination, files: &[DefaultsFile]) -> Additions {
    let mut found = Additions::default();
    let has_all = way.options.iter().all(|option| option.state == State::On);
    for option in &way.options {
        match last_word(option, files) {
            Some(Word::Contradicts(conflict)) => found.conflicts.push(conflict),
            _ if has_all => {}
            Some(Word::Agrees) => found.present.push(option.line()),
            // What nobody has switched on is off.
            None if option.value == "n" && option.state == State::On => {}
            None => found.lines.push(option.line()),
        }
    }
    found
}

/// What defaults say of an option.
enum Word {
    Agrees,
    Contradicts(Conflict),
}

/// The last line that sets an option, or another one of its choice.
fn last_word(option: &CheckedOption, files: &[DefaultsFile]) -> Option<Word> {
    let mut word = None;
    for file in files {
        let lines: Vec<&str> = file.text.lines().collect();
        for set in assignments(&file.text) {
            let is_same = set.name == option.name;
            let is_rival = set.value == "y" && option.rivals.contains(&set.name);
            if is_same && option.is_met_by(set.value) {
                word = Some(Word::Agrees);
            } else if is_same || is_rival {
                word = Some(Word::Contradicts(Conflict {
                    file: file.name.clone(),
                    line: set.line,
                    text: lines[set.line - 1].trim().to_owned(),
                    wanted: option.line(),
                }));
            }
        }
    }
    word
}
