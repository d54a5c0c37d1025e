//! What the name of a file says of a recording: `{device}/{firmware}/{time}.svdat`.

use std::path::Path;
use std::str::FromStr;

use super::metadata::Metadata;

/// A pattern for the ends of paths: as many folders as it has. A field takes what stands up to the text behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The last one first.
    components: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
}

/// The fields, beside `label:NAME` and the empty one, which takes anything.
const FIELDS: [&str; 6] = ["device", "product", "hardware", "firmware", "time", ""];

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let components = text.rsplit('/').map(pieces);
        Ok(Self {
            components: components.collect::<Result<_, String>>()?,
        })
    }
}

fn pieces(component: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = component;
    while let Some((before, behind)) = rest.split_once('{') {
        let (field, after) = behind
            .split_once('}')
            .ok_or_else(|| format!("`{component}` has a {{ without a }}"))?;
        if !FIELDS.contains(&field) && !field.starts_with("label:") {
            return Err(format!(
                "{{{field}}} is none of {{device}}, {{product}}, {{hardware}}, {{firmware}}, {{time}}, {{label:NAME}} and {{}}"
            ));
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        } else if matches!(pieces.last(), Some(Piece::Field(_))) {
            return Err(format!(
                "nothing stands between two fields in `{component}`"
            ));
        }
        pieces.push(Piece::Field(field.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

impl Pattern {
    /// What the path says; `None` if it does not fit.
    pub fn read(&self, path: &Path) -> Option<Metadata> {
        let mut said = Metadata::default();
        let mut names = path.iter().rev();
        for component in &self.components {
            let name = names.next()?.to_str()?;
            fits(component, name, &mut said)?;
        }
        Some(said)
    }
}

fn fits(pieces: &[Piece], name: &str, said: &mut Metadata) -> Option<()> {
    let mut rest = name;
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) => rest = rest.strip_prefix(text.as_str())?,
            Piece::Field(field) => {
                let is_last = pieces.len() == 1;
                let end = match pieces.peek() {
                    // The last text is at the end, wherever else it stands.
                    Some(Piece::Text(text)) if is_last && rest.ends_with(text.as_str()) => {
                        rest.len() - text.len()
                    }
                    Some(Piece::Text(text)) => rest.find(text.as_str())?,
                    _ => rest.len(),
                };
                let (value, behind) = rest.split_at(end);
                said.set(field, value);
                rest = behind;
            }
        }
    }
    rest.is_empty().then_some(())
}
