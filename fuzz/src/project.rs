//! Entry points of `leakscope-project`.

use leakscope_project::{Build, DefaultsFile, Description, Sdkconfig, additions, examine};

/// Takes what stands before a zero for a build's description, and the rest for its options and its defaults: it is judged
/// or refused, and with the lines that its defaults lack, they lack none.
pub fn project(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |&byte| byte == 0);
    let description = Description::parse(parts.next().unwrap_or_default()).unwrap_or_default();
    let options = parts.next().unwrap_or_default();
    let config = Sdkconfig::parse(options);
    let build = Build::of(&description, &config);
    leakscope_project::openocd::arguments(&description, &build.chip);
    for way in examine(&build).unwrap_or_default() {
        let mut file = DefaultsFile {
            name: String::new(),
            text: String::from_utf8_lossy(options).into_owned(),
        };
        let first = additions(&way, std::slice::from_ref(&file));
        file.text.push('\n');
        file.text.push_str(&first.lines.join("\n"));
        let second = additions(&way, std::slice::from_ref(&file));
        assert!(second.lines.is_empty());
        assert_eq!(second.conflicts, first.conflicts);
    }
}
