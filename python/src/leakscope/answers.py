"""The two questions that are answered as data: what a recording shows, and whether it is as it should be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Union

from leakscope import checks, reports
from leakscope.command import StrPath, run
from leakscope.document import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakscope.checks import Check
    from leakscope.reports import Report

Traces = Union[StrPath, "Iterable[StrPath]"]

# Passed, failed, inconclusive: of `check`, each is an answer.
_ANSWERS = (0, 1, 3)


def report(
    traces: Traces,
    *,
    elf: StrPath | None = None,
    options: Iterable[StrPath] = (),
    chosen: StrPath | None = None,
) -> Report:
    """What a recording shows: one file, or one file a core; a heap dump, or a saved report.

    :param elf: the ELF file that was running, for functions and lines
    :param options: more of the options of ``leakscope report``: ``["--cycle", "scan done"]``
    :param chosen: the command, if it is not this package's
    :raises CommandFailed: if there is nothing to read
    """
    arguments = ["report", "--format", "json", *_of(traces, elf), *options]
    said = run(arguments, chosen=chosen).stdout
    return read(said, reports.Report, reports.SCHEMA, reports.VERSION)


def check(
    traces: Traces,
    *,
    elf: StrPath | None = None,
    options: Iterable[StrPath] = (),
    chosen: StrPath | None = None,
    cwd: StrPath | None = None,
) -> Check:
    """Whether recordings are as they should be. That they are not is an answer, and no exception.

    :param elf: the ELF file that was running
    :param options: more of the options of ``leakscope check``: ``["--max-growth", "0B/cycle"]``
    :param chosen: the command, if it is not this package's
    :param cwd: the folder whose ``leakscope.toml`` counts
    :raises CommandFailed: if there is nothing to read, or the options are wrong
    """
    arguments = ["check", "--format", "json", *_of(traces, elf), *options]
    said = run(arguments, accept=_ANSWERS, chosen=chosen, cwd=cwd).stdout
    return read(said, checks.Check, checks.SCHEMA, checks.VERSION)


def _of(traces: Traces, elf: StrPath | None) -> list[StrPath]:
    inputs: list[StrPath] = [traces] if isinstance(traces, (str, os.PathLike)) else list(traces)
    return inputs if elf is None else [*inputs, "--elf", elf]
