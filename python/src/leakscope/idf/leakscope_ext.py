"""The module that ``idf.py`` loads: its name ends with ``_ext``, it has ``action_extensions``.

Everything is left to the command, which finds ELF file, chip and OpenOCD's arguments in the project. Here a
project's folder is handed on, and the words that were typed.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from leakscope.command import StrPath, hand_over
from leakscope.errors import LeakscopeError

# What a recording is called if nothing is said; `leakscope-report` and `leakscope-view` read it.
RECORDING = "heap.svdat"


def action_extensions(base_actions: dict[str, Any], project_path: str) -> dict[str, Any]:
    """The actions, in the form that ``idf.py`` asks for.

    It may load this module twice: by its entry point, and by IDF_EXTRA_ACTIONS_PATH. The second time there is
    nothing to add.
    """
    has_them = "leakscope-doctor" in base_actions.get("actions", {})
    actions = {} if has_them else _actions(project_path)
    return {"version": "1", "global_options": [], "actions": actions}


def _actions(project: str) -> dict[str, Any]:
    def doctor(_name: str, _context: object, arguments: object, *, write: bool, more: str) -> None:
        _run("doctor", *_of(arguments, project), *(["--write"] if write else []), *shlex.split(more))

    def record(_name: str, _context: object, arguments: object, *, output: str, more: str) -> None:
        _run("record", *_of(arguments, project), "-o", output, *shlex.split(more))

    def report(_name: str, _context: object, arguments: object, *, trace: str, more: str) -> None:
        _run("report", trace, *_of(arguments, project), *shlex.split(more))

    def view(_name: str, _context: object, arguments: object, *, trace: str, more: str) -> None:
        _run("view", trace, *_of(arguments, project), *shlex.split(more))

    return {
        "leakscope-doctor": {
            "callback": doctor,
            "help": "Say what this project's configuration lacks to record its heap.",
            "options": [
                {
                    "names": ["--write"],
                    "is_flag": True,
                    "default": False,
                    "help": "Add what is missing to sdkconfig.defaults, after showing it.",
                },
                _more("doctor"),
            ],
        },
        "leakscope-record": {
            "callback": record,
            "help": "Record the heap of the running device, and report on it.",
            "options": [
                _option("--output", RECORDING, "The recording to make."),
                _more("record", "--start-openocd --force"),
            ],
        },
        "leakscope-report": {
            "callback": report,
            "help": "Say which call stacks leak, how sure that is, and why.",
            "options": [_option("--trace", RECORDING, "The recording."), _more("report", "--all")],
        },
        "leakscope-view": {
            "callback": view,
            "help": "Look at a recording in the browser.",
            "options": [_option("--trace", RECORDING, "The recording."), _more("view", "--no-open")],
        },
    }


def _option(name: str, default: str, text: str) -> dict[str, Any]:
    return {"names": [name], "default": default, "help": f"{text} [default: {default}]", "type": str}


def _more(subcommand: str, example: str = "--format json") -> dict[str, Any]:
    """``idf.py`` takes several actions in a row, so that what belongs to one has to be one word."""
    text = f'More options of `leakscope {subcommand}`, in quotes: "{example}".'
    return {"names": ["--more"], "default": "", "help": text, "type": str}


def _of(arguments: object, project: str) -> tuple[str, str]:
    """The project for the command: its build folder if there is one, which ``idf.py -B`` may move."""
    build = getattr(arguments, "build_dir", None)
    return "--project", build if build and Path(build).is_dir() else project


def _run(*words: StrPath) -> None:
    """Runs the command; if it fails, so does ``idf.py``, with the same exit code.

    The command has said why: an exception of ``idf.py``'s would only say it again.
    """
    try:
        code = hand_over(words)
    except LeakscopeError as error:
        raise SystemExit(f"error: {error}") from error
    if code != 0:
        raise SystemExit(code)
