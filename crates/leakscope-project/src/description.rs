//! `build/project_description.json`, which ESP-IDF's build writes (`tools/cmake/project_description.json.in`).
//!
//! | field | since |
//! |---|---|
//! | `project_name`, `project_path`, `config_file`, `config_defaults`, `app_elf`, `target`, `git_revision`, `build_components` | 4.4 or before |
//! | `debug_arguments_openocd` | late patches of 5.2 to 5.4 (in 5.2.7, 5.3.5, 5.4.4; not in 5.2 to 5.4), 5.5 |

use serde::Deserialize;

/// What a build says of itself, as far as recording it depends on that. What is missing in the file is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Description {
    /// The project's name.
    pub project_name: String,
    /// Where the project was when it was built; in a container, that is not where it is now.
    pub project_path: String,
    /// Its `sdkconfig`, likewise.
    pub config_file: String,
    /// Files of defaults in the order in which they are read, separated by `;`.
    pub config_defaults: String,
    /// The program, relative to the build folder.
    pub app_elf: String,
    /// The chip: `esp32c3`.
    pub target: String,
    /// The version of ESP-IDF: `v5.3.2`, or what Git says of a commit between two.
    #[serde(rename = "git_revision")]
    pub revision: String,
    /// OpenOCD's arguments for this chip.
    #[serde(rename = "debug_arguments_openocd")]
    pub openocd_arguments: String,
    /// Names of the components that it is built of.
    #[serde(rename = "build_components")]
    pub components: Vec<String>,
}

/// Why a file is no description.
#[derive(Debug, thiserror::Error)]
#[error("it is no description of a project as ESP-IDF's build writes it: {0}")]
pub struct DescriptionError(String);

impl Description {
    /// Reads the file's content. Bytes that are no UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// If it is no JSON object, or a field is no text.
    pub fn parse(json: &[u8]) -> Result<Self, DescriptionError> {
        let text = String::from_utf8_lossy(json);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        // serde would take the elements of a list for the fields.
        if !text.starts_with('{') {
            return Err(DescriptionError("it does not begin with `{`".to_owned()));
        }
        serde_json::from_str(text).map_err(|error| DescriptionError(error.to_string()))
    }

    /// The files of defaults, one by one.
    pub fn defaults(&self) -> impl Iterator<Item = &str> {
        let files = self.config_defaults.split(';').map(str::trim);
        files.filter(|file| !file.is_empty())
    }
}
