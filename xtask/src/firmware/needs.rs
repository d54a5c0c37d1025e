//! What a build needs that is not part of the project.

use std::path::Path;

use super::Build;

impl Build {
    /// Programs and files that the build, or its run, needs and that are not there.
    pub fn missing(&self) -> Vec<&str> {
        let needs = self.needs.iter().map(String::as_str);
        needs.filter(|need| !is_there(need)).collect()
    }
}

fn is_there(need: &str) -> bool {
    if need.contains('/') {
        return Path::new(need).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(need).is_file())
}
