//! Where Espressif's OpenOCD is.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{entries, shown};
use crate::screen::Advised;

/// The first one of Espressif's: in PATH, else the newest in the folder of ESP-IDF's tools.
pub(crate) fn find() -> Result<PathBuf, Advised> {
    let tools = tools();
    let all = in_path()
        .into_iter()
        .chain(tools.iter().flat_map(|tools| in_tools(tools)));
    let mut others = Vec::new();
    for program in all {
        if is_espressifs(&program) {
            return Ok(program);
        }
        others.push(shown(&program));
    }
    let place = tools.map(|tools| format!(", nor in `{}`", tools.join(FOLDER).display()));
    let others =
        (!others.is_empty()).then(|| format!(" (`{}` is another one)", others.join("`, `")));
    let [place, others] = [place, others].map(Option::unwrap_or_default);
    let message = format!("Espressif's OpenOCD is not in PATH{place}{others}");
    let hint = "run `. export.sh` of ESP-IDF, or `pip install openocd-esp32`; or start OpenOCD yourself, and record \
                with --openocd localhost:6666";
    Err(Advised { message, hint })
}

/// The tool's folder below that of all tools, as `tools/tools.json` of ESP-IDF names it.
const FOLDER: &str = "tools/openocd-esp32";

/// As ESP-IDF and the package of Python's call it.
fn in_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let names = ["openocd", "openocd-esp32"];
    let all = names.iter().flat_map(|name| {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        folders.iter().map(move |folder| folder.join(&file))
    });
    all.filter(|program| program.is_file()).collect()
}

/// `IDF_TOOLS_PATH`, or what ESP-IDF takes without it.
fn tools() -> Option<PathBuf> {
    let home = || {
        let home = env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
        Some(Path::new(&home).join(".espressif"))
    };
    let named = env::var_os("IDF_TOOLS_PATH").filter(|path| !path.is_empty());
    named.map(PathBuf::from).or_else(home)
}

/// The newest first: their folders are called by version and date.
fn in_tools(tools: &Path) -> Vec<PathBuf> {
    let file = format!("openocd-esp32/bin/openocd{}", env::consts::EXE_SUFFIX);
    let versions = entries(&tools.join(FOLDER)).into_iter().rev();
    let programs = versions.map(|version| version.join(&file));
    programs.filter(|program| program.is_file()).collect()
}

/// Its version is called `v0.12.0-esp32-20240318`.
fn is_espressifs(program: &Path) -> bool {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).contains("-esp32-")
    })
}

/// The scripts that lie beside one in the folder of ESP-IDF's tools, where nobody has said where they are.
pub(crate) fn scripts(program: &Path) -> Option<OsString> {
    if env::var_os("OPENOCD_SCRIPTS").is_some() {
        return None;
    }
    let scripts = program.parent()?.parent()?.join("share/openocd/scripts");
    scripts.is_dir().then(|| scripts.into_os_string())
}
