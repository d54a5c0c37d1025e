//! The guide: every link leads somewhere, every page is in the book, and what `docs/esp-idf.md` tells is so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use leakscope_project::{Build, Description, Sdkconfig, State, Way, examine};
use leakscope_testing::needs::say_skipped;
use leakscope_testing::project;

/// The pages: those in `docs`, and the README.
fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(project().join("docs")).expect("a folder");
    let names = entries.map(|entry| entry.expect("a file").file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    let mut paths: Vec<String> = names
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    paths.push("README.md".to_owned());
    paths.sort();
    let pages = paths.into_iter().map(|path| {
        let text = fs::read_to_string(project().join(&path)).expect("a page");
        (path, text)
    });
    pages.collect()
}

/// A page without its blocks of code.
fn prose(text: &str) -> String {
    let parts = text.split("\n```").step_by(2);
    parts.collect::<Vec<_>>().join("\n")
}

/// Targets of links: `](TARGET)`.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let ends = prose.split("](").skip(1);
    let targets = ends.filter_map(|end| Some(end.split_once(')')?.0.to_owned()));
    targets.collect()
}

/// What a heading is called in a link, by GitHub and mdBook.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// What is wrong with a link on a page; none if it leads somewhere.
fn wrong(page: &str, target: &str) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    let (file, place) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let path = if file.is_empty() {
        project().join(page)
    } else {
        project().join(folder).join(file)
    };
    let is_there = path.exists()
        && (place.is_empty()
            || fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(place)));
    (!is_there).then(|| format!("{page}: {target}"))
}

#[test]
fn links_lead_somewhere() {
    let mut all = 0;
    let mut broken = Vec::new();
    for (page, text) in pages() {
        let links = links(&text);
        all += links.len();
        broken.extend(links.iter().filter_map(|target| wrong(&page, target)));
        // Pages that are named without a link.
        let named = text.split('`').skip(1).step_by(2);
        let named = named.filter(|word| word.starts_with("docs/") && !word.contains(['*', ' ']));
        let missing = named.filter(|path| !project().join(path).exists());
        broken.extend(missing.map(|path| format!("{page}: `{path}`")));
    }
    assert_eq!(broken, [""; 0], "these lead nowhere");
    assert!(all > 20, "there are links: {all}");
    // The check itself.
    assert_eq!(
        links("a [b](c.md#d)\n\n```\n[e](f)\n```\n[g](h)"),
        ["c.md#d", "h"]
    );
    assert_eq!(anchor(" Two cores, `x` & y"), "two-cores-x--y");
    assert!(wrong("docs/start.md", "esp-idf.md#two-cores").is_none());
    assert!(wrong("docs/start.md", "esp-idf.md#three-cores").is_some());
    assert!(wrong("docs/start.md", "nowhere.md").is_some());
}

#[test]
fn every_page_is_in_the_book() {
    let summary = fs::read_to_string(project().join("docs/SUMMARY.md")).expect("a page");
    let chapters: BTreeSet<String> = links(&summary).into_iter().collect();
    for (page, _) in pages() {
        let Some(name) = page
            .strip_prefix("docs/")
            .filter(|name| *name != "SUMMARY.md")
        else {
            continue;
        };
        assert!(
            chapters.contains(name),
            "docs/SUMMARY.md does not name {name}"
        );
    }
}

/// The blocks of a page in this language, with the line before each.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<(&'t str, &'t str)> {
    let begin = format!("\n```{language}\n");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&begin) {
        let (block, behind) = after.split_once("\n```").expect("an end");
        found.push((before.lines().last().unwrap_or_default(), block));
        rest = behind;
    }
    found
}

fn esp_idf() -> String {
    fs::read_to_string(project().join("docs/esp-idf.md")).expect("a page")
}

/// Each list of options is what `doctor` asks of an empty `sdkconfig`, by the version of its heading.
#[test]
fn options_are_those_of_doctor() {
    let page = esp_idf();
    let mut lists = 0;
    for section in page.split("\n### ").skip(1) {
        let heading = section.lines().next().unwrap_or_default();
        let version = heading.split([' ', '\n']).next().unwrap_or_default();
        for (title, options) in blocks(section, "ini") {
            let way = match title.split(',').next() {
                Some("JTAG") => Way::Jtag,
                Some("UART") => Way::Uart,
                Some("USB-Serial-JTAG") => Way::UsbSerialJtag,
                Some("Component") => Way::Component,
                Some("Console") => Way::Console,
                other => panic!("no way is called {other:?}"),
            };
            let version = match version {
                // What holds for any is shown for one.
                "Any" => "5.0",
                // The first of it that the component builds with.
                "5.1" => "5.1.5",
                _ if title.contains("6.1 and later") => "6.1",
                version => version,
            };
            let description = Description {
                target: if title.contains("RISC-V") {
                    "esp32c3"
                } else {
                    "esp32"
                }
                .to_owned(),
                revision: format!("v{version}"),
                ..Description::default()
            };
            let config = Sdkconfig::default();
            let ways = examine(&Build::of(&description, &config)).expect("a version");
            let way = ways.iter().find(|examined| examined.way == way);
            let wanted = &way.expect("each way").options;
            let lines: Vec<String> = wanted
                .iter()
                .map(leakscope_project::CheckedOption::line)
                .collect();
            // What nobody has switched on is off.
            let is_missing = |option: &leakscope_project::CheckedOption| {
                option.state == State::Missing || option.value == "n"
            };
            assert!(wanted.iter().all(is_missing));
            assert_eq!(lines.join("\n"), options, "{heading}: {title}");
            lists += 1;
        }
    }
    assert_eq!(lists, 8);
}

/// The declarations of ESP-IDF that the page's C relies on, as the headers of 4.4 to 6.1 have them, in our words.
const HEADERS: [(&str, &str); 6] = [
    (
        "esp_heap_trace.h",
        "#include <stddef.h>\ntypedef int esp_err_t;\n#define ESP_OK 0\n\
         typedef enum { HEAP_TRACE_ALL, HEAP_TRACE_LEAKS } heap_trace_mode_t;\n\
         typedef struct { unsigned ccount; void *address; size_t size; void *alloced_by[10]; } heap_trace_record_t;\n\
         esp_err_t heap_trace_init_tohost(void);\nesp_err_t heap_trace_start(heap_trace_mode_t mode);\n\
         esp_err_t heap_trace_init_standalone(heap_trace_record_t *records, size_t count);\n\
         esp_err_t heap_trace_stop(void);\nvoid heap_trace_dump(void);\n",
    ),
    (
        "esp_trace.h",
        "typedef struct { const void *core_cfg; const char *encoder_name; const void *encoder_cfg;\n\
         const char *transport_name; const void *transport_cfg; } esp_trace_open_params_t;\n\
         esp_trace_open_params_t esp_trace_get_user_params(void);\n",
    ),
    (
        "leakscope_esp.h",
        "int leakscope_esp_start(void);\nvoid leakscope_esp_stop(void);\nvoid leakscope_esp_record_logs(void);\n",
    ),
    (
        "sdkconfig.h",
        "#define CONFIG_ESP_TRACE_TRANSPORT_NAME \"apptrace\"\n",
    ),
    (
        "esp_log.h",
        "#include <stdarg.h>\ntypedef int (*vprintf_like_t)(const char *, va_list);\n\
         vprintf_like_t esp_log_set_vprintf(vprintf_like_t function);\n",
    ),
    (
        "esp_sysview_trace.h",
        "#include <stdarg.h>\nint esp_sysview_vprintf(const char *format, va_list arguments);\n",
    ),
];

#[test]
fn its_c_compiles() {
    if !cfg!(target_os = "linux") {
        say_skipped("there may be no C compiler");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in HEADERS {
        fs::write(folder.path().join(name), text).expect("a folder with room");
    }
    let page = esp_idf();
    let programs = blocks(&page, "c");
    assert_eq!(programs.len(), 5);
    for (number, (_, program)) in programs.iter().enumerate() {
        let file = format!("{number}.c");
        fs::write(folder.path().join(&file), format!("{program}\n")).expect("a folder with room");
        let compiler = Command::new("cc")
            .args([
                "-fsyntax-only",
                "-std=c11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-I.",
            ])
            .arg("-Wno-missing-field-initializers")
            .arg(&file)
            .current_dir(folder.path())
            .output()
            .expect("a C compiler");
        let said = String::from_utf8_lossy(&compiler.stderr);
        assert!(compiler.status.success(), "{program}\n{said}");
    }
}

/// All sources below these crates, with texts in one piece that are written in several lines.
fn sources() -> String {
    fn add(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                add(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                all.push_str(&fs::read_to_string(&path).expect("a source"));
            }
        }
    }
    let mut all = String::new();
    for entry in fs::read_dir(project().join("crates")).expect("a folder") {
        add(&entry.expect("a crate").path().join("src"), &mut all);
    }
    let pieces = all.split("\\\n").map(str::trim_start);
    pieces.collect()
}

/// What is quoted as a symptom is what is said.
#[test]
fn symptoms_are_messages() {
    let page = fs::read_to_string(project().join("docs/troubleshooting.md")).expect("a page");
    let sources = sources();
    let symptoms = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let mut count = 0;
    for (symptom, _) in symptoms {
        let mut parts = symptom.split('…').map(str::trim);
        assert!(
            parts.all(|part| sources.contains(part)),
            "nothing says `{symptom}`"
        );
        count += 1;
    }
    assert!(count > 5, "symptoms are quoted: {count}");
}
