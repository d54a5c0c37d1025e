//! Running the built command.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// One run of the command, yet to begin. Nothing of the tester's own terminal settings reaches it.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `leakscope` with these arguments.
pub(crate) fn leakscope<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leakscope"));
    command.args(arguments);
    for setting in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(setting);
    }
    Run {
        command,
        input: Vec::new(),
    }
}

impl Run {
    /// More arguments: paths.
    pub(crate) fn on(mut self, paths: &[impl AsRef<OsStr>]) -> Self {
        self.command.args(paths);
        self
    }

    /// What it reads from standard input.
    pub(crate) fn reading(mut self, input: &[u8]) -> Self {
        self.input = input.to_vec();
        self
    }

    /// The folder in which it runs.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With a variable in its environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without a variable that the tester may have.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Begun, with pipes for all streams.
    pub(crate) fn begin(mut self) -> Child {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the command was built");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = self.input;
        std::thread::spawn(move || {
            // A command that does not read its input is free to do so.
            let _ = stdin.write_all(&input);
        });
        child
    }

    /// Run to its end, however that is.
    pub(crate) fn end(self) -> Ran {
        let output = self.begin().wait_with_output().expect("an end");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code().expect("no signal ended it"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Run to a good end; standard output.
    #[track_caller]
    pub(crate) fn stdout(self) -> String {
        let ran = self.end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    }

    /// Run to a good end; standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.stdout()).expect("JSON and nothing else")
    }

    /// Run to a good end; standard output as JSON, a document a line.
    #[track_caller]
    pub(crate) fn json_lines(self) -> Vec<Value> {
        let stdout = self.stdout();
        let documents = stdout.lines().map(serde_json::from_str);
        documents.collect::<Result<_, _>>().expect("JSON in lines")
    }
}
