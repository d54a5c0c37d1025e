//! Hashes of scripts and styles, as a Content-Security-Policy names them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// `'sha256-…'` of the text between the tags.
pub(super) fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// A script as an address of its own.
pub(super) fn data_url(script: &str) -> String {
    format!("data:text/javascript;base64,{}", STANDARD.encode(script))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification (CSP Level 3, section 2.3.1, `alert('Hello, world.');`).
    #[test]
    fn hashes_are_those_of_the_specification() {
        assert_eq!(
            hash("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }
}
