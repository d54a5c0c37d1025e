//! `leakscope fleet` runs another program.

use crate::run::leakscope;

#[test]
fn says_how_the_program_is_installed() {
    let ran = leakscope(["fleet", "ask", "top", "--in", "fleet"])
        .with("PATH", "")
        .end();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("leakscope-fleet"), "{}", ran.stderr);
    assert!(ran.stderr.contains("cargo install"), "{}", ran.stderr);
}

/// A program in the PATH gets all of the words, and its exit code is the command's.
#[cfg(unix)]
#[test]
fn runs_the_program_with_all_words() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("leakscope-fleet");
    fs::write(&program, "#!/bin/sh\necho \"$@\"\nexit 7\n").expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = folder.path().display().to_string();
    let ran = leakscope(["fleet", "ask", "--help"])
        .with("PATH", &path)
        .end();
    assert_eq!((ran.code, &*ran.stdout), (7, "ask --help\n"));
}
