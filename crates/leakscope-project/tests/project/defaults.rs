//! Which lines the defaults of a project lack, and which contradict them.

use leakscope_project::{Additions, DefaultsFile, Way, additions};

use crate::{DEPTH, TO_HOST, way};

#[track_caller]
fn added(defaults: &[&str]) -> Additions {
    let files = (1..).zip(defaults).map(|(number, text)| DefaultsFile {
        name: format!("file {number}"),
        text: (*text).to_owned(),
    });
    let jtag = way("esp32", "v5.3", "CONFIG_APPTRACE_DEST_JTAG=y\n", Way::Jtag);
    additions(&jtag, &files.collect::<Vec<_>>())
}

/// What `sdkconfig` alone has belongs into the defaults too, for it is lost with it.
#[test]
fn lines_to_add() {
    let all = [
        "CONFIG_APPTRACE_DEST_JTAG=y",
        "CONFIG_APPTRACE_SV_ENABLE=y",
        "CONFIG_APPTRACE_SV_DEST_JTAG=y",
        TO_HOST,
        DEPTH,
    ];
    assert_eq!(added(&[]).lines, all);
    let some = added(&["# a comment\n  CONFIG_APPTRACE_SV_ENABLE=y  \r\nCONFIG_X=\n"]);
    assert_eq!(some.present, ["CONFIG_APPTRACE_SV_ENABLE=y"]);
    assert_eq!(some.lines, [all[0], all[2], all[3], all[4]]);
    let nothing = added(&[&all[..2].join("\n"), &all[2..].join("\n")]);
    assert_eq!(nothing.present, all);
    assert_eq!(nothing.lines, [""; 0]);
    // Deeper is as good.
    let deep = added(&["CONFIG_HEAP_TRACING_STACK_DEPTH=32"]);
    assert_eq!(deep.lines, all[..4]);
}

#[test]
fn lines_that_contradict() {
    let defaults = "\nCONFIG_HEAP_TRACING_STANDALONE=y\n# CONFIG_APPTRACE_SV_ENABLE is not set\n";
    let found = added(&[defaults]);
    let conflicts: Vec<_> = (found.conflicts.iter())
        .map(|conflict| {
            (
                conflict.file.as_str(),
                conflict.line,
                conflict.text.as_str(),
                conflict.wanted.as_str(),
            )
        })
        .collect();
    assert_eq!(
        conflicts,
        [
            (
                "file 1",
                3,
                "# CONFIG_APPTRACE_SV_ENABLE is not set",
                "CONFIG_APPTRACE_SV_ENABLE=y"
            ),
            ("file 1", 2, "CONFIG_HEAP_TRACING_STANDALONE=y", TO_HOST),
        ]
    );
    assert!(!found.lines.iter().any(|line| line == TO_HOST));
    // The last file has the last word.
    let mended = added(&[
        defaults,
        "CONFIG_HEAP_TRACING_TOHOST=y\nCONFIG_APPTRACE_SV_ENABLE=y",
    ]);
    assert_eq!(mended.conflicts, []);
    assert_eq!(mended.present, ["CONFIG_APPTRACE_SV_ENABLE=y", TO_HOST]);
    // A rival that is off is none.
    let off = added(&["CONFIG_HEAP_TRACING_STANDALONE=n\n"]);
    assert_eq!(off.conflicts, []);
}
