//! What the name of a file says of a recording: `{device}/{firmware}/{time}.svdat`.

use std::path::{MAIN_SEPARATOR_STR, Path};
use std::str::FromStr;

use regex::Regex;
use serde_json::{Map, Value};

/// A pattern for the ends of paths. A field takes what stands up to the text behind it, in one folder.
#[derive(Clone, Debug)]
pub struct Pattern {
    path: Regex,
    /// What each of its groups is.
    fields: Vec<String>,
}

/// The fields, beside `label:NAME` and the empty one, which takes anything.
const FIELDS: [&str; 6] = ["device", "product", "hardware", "firmware", "time", ""];

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut path = "(?:^|/)".to_owned();
        let mut fields = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (field, after) = behind
                .split_once('}')
                .ok_or_else(|| format!("`{text}` has a {{ without a }}"))?;
            if !FIELDS.contains(&field) && !field.starts_with("label:") {
                return Err(format!(
                    "{{{field}}} is none of {{device}}, {{product}}, {{hardware}}, {{firmware}}, {{time}}, {{label:NAME}} and {{}}"
                ));
            }
            if before.is_empty() && !fields.is_empty() {
                return Err(format!("nothing stands between two fields in `{text}`"));
            }
            path += &(regex::escape(before) + "([^/]*?)");
            fields.push(field.to_owned());
            rest = after;
        }
        path += &(regex::escape(rest) + "$");
        let path = Regex::new(&path).map_err(|error| error.to_string())?;
        Ok(Self { path, fields })
    }
}

impl Pattern {
    /// What the path says, as the file beside it would; nothing if it does not fit.
    pub fn read(&self, path: &Path) -> Map<String, Value> {
        let path = path.to_string_lossy().replace(MAIN_SEPARATOR_STR, "/");
        let captures = self.path.captures(&path);
        let values = captures
            .iter()
            .flat_map(|captures| captures.iter().skip(1).flatten());
        let mut said = Map::new();
        let mut labels = Map::new();
        for (field, value) in self.fields.iter().zip(values) {
            let value = value.as_str().into();
            match (field.as_str(), field.strip_prefix("label:")) {
                (_, Some(label)) => labels.insert(label.to_owned(), value),
                ("", _) => None,
                ("time", _) => said.insert("recorded_at".to_owned(), value),
                (field, _) => said.insert(field.to_owned(), value),
            };
        }
        said.insert("labels".to_owned(), labels.into());
        said
    }
}
