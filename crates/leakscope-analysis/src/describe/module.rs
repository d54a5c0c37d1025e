//! What a module says of itself in `MODULEDESC` packets.

use std::collections::BTreeMap;

use super::event::EventDescription;
use super::number;

/// A module's description: `M=name, T=token, S='text', 0 Event a=%u, 1 …` (UM08027, section 6.2.3).
///
/// The string is comma-separated; commas in quotes, and commas inside the parameters of an event, do not
/// separate. A module may send several strings, which add up. Modules are known by their event offset or
/// their name: a module's number in the trace changes whenever another one registers.
///
/// ```
/// use leakscope_analysis::describe::ModuleDescription;
/// let module = ModuleDescription::parse("M=embOSIP, T=IP, 0 SendPacket IFace=%u, 1 ReceivePacket");
/// assert_eq!(module.name.as_deref(), Some("embOSIP"));
/// assert_eq!(&*module.events[&1].name, "ReceivePacket");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleDescription {
    /// `M=`; of a string that has no keys, its first part (ESP-IDF before November 2024).
    pub name: Option<Box<str>>,
    /// `T=`, a short name.
    pub token: Option<Box<str>>,
    /// `S=`, a free text, without its quotes.
    pub text: Option<Box<str>>,
    /// Its events, by their number within the module: event id minus event offset.
    pub events: BTreeMap<u32, EventDescription>,
}

impl ModuleDescription {
    /// Reads a module's first string. Parts that are not understood are left out.
    pub fn parse(text: &str) -> Self {
        let mut module = Self::default();
        module.add(text);
        module
    }

    /// Adds another string of the same module. What it says again replaces what was said.
    pub fn add(&mut self, text: &str) {
        let mut events: Vec<(u32, String)> = Vec::new();
        for (index, part) in Parts(Some(text)).enumerate() {
            if let Some((key, value)) = key(part) {
                let field = match key {
                    'M' => &mut self.name,
                    'T' => &mut self.token,
                    _ => &mut self.text,
                };
                *field = Some(value.into());
            } else if let Some((id, description)) = numbered(part) {
                events.push((id, description.to_owned()));
            } else if let Some((_, description)) = events.last_mut() {
                // "0 Event a=%u, b=%u": the comma separated parameters
                *description += ", ";
                *description += part;
            } else if index == 0 && self.name.is_none() && !part.is_empty() {
                self.name = Some(part.into());
            }
        }
        let events = events
            .iter()
            .filter_map(|(id, description)| Some((*id, EventDescription::parse(description)?)));
        self.events.extend(events);
    }
}

/// `M=…`, `T=…` or `S=…`, with quotes removed.
fn key(part: &str) -> Option<(char, &str)> {
    let (key, value) = part.split_once('=')?;
    let key = match key.trim_end() {
        "M" => 'M',
        "T" => 'T',
        "S" => 'S',
        _ => return None,
    };
    let value = value.trim();
    let unquoted = ['\'', '"']
        .iter()
        .find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    Some((key, unquoted.unwrap_or(value)))
}

/// `<n> <Event> <parameters>`
fn numbered(part: &str) -> Option<(u32, &str)> {
    let (id, description) = part.split_once(char::is_whitespace)?;
    let description = description.trim_start();
    (!description.is_empty()).then_some((number::parse(id)?, description))
}

/// The parts of a description, trimmed.
struct Parts<'a>(Option<&'a str>);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0?.trim_start();
        let quoted = quoted_value_end(text).unwrap_or(0);
        let (part, rest) = match text[quoted..].find(',') {
            Some(comma) => (&text[..quoted + comma], Some(&text[quoted + comma + 1..])),
            None => (text, None),
        };
        self.0 = rest;
        Some(part.trim())
    }
}

/// Where the quoted value of a part `S='…'` ends: behind the closing quote before the next comma or the
/// end, so that an apostrophe inside does no harm.
fn quoted_value_end(text: &str) -> Option<usize> {
    let value = text.strip_prefix(['M', 'T', 'S'])?.trim_start();
    let value = value.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let start = text.len() - value.len() + 1;
    text[start..]
        .match_indices(quote)
        .map(|(at, _)| start + at + 1)
        .find(|&end| matches!(text[end..].trim_start().chars().next(), Some(',') | None))
}
