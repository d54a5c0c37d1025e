"""What a test's device offers: pytest-embedded's ``dut`` is one, and so is anything with its attributes.

Nothing of pytest-embedded is imported: which of its services there are is seen by what the device has.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Device:
    """A device under test, as far as recording is concerned."""

    def __init__(self, dut: object) -> None:
        """Looks at pytest-embedded's ``dut``, or at anything like it."""
        self._dut = dut

    def source(self) -> Sequence[str] | None:
        """How ``leakscope record`` reaches it, or ``None`` if it offers no way.

        Its serial port is pytest-embedded's: the console cannot be recorded from there, only read as a log.
        """
        openocd = self._get("openocd")
        for owner, attribute, option in (
            (openocd, "tcl_port", "--openocd"),
            (openocd, "gdb_port", "--gdb"),
            (self._dut, "gdb_port", "--gdb"),
        ):
            port = getattr(owner, attribute, None)
            if port is not None:
                return (option, f"localhost:{port}")
        return None

    @property
    def elf(self) -> Path | None:
        """The ELF file that it runs."""
        return _path(getattr(self._get("app"), "elf_file", None))

    @property
    def log(self) -> Path | None:
        """The file with all that its console has said."""
        return _path(self._get("logfile"))

    @property
    def folder(self) -> Path | None:
        """The folder for what the test leaves behind."""
        return _path(self._get("logdir"))

    def _get(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._dut, name, None)


def devices(dut: object) -> list[Device]:
    """Each device of a test: with ``--count``, pytest-embedded's ``dut`` is several."""
    several = dut if isinstance(dut, (list, tuple)) else [dut]
    return [Device(one) for one in several if one is not None]


def _path(value: object) -> Path | None:
    return Path(str(value)) if value else None
