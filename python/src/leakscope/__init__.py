"""What leaks in a firmware's heap, for Python: the command ``leakscope``, and its answers as data.

- :func:`report` says what a recording shows, as a :class:`~leakscope.reports.Report`.
- :func:`check` judges recordings, as a :class:`~leakscope.checks.Check`.
- :class:`Recorder` records a device while something else is done.
- :func:`run` runs any other subcommand.

Nothing is worked out here: the command that came with this package is run, and what it says is read.
A command that fails raises :class:`CommandFailed` with its own words.

    >>> import leakscope
    >>> report = leakscope.report("heap.svdat", elf="build/app.elf")
    >>> for site in report.leaks:
    ...     print(site.growth_bytes_per_second, site.frames[0].function)
"""

from leakscope.answers import check, report
from leakscope.command import executable, run
from leakscope.errors import CommandFailed, CommandNotFound, LeakscopeError, UnknownDocument
from leakscope.recorder import Recorder

__all__ = [
    "CommandFailed",
    "CommandNotFound",
    "LeakscopeError",
    "Recorder",
    "UnknownDocument",
    "check",
    "executable",
    "report",
    "run",
]
