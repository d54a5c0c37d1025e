"""A device that is recorded while something else is done."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from leakscope.command import StrPath, executable
from leakscope.errors import CommandFailed, LeakscopeError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

IS_WINDOWS = os.name == "nt"
# The command says one of these once it is connected: from then on nothing of the device is missed.
READY = ("waiting ", "recording ")


class Recorder:
    """``leakscope record`` in the background: from :meth:`start`, or ``with``, to :meth:`stop`.

        with Recorder("heap.svdat", ["--openocd", "localhost:6666"], elf="build/app.elf"):
            exercise_the_device()

    :param output: the recording to make; one that exists is overwritten
    :param source: what ``leakscope record`` is told of where the trace comes from
    :param elf: the ELF file that is running; a debugger needs it
    :param options: more of the command's options: ``["--reset"]``
    :param patience: for so many seconds the device may take to be connected, and to end its trace
    """

    def __init__(  # noqa: PLR0913
        self,
        output: StrPath,
        source: Iterable[StrPath],
        *,
        elf: StrPath | None = None,
        options: Iterable[StrPath] = (),
        chosen: StrPath | None = None,
        patience: float = 60,
    ) -> None:
        """Nothing is run yet."""
        self.output = Path(output)
        of_elf: list[StrPath] = [] if elf is None else ["--elf", elf]
        words: list[StrPath] = ["record", *source, "-o", output, "--force", "--no-report", *of_elf]
        self._words = [os.fspath(word) for word in (*words, *options)]
        self._chosen = chosen
        self._patience = patience
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._said: list[str] = []
        self._is_ready = threading.Event()

    @property
    def said(self) -> str:
        """What the command has said so far, on standard error."""
        return "".join(self._said)

    def start(self) -> None:
        """Begins to record, and returns as soon as the device is connected.

        :raises CommandFailed: if the command ends instead
        :raises LeakscopeError: if neither happens in time
        """
        self._process = subprocess.Popen(
            [executable(self._chosen), *self._words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # Ctrl-C is for whoever records, who then stops the command.
            start_new_session=not IS_WINDOWS,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        if not self._is_ready.wait(self._patience):
            self._kill()
            said = self.said or "it said nothing"
            raise LeakscopeError(f"`leakscope record` was not ready after {self._patience:g} s: {said}")
        if self._process.poll() not in (None, 0):
            self._finish()

    def wait(self) -> None:
        """Waits until it ends by itself: the program has come to ``--stop``, or ``--duration`` is over.

        :raises CommandFailed: if nothing could be recorded, or not all of it
        """
        if self._process is not None:
            self._process.wait()
            self._finish()

    def stop(self) -> None:
        """Ends the device's trace, if it has not ended by itself, and waits for the recording to be whole.

        :raises CommandFailed: if nothing could be recorded, or not all of it
        """
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(
                getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM) if IS_WINDOWS else signal.SIGINT
            )
        self._finish()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None, "it was asked for"  # noqa: S101
        with process.stderr as said:
            for line in said:
                self._said.append(line)
                if line.startswith(READY):
                    self._is_ready.set()
        # A command that has ended will say no more.
        process.wait()
        self._is_ready.set()

    def _finish(self) -> None:
        process, self._process = self._process, None
        if process is None or self._listener is None:
            return
        try:
            code = process.wait(self._patience)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        self._listener.join(self._patience)
        if code != 0:
            raise CommandFailed(code, self.said)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Recorder:
        """As :meth:`start`."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """As :meth:`stop`; what went wrong in between is worth more than what went wrong with recording."""
        try:
            self.stop()
        except LeakscopeError:
            if error is None:
                raise
