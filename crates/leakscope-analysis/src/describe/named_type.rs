//! Named types: words for the values of a parameter.

use std::collections::BTreeMap;

use super::number;
use super::problem::DescriptionProblemKind as Kind;
use super::template::Template;

/// The types that a description file declares with `NamedType`.
#[derive(Clone, Debug, Default)]
pub struct NamedTypes(BTreeMap<Box<str>, NamedType>);

/// One of them.
#[derive(Clone, Debug, Default)]
pub(super) struct NamedType {
    texts: BTreeMap<u32, Box<str>>,
    /// How values without a text are shown: what stands behind `*=`.
    pub(super) default: Option<Template>,
}

impl NamedTypes {
    /// No types.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The text for `value` of the type `name`, if both are declared.
    ///
    /// ```
    /// use leakscope_analysis::describe::DescriptionFile;
    /// let (file, _) = DescriptionFile::parse("NamedType Error *=%d 0=ok -1=\"not permitted\"");
    /// assert_eq!(file.named_types().text("Error", u32::MAX), Some("not permitted"));
    /// assert_eq!(file.named_types().text("Error", 7), None);
    /// ```
    pub fn text(&self, name: &str, value: u32) -> Option<&str> {
        self.0.get(name)?.text(value)
    }

    /// The declared type with the longest name that `word` begins with, and the length of that name.
    pub(super) fn longest(&self, word: &str) -> Option<(&NamedType, usize)> {
        let matching = self.0.iter().filter(|(name, _)| word.starts_with(&***name));
        matching
            .map(|(name, named_type)| (named_type, name.len()))
            .max_by_key(|(_, length)| *length)
    }

    /// Adds what stands behind the keyword; lines for the same type add up.
    pub(super) fn add(&mut self, declaration: &str, problem: &mut impl FnMut(Kind, &str)) {
        let (name, entries) = declaration
            .split_once(char::is_whitespace)
            .unwrap_or((declaration, ""));
        let named_type = self.0.entry(name.into()).or_default();
        for (key, text) in Entries(entries) {
            let known = match (key, number::parse(key)) {
                ("*", _) => named_type
                    .default
                    .replace(Template::parse(text))
                    .is_some_and(|before| before != Template::parse(text)),
                (_, Some(value)) => named_type
                    .texts
                    .insert(value, text.into())
                    .is_some_and(|before| *before != *text),
                (_, None) => {
                    problem(Kind::UnknownValue, key);
                    continue;
                }
            };
            if known {
                problem(Kind::DuplicateValue, key);
            }
        }
    }
}

impl NamedType {
    pub(super) fn text(&self, value: u32) -> Option<&str> {
        self.texts.get(&value).map(|text| &**text)
    }
}

/// Pairs of `key=text`, apart by white space or commas; texts may be quoted, and white space may stand
/// around `=`. A word without `=` comes as a key with no text.
struct Entries<'a>(&'a str);

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let is_gap = |c: char| c.is_whitespace() || c == ',';
        self.0 = self.0.trim_start_matches(is_gap);
        if self.0.is_empty() {
            return None;
        }
        let key_end = self.0.find(|c| is_gap(c) || c == '=');
        let (key, rest) = self.0.split_at(key_end.unwrap_or(self.0.len()));
        let Some(value) = rest.trim_start().strip_prefix('=') else {
            self.0 = rest;
            return Some((key, ""));
        };
        let value = value.trim_start();
        let quoted = value
            .strip_prefix('"')
            .and_then(|inside| inside.split_once('"'));
        let (text, rest) =
            quoted.unwrap_or_else(|| value.split_at(value.find(is_gap).unwrap_or(value.len())));
        self.0 = rest;
        Some((key, text))
    }
}
