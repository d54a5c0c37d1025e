"""Where the command is, and how it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Union

from leakscope.errors import CommandFailed, CommandNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

StrPath = Union[str, "os.PathLike[str]"]

NAME = "leakscope.exe" if os.name == "nt" else "leakscope"


def executable(chosen: StrPath | None = None) -> Path:
    """The program to run: the one that was chosen, else the one of this package, else any in ``PATH``.

    This package's comes before others, because the shapes of its answers are those of this version.

    :raises CommandNotFound: if there is none
    """
    if chosen is not None:
        found = shutil.which(os.fspath(chosen))
        if found is None:
            raise CommandNotFound(f"`{os.fspath(chosen)}` is no program that can be run")
        return Path(found)
    for folder in _script_folders():
        path = Path(folder, NAME)
        if path.is_file():
            return path
    found = shutil.which("leakscope")
    if found is None:
        raise CommandNotFound(
            "there is no command `leakscope`: install it with `pip install leakscope`, or say where it is"
        )
    return Path(found)


def _script_folders() -> Iterator[str]:
    """Where pip puts programs: of this environment, and of the user."""
    yield sysconfig.get_path("scripts")
    user = sysconfig.get_preferred_scheme("user") if sys.version_info >= (3, 10) else f"{os.name}_user"
    yield sysconfig.get_path("scripts", user)


def run(
    arguments: Iterable[StrPath],
    *,
    accept: Sequence[int] = (0,),
    chosen: StrPath | None = None,
    cwd: StrPath | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end, without input; what it printed is in ``stdout`` and ``stderr``.

    :param accept: the exit codes that are answers
    :param chosen: the program, if it is not this package's
    :raises CommandFailed: if it ends with another code
    :raises CommandNotFound: if there is no command
    """
    ended = subprocess.run(
        _words(chosen, arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        cwd=cwd,
    )
    if ended.returncode not in accept:
        raise CommandFailed(ended.returncode, ended.stderr)
    return ended


def _words(chosen: StrPath | None, arguments: Iterable[StrPath]) -> list[str]:
    return [os.fspath(word) for word in (executable(chosen), *arguments)]


def hand_over(arguments: Iterable[StrPath], *, chosen: StrPath | None = None) -> int:
    """Runs the command with the terminal that this program has, and waits for its end; its exit code.

    Ctrl-C goes to both. The command decides what it means (``record`` ends the recording and reports),
    so this program waits on.

    :raises CommandNotFound: if there is no command
    """
    process = subprocess.Popen(_words(chosen, arguments))
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
