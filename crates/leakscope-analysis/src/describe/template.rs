//! Display text with specifiers: `queue=%p, timeout=%u us`.
//!
//! The text between two specifiers belongs partly to the first (`us`) and partly to the second (`mask =
//! 0x`). Nothing but custom says where the border is: a comma, else the last word before `=`, else the
//! first white space.

use super::named_type::NamedTypes;
use super::parameter::{Names, Parameter, Value, show};
use super::payload::Payload;
use super::specifier::{FieldFormat, Specifier};

/// A display text, cut at its specifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    /// All of the text, if it has no specifier.
    text: Box<str>,
    placeholders: Vec<Placeholder>,
}

/// One specifier with the text that belongs to it: `label joint prefix value tail`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Placeholder {
    label: Box<str>,
    joint: &'static str,
    /// `0x` in `flags=0x%08X`.
    prefix: Box<str>,
    layout: FieldFormat,
    /// The letters and digits behind `%`: a specifier or type, and text that follows without a gap.
    word: Box<str>,
    tail: Box<str>,
}

impl Template {
    /// Cuts a text. `%%` is a percent sign, and so is a `%` before anything but a letter.
    pub(super) fn parse(text: &str) -> Self {
        let mut placeholders: Vec<Placeholder> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('%') {
            literal.push_str(before);
            let (layout, start) = FieldFormat::parse(behind);
            let end = start
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(start.len());
            if !start.starts_with(|c: char| c.is_ascii_alphabetic()) {
                literal.push('%');
                rest = behind.strip_prefix('%').unwrap_or(behind);
                continue;
            }
            let (tail, head) = match placeholders.last() {
                Some(_) => split_between(&literal),
                None => ("", literal.as_str()),
            };
            if let Some(previous) = placeholders.last_mut() {
                previous.tail = tail.into();
            }
            placeholders.push(Placeholder::new(head, layout, &start[..end]));
            literal.clear();
            rest = &start[end..];
        }
        literal.push_str(rest);
        let last = literal.trim_end_matches(is_gap);
        match placeholders.last_mut() {
            Some(previous) => previous.tail = last.into(),
            None => {
                return Self {
                    text: last.trim_start_matches(is_gap).into(),
                    placeholders,
                };
            }
        }
        Self {
            text: "".into(),
            placeholders,
        }
    }

    /// Takes a value for each specifier until the payload has none, and shows it.
    pub(super) fn fill<'a>(
        &'a self,
        payload: &mut Payload<'a>,
        names: &dyn Names,
        types: &NamedTypes,
    ) -> Vec<Parameter<'a>> {
        if self.placeholders.is_empty() {
            return match &*self.text {
                "" => Vec::new(),
                text => vec![Parameter::text_only(text)],
            };
        }
        self.placeholders
            .iter()
            .map_while(|placeholder| placeholder.fill(payload, names, types))
            .collect()
    }

    /// The words behind `%`.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.placeholders
            .iter()
            .map(|placeholder| &*placeholder.word)
    }
}

impl Placeholder {
    fn new(head: &str, layout: FieldFormat, word: &str) -> Self {
        let (label, joint, prefix) = split_label(head);
        Self {
            label: label.into(),
            joint,
            prefix: prefix.into(),
            layout,
            word: word.into(),
            tail: "".into(),
        }
    }

    fn fill<'a>(
        &'a self,
        payload: &mut Payload<'a>,
        names: &dyn Names,
        types: &NamedTypes,
    ) -> Option<Parameter<'a>> {
        let (specifier, suffix) = Specifier::resolve(&self.word, types);
        let value = match specifier {
            Specifier::String => Value::String(leakscope_systemview::Text(payload.buffer()?)),
            Specifier::Bytes => Value::Bytes(payload.buffer()?),
            _ => Value::U32(payload.number()?),
        };
        let says_0x = self.prefix.ends_with("0x") || self.prefix.ends_with("0X");
        let shown = show(value, specifier, self.layout, says_0x, names);
        Some(Parameter {
            label: &self.label,
            joint: self.joint,
            value: Some(value),
            text: format!("{}{shown}{suffix}{}", self.prefix, self.tail),
        })
    }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';')
}

/// Cuts the text between two specifiers into what belongs to the first and what to the second.
fn split_between(literal: &str) -> (&str, &str) {
    let attached = literal.find(is_gap).unwrap_or(literal.len());
    let apart = &literal[attached..];
    let border = if let Some(comma) = apart.find([',', ';']) {
        comma
    } else if let Some(equals) = apart.rfind('=') {
        let before = apart[..equals].trim_end();
        before.trim_end_matches(|c: char| !c.is_whitespace()).len()
    } else {
        0
    };
    let (tail, head) = literal.split_at(attached + border);
    (tail.trim_end(), head.trim_start_matches(is_gap))
}

/// Cuts the text before a specifier into label, joint and the prefix of the value.
fn split_label(head: &str) -> (&str, &'static str, &str) {
    let head = head.trim_start_matches(is_gap);
    if let Some((label, prefix)) = head.rsplit_once('=') {
        return (label.trim(), "=", prefix.trim_start());
    }
    let label = head.trim_end_matches(|c: char| !c.is_whitespace());
    let prefix = &head[label.len()..];
    match label.trim_end() {
        "" => ("", "", prefix),
        label => match label.strip_suffix(':') {
            Some(label) => (label, ": ", prefix),
            None => (label, " ", prefix),
        },
    }
}
