//! Names with wildcards, in the three ways in which suppression files write them.

use regex::Regex;

/// Matches a function's name, a file or a task.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// `*` stands for anything, `?` for one character, `[…]` for one of several; the whole name must match.
    pub(crate) fn glob(text: &str) -> Option<Self> {
        let mut regex = String::from("(?s)^");
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            match character {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '[' if rest.as_str().contains(']') => {
                    let class: String = rest.by_ref().take_while(|&end| end != ']').collect();
                    let (negated, class) = match class.strip_prefix('!') {
                        Some(class) => ("^", class),
                        None => ("", class.as_str()),
                    };
                    // A `-` is left as it is: it makes a range.
                    let class = class
                        .replace('\\', "\\\\")
                        .replace(['[', '^', '&', '~'], "");
                    regex.extend(["[", negated, &class, "]"]);
                }
                other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        regex.push('$');
        Regex::new(&regex).ok().map(Self)
    }

    /// LeakSanitizer's: a part of the name; `*` stands for anything, `^` and `$` for its begin and end.
    pub(crate) fn part(text: &str) -> Option<Self> {
        let (start, text) = match text.strip_prefix('^') {
            Some(text) => ("^", text),
            None => ("", text),
        };
        let (end, text) = match text.strip_suffix('$') {
            Some(text) => ("$", text),
            None => ("", text),
        };
        let parts: Vec<String> = text.split('*').map(regex::escape).collect();
        Regex::new(&format!("(?s){start}{}{end}", parts.join(".*")))
            .ok()
            .map(Self)
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn globs_match_whole_names() {
        let matches = |glob, name| Pattern::glob(glob).is_some_and(|glob| glob.matches(name));
        assert!(matches("esp_wifi_*", "esp_wifi_scan"));
        assert!(!matches("esp_wifi", "esp_wifi_scan"));
        assert!(matches("scan?", "scan1") && matches("scan[0-9]", "scan1"));
        assert!(!matches("scan[!0-9]", "scan1"));
        assert!(matches("Queue::push(int)", "Queue::push(int)"));
        assert!(matches("a[b", "a[b"));
    }

    #[test]
    fn parts_match_anywhere() {
        let matches = |part, name| Pattern::part(part).is_some_and(|part| part.matches(name));
        assert!(matches("wifi", "esp_wifi_scan"));
        assert!(matches("^esp*scan$", "esp_wifi_scan"));
        assert!(!matches("^wifi", "esp_wifi_scan"));
    }
}
