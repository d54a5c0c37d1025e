//! Where source files are on this machine, when the program was built on another.

use std::borrow::Cow;
use std::str::FromStr;

/// One replacement of the beginning of paths, written `FROM=TO`.
///
/// ```
/// # use leakscope_symbols::SourceRoot;
/// let root: SourceRoot = "/IDF=/home/me/esp-idf".parse().unwrap();
/// assert_eq!(root.from, "/IDF");
/// assert_eq!(root.to, "/home/me/esp-idf");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRoot {
    /// The directory as the debug information has it.
    pub from: String,
    /// The directory that stands for it here; empty to make the path relative.
    pub to: String,
}

/// A source root that is not of the form `FROM=TO`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form FROM=TO")]
pub struct SourceRootError(pub String);

impl SourceRootError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "write the directory as the ELF file has it, `=`, and the directory on this machine: \
         /IDF=/home/me/esp-idf"
    }
}

impl FromStr for SourceRoot {
    type Err = SourceRootError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() => Ok(Self {
                from: from.to_owned(),
                to: to.to_owned(),
            }),
            _ => Err(SourceRootError(text.to_owned())),
        }
    }
}

/// Replacements of the beginning of paths.
///
/// A path is replaced once, by the longest root that it lies in; of equal roots by the first. `/`
/// and `\` are the same in the part that is compared, and only whole directory names match.
///
/// ```
/// # use leakscope_symbols::SourceRoots;
/// let roots: SourceRoots = ["/IDF=/home/me/esp-idf", r"C:\work=/home/me"]
///     .iter()
///     .map(|root| root.parse().unwrap())
///     .collect();
/// assert_eq!(roots.rewrite("/IDF/components/heap/heap_caps.c"),
///            "/home/me/esp-idf/components/heap/heap_caps.c");
/// assert_eq!(roots.rewrite("/IDFX/main.c"), "/IDFX/main.c");
/// assert_eq!(roots.rewrite(r"C:\work\main\app.c"), "/home/me/main/app.c");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceRoots(Vec<SourceRoot>);

impl FromIterator<SourceRoot> for SourceRoots {
    fn from_iter<I: IntoIterator<Item = SourceRoot>>(roots: I) -> Self {
        Self(roots.into_iter().collect())
    }
}

impl SourceRoots {
    /// `path` as it is on this machine.
    pub fn rewrite<'path>(&self, path: &'path str) -> Cow<'path, str> {
        let found = self
            .0
            .iter()
            .filter_map(|root| Some((root, below(path, &root.from)?)))
            .min_by_key(|(_, rest)| rest.len());
        let Some((root, rest)) = found else {
            return Cow::Borrowed(path);
        };
        if root.to.is_empty() {
            return Cow::Borrowed(rest.trim_start_matches(is_separator));
        }
        let to = root.to.trim_end_matches(is_separator);
        // A Windows path that moves to a Unix directory becomes a Unix path.
        if root.to.contains('/') && !path.starts_with('/') {
            return Cow::Owned(format!("{to}{}", rest.replace('\\', "/")));
        }
        Cow::Owned(format!("{to}{rest}"))
    }
}

/// The part of `path` below `directory`, with its leading separator.
fn below<'path>(path: &'path str, directory: &str) -> Option<&'path str> {
    let directory = directory.trim_end_matches(is_separator);
    let (start, rest) = path.split_at_checked(directory.len())?;
    let same = start
        .bytes()
        .zip(directory.bytes())
        .all(|(a, b)| a == b || (is_separator(char::from(a)) && is_separator(char::from(b))));
    (same && (rest.is_empty() || rest.starts_with(is_separator))).then_some(rest)
}

fn is_separator(character: char) -> bool {
    matches!(character, '/' | '\\')
}

#[cfg(test)]
mod tests {
    use super::SourceRoots;

    fn roots(texts: &[&str]) -> SourceRoots {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_longest_root_wins_whatever_the_order() {
        for order in [["/a=/x", "/a/b=/y"], ["/a/b=/y", "/a=/x"]] {
            assert_eq!(roots(&order).rewrite("/a/b/c.c"), "/y/c.c");
            assert_eq!(roots(&order).rewrite("/a/c.c"), "/x/c.c");
        }
    }

    #[test]
    fn whole_directory_names_match() {
        let roots = roots(&["/build=/src", "/=/root", "/ends/=/other/"]);
        assert_eq!(roots.rewrite("/builder/a.c"), "/root/builder/a.c");
        assert_eq!(roots.rewrite("/ends/a.c"), "/other/a.c");
        assert_eq!(roots.rewrite("a.c"), "a.c");
    }

    #[test]
    fn an_empty_replacement_makes_the_path_relative() {
        assert_eq!(roots(&["/build="]).rewrite("/build/main/a.c"), "main/a.c");
    }

    #[test]
    fn slashes_of_both_kinds_are_one() {
        let roots = roots(&[r"C:\esp=D:\esp-idf"]);
        assert_eq!(roots.rewrite("C:/esp/main/a.c"), r"D:\esp-idf/main/a.c");
        assert_eq!(roots.rewrite(r"C:\esp\main\a.c"), r"D:\esp-idf\main\a.c");
    }

    #[test]
    fn a_root_without_an_equals_sign_is_an_error() {
        for text in ["", "/a", "=/b"] {
            let error = text.parse::<super::SourceRoot>().unwrap_err();
            assert_eq!(error.0, text);
        }
    }
}
