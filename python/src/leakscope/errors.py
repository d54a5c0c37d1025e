"""What can go wrong between Python and the command."""

from __future__ import annotations


class LeakscopeError(Exception):
    """Anything that this package raises on purpose."""


class CommandNotFound(LeakscopeError):
    """There is no program ``leakscope`` to run."""


class CommandFailed(LeakscopeError):
    """The command ended without an answer.

    ``code`` is its exit code (2: wrong usage or no readable input), ``message`` what it said, with its
    hints and without the word ``error``.
    """

    def __init__(self, code: int, said: str) -> None:
        """Reads what the command said on standard error."""
        self.code = code
        self.message = message(said) or f"leakscope ended with {code} and said nothing"
        super().__init__(self.message)


class UnknownDocument(LeakscopeError):
    """What was to be read is no JSON document of a version that this package knows."""


def message(said: str) -> str:
    """The error in the command's words; all of them if none is marked as one."""
    lines = [line.rstrip() for line in said.strip().splitlines()]
    first = next((at for at, line in enumerate(lines) if line.startswith("error: ")), None)
    if first is None:
        return "\n".join(lines)
    return "\n".join([lines[first][len("error: ") :], *lines[first + 1 :]])
