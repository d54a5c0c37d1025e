//! Wrong usage: what clap says of it, without tips that mislead.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::screen::{self, Advised};

/// Says what was wrong; help and versions, which clap takes for errors, are printed.
pub(crate) fn complain(mut error: clap::Error) -> ExitCode {
    let text_of = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (word, value) = (
        text_of(ContextKind::InvalidSubcommand),
        text_of(ContextKind::InvalidValue),
    );
    match error.kind() {
        // `report` may be left out: a word that is near no command's name may as well be a file.
        ErrorKind::InvalidSubcommand
            if error.get(ContextKind::SuggestedSubcommand).is_none() && word.is_some() =>
        {
            let word = word.unwrap_or_default();
            screen::complain(
                &Advised {
                    message: format!("there is no file `{word}`, and no command of this name"),
                    hint: "`leakscope FILE` reports on a recording; `leakscope --help` lists the commands",
                }
                .into(),
            );
            return ExitCode::from(2);
        }
        // Nobody has a file that is called like an option.
        ErrorKind::UnknownArgument => {
            error.remove(ContextKind::Suggested);
        }
        _ => {}
    }
    let _ = error.print();
    if value.as_deref() == Some("parquet") {
        screen::hint(
            "this leakscope was built without `parquet`: cargo install --features parquet; csv and jsonl have the same tables",
        );
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
